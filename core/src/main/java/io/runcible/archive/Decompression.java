package io.runcible.archive;

import io.airlift.compress.zstd.ZstdInputStream;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ZstdDecompressor;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses layers. The codec is told by the content, not by a media type: the two disagree in
 * real images, and the digest holds the content.
 *
 * <p>gzip goes through ISA-L and zstd through libzstd where the host has them. Otherwise gzip goes
 * through the Java runtime, and in a process that has had much of it through an inflater in Java,
 * and zstd through aircompressor; the bytes are the same, only the speed differs (and aircompressor
 * takes no zstd window over 8 MiB).
 */
public final class Decompression {
  private Decompression() {}

  /**
   * Opens content for reading what it decompresses to, with {@link ArchiveLimits#DEFAULT}.
   *
   * @see #open(InputStream, ArchiveLimits)
   */
  public static InputStream open(InputStream content) throws IOException {
    return open(content, ArchiveLimits.DEFAULT);
  }

  /**
   * Opens content for reading what it decompresses to; content that is not compressed comes as it
   * is. Reads the first bytes, so this may block.
   *
   * <p>Reading throws {@link RuncibleException} CORRUPT_DATA for content that is damaged or
   * truncated, INVALID_INPUT when it is over the limit for the ratio, and passes on the {@link
   * IOException}s of the content. What was read before the end was reached proves nothing.
   *
   * @param content owned from now on: it is closed with the stream, or when this fails
   * @param limits of which the ratio is held here
   */
  public static InputStream open(InputStream content, ArchiveLimits limits) throws IOException {
    return open(content, new ArchiveBudget(limits));
  }

  /**
   * The same for one of several contents, whose ratio counts together.
   *
   * @see #open(InputStream, ArchiveLimits)
   */
  public static InputStream open(InputStream content, ArchiveBudget budget) throws IOException {
    return open(content, budget, RawInflater::fastest, ZstdDecompressor.isAvailable());
  }

  static InputStream open(
      InputStream content, ArchiveBudget budget, Supplier<RawInflater> inflater, boolean nativeZstd)
      throws IOException {
    Objects.requireNonNull(budget, "budget");
    try {
      Source source = new Source(content);
      return switch (Compression.detect(source.head)) {
        case NONE -> source;
        case GZIP -> new Output(new GzipStream(source, inflater.get()), source, budget);
        case ZSTD -> new Output(zstd(source, nativeZstd), source, budget);
      };
    } catch (IOException | RuntimeException e) {
      try {
        content.close();
      } catch (IOException | RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static InputStream zstd(Source source, boolean nativeZstd) {
    return nativeZstd ? new ZstdStream(source, ZstdDecompressor.open()) : new PureZstd(source);
  }

  static RuncibleException corrupt(Compression codec, String reason, @Nullable Throwable cause) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        "the " + (codec == Compression.GZIP ? "gzip" : "zstd") + " stream is corrupt: " + reason,
        cause);
  }

  /** The content, with the bytes in front that were looked at, and a count. */
  private static final class Source extends InputStream {
    private final InputStream content;
    private final byte[] head;
    private int headUsed;
    private long count;
    private @Nullable IOException failure;

    Source(InputStream content) throws IOException {
      this.content = content;
      this.head = content.readNBytes(Compression.MAGIC_LENGTH);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int done;
      if (headUsed < head.length) {
        done = Math.min(length, head.length - headUsed);
        System.arraycopy(head, headUsed, bytes, offset, done);
        headUsed += done;
      } else {
        try {
          done = content.read(bytes, offset, length);
        } catch (IOException e) {
          failure = e;
          throw e;
        }
      }
      count += Math.max(done, 0);
      return done;
    }

    @Override
    public void close() throws IOException {
      content.close();
    }
  }

  /** Stops a bomb. */
  private static final class Output extends InputStream {
    private final InputStream codec;
    private final Source source;
    private final ArchiveBudget budget;
    private long seen;

    Output(InputStream codec, Source source, ArchiveBudget budget) {
      this.codec = codec;
      this.source = source;
      this.budget = budget;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int done = codec.read(bytes, offset, length);
      long count = source.count;
      budget.decompressed(Math.max(done, 0), count - seen);
      seen = count;
      return done;
    }

    @Override
    public void close() throws IOException {
      codec.close();
    }
  }

  /** aircompressor, which reports damage in ways of its own. */
  private static final class PureZstd extends InputStream {
    private final Source source;
    private final ZstdInputStream codec;

    PureZstd(Source source) {
      this.source = source;
      this.codec = new ZstdInputStream(new ZstdFrames(source));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      try {
        return codec.read(bytes, offset, length);
      } catch (RuncibleException e) {
        throw e;
      } catch (IOException | RuntimeException e) {
        if (e instanceof IOException io && source.failure != null) {
          throw io;
        }
        throw corrupt(Compression.ZSTD, String.valueOf(e.getMessage()), e);
      }
    }

    @Override
    public void close() throws IOException {
      codec.close();
    }
  }
}
