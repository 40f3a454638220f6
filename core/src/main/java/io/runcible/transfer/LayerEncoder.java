package io.runcible.transfer;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** Compresses layers. */
final class LayerEncoder {
  private static final int BUFFER = 64 * 1024;

  private LayerEncoder() {}

  static int defaultLevel(Compression compression) {
    return switch (compression) {
      case NONE -> 0;
      case GZIP -> 6;
      case ZSTD -> 3;
    };
  }

  static void checkLevel(Compression compression, int level) {
    int max = compression == Compression.GZIP ? 9 : 22;
    if (compression != Compression.NONE && (level < 1 || level > max)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, compression + " has the levels 1 to " + max + ", not " + level);
    }
    if (compression == Compression.ZSTD && level != defaultLevel(compression)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "zstd has no level but 3 here, not " + level);
    }
  }

  /** Closing it ends the compressed content, and closes the target. */
  static OutputStream open(OutputStream target, Compression compression, int level)
      throws IOException {
    return switch (compression) {
      case NONE -> target;
      case GZIP -> new Gzip(target, level);
      case ZSTD -> new ZstdOutputStream(target);
    };
  }

  private static final class Gzip extends GZIPOutputStream {
    Gzip(OutputStream target, int level) throws IOException {
      super(target, BUFFER);
      def.setLevel(level);
    }
  }
}
