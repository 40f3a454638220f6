package io.runcible.samples.recipes;

import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes an image of one static program, without a base image and without root. */
final class MakeImage {
  private MakeImage() {}

  static void write(ImageSink sink, String reference, Path busybox) throws IOException {
    Path directory = Files.createTempDirectory("make-image");
    Path file = directory.resolve("layer.tar.gz");
    try {
      WrittenLayer layer =
          new LayerWriter()
              .addFile("/bin/busybox", 0755, busybox)
              .addSymlink("/bin/sh", "busybox")
              .addSymlink("/bin/cat", "busybox")
              .addSymlink("/bin/sleep", "busybox")
              .addDirectory("/tmp", 01777)
              .writeTo(file);
      ImageAssembly.builder(Platform.host())
          .layer(layer)
          .config(config -> config.command("/bin/sh", "-c", "echo ready; sleep 600"))
          .build()
          .writeTo(sink, ImageReference.parse(reference));
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }
}
