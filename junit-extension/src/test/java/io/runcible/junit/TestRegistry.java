package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A registry with the images that core's tests make of the host's packages. */
public final class TestRegistry {
  private TestRegistry() {}

  /** Serves them on loopback, each by its tag in whatever repository. */
  public static RegistryServer serve() {
    try {
      Process build = new ProcessBuilder("../core/src/test/images/build").start();
      build.getOutputStream().close();
      String output = new String(build.getInputStream().readAllBytes(), UTF_8).strip();
      Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
      return RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
