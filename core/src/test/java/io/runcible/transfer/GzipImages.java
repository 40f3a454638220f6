package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Small images whose layers are what they say, so that skopeo does not compress them again. */
final class GzipImages {
  static final Platform OTHER = Platform.parse("linux/arm64");

  private GzipImages() {}

  /** Writes an image of one layer. */
  static Descriptor put(ImageSink sink, ImageReference reference, Platform platform, String text) {
    try {
      Path directory = Files.createTempDirectory("gzip-images");
      WrittenLayer layer =
          new LayerWriter()
              .addFile("/text", 0644, text.repeat(1000).getBytes(UTF_8))
              .writeTo(directory.resolve("layer"));
      Descriptor written =
          ImageAssembly.builder(platform)
              .layer(layer)
              .config(config -> config.command(text))
              .build()
              .writeTo(sink, reference);
      Files.delete(layer.file());
      Files.delete(directory);
      return written;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes an index of two platforms. */
  static Descriptor putIndex(ImageSink sink, ImageReference reference, String text) {
    ImageReference aside = reference.withTag("aside");
    Descriptor first = put(sink, aside, Samples.PLATFORM, text);
    Descriptor second = put(sink, aside, OTHER, text + " for another");
    ImageIndex index =
        ImageIndex.of(
            List.of(first.withPlatform(Samples.PLATFORM), second.withPlatform(OTHER)), Map.of());
    sink.putManifest(reference, index.descriptor(), index.raw());
    return index.descriptor();
  }
}
