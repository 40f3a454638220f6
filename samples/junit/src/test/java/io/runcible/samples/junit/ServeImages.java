package io.runcible.samples.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.ContainerEngine;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Only here, so that the sample runs on a host without a way out: it serves images that are made of
 * the host's own packages. In a project of your own, {@code ${registry}} in the tests is the name
 * of a registry, or the build says it: {@code -Dregistry=registry.example}.
 */
public final class ServeImages implements LauncherSessionListener {
  private RegistryServer registry;

  @Override
  public void launcherSessionOpened(LauncherSession session) {
    try {
      Process build =
          new ProcessBuilder("../../core/src/test/images/build")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      build.getOutputStream().close();
      String output = new String(build.getInputStream().readAllBytes(), UTF_8).strip();
      Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
      registry = RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.setProperty("registry", registry.host());
  }

  /** The port is another one each time, and so are the names of the images. */
  @Override
  public void launcherSessionClosed(LauncherSession session) {
    registry.close();
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().list().stream()
          .map(Object::toString)
          .filter(name -> name.startsWith(registry.host()))
          .forEach(engine.images()::remove);
    }
  }
}
