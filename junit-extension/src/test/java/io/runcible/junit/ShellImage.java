package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.LayerWriter;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerProcess;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An image with nothing but a static busybox, served on loopback. */
final class ShellImage implements AutoCloseable {
  static final Path BUSYBOX = Path.of("/bin/busybox");

  private final RegistryServer server;

  private ShellImage(RegistryServer server) {
    this.server = server;
  }

  static ShellImage serve(Path directory) throws IOException {
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    write(layout, directory, "1");
    return new ShellImage(RegistryServer.serve(layout).start());
  }

  /** Another version has another environment. */
  static void write(ImageLayout layout, Path directory, String version) throws IOException {
    LayerWriter layer = new LayerWriter().addFile("bin/busybox", 0755, BUSYBOX.toRealPath());
    for (String applet :
        new String[] {
          "sh", "cat", "echo", "sleep", "true", "id", "nc", "ls", "test", "grep", "touch", "httpd"
        }) {
      layer.addSymlink("bin/" + applet, "busybox");
    }
    layer.addDirectory("tmp", 01777);
    ImageAssembly.builder(Platform.host())
        .layer(
            layer.writeTo(
                Files.createDirectories(directory).resolve("layer-" + version + ".tar.gz")))
        .config(
            config ->
                config
                    .command("/bin/sh", "-c", "echo up; sleep 600")
                    .environment(List.of("VERSION=" + version)))
        .build()
        .writeTo(layout, ImageReference.parse("shell:latest"));
  }

  String reference() {
    return server.host() + "/library/shell:latest";
  }

  @Override
  public void close() {
    server.close();
  }

  /** What a script in the container writes; it has to succeed. */
  static String run(Container container, String script) {
    try (ContainerProcess process = container.exec("sh", "-c", script)) {
      assertThat(process.waitFor().code()).as(script).isZero();
      return new String(process.stdout().readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
