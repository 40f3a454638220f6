package io.runcible.samples.jakarta;

import io.runcible.archive.LayerWriter;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.Startup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the programs see: the host's own busybox, as an image that no registry has to serve. An
 * application with another image names that where the sandbox is injected, and needs no such class.
 */
@ApplicationScoped
public class BusyboxImage {
  static final String NAME = "localhost/code-runner/busybox:latest";

  private static final Path BUSYBOX = Path.of("/bin/busybox");

  private static final List<String> APPLETS =
      List.of(
          "awk", "cat", "cut", "date", "dd", "echo", "env", "expr", "factor", "false", "find",
          "grep", "head", "id", "ls", "mkdir", "od", "printf", "ps", "rm", "sed", "seq", "sh",
          "sleep", "sort", "tail", "test", "tr", "true", "uname", "uniq", "wc", "yes");

  /** Puts it into the store when the application starts; what is there already is not copied. */
  void prepare(@Observes Startup startup, ContainerEngine engine) throws IOException {
    Path directory = Files.createTempDirectory("busybox");
    Path layer = directory.resolve("layer.tar");
    try (ImageSink store = engine.images().sink()) {
      LayerWriter files = new LayerWriter().uncompressed();
      files.addFile("bin/busybox", 0755, BUSYBOX);
      APPLETS.forEach(name -> files.addSymlink("bin/" + name, "busybox"));
      ImageAssembly.builder(Platform.host())
          .layer(files.writeTo(layer))
          .build()
          .writeTo(store, ImageReference.parse(NAME));
    } finally {
      Files.deleteIfExists(layer);
      Files.delete(directory);
    }
  }
}
