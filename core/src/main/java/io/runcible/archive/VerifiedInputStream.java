package io.runcible.archive;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Passes on content while it checks size and digest. The last bytes are handed out only after the
 * whole has proved right, so a reader that reached the end has read what the digest names; a reader
 * that stops earlier knows nothing. At most one byte beyond the size is taken from the source, to
 * see that it ends there.
 *
 * <p>What is wrong comes as a {@link RuncibleException} of kind CORRUPT_DATA, which no reader of
 * formats takes for a fault of the format, and again at each later read. Not thread-safe. Closing
 * closes the source and checks nothing.
 */
public final class VerifiedInputStream extends InputStream {
  /** From here on it pays to load a native library: layers are larger, most documents are not. */
  private static final int LARGE = 64 * 1024;

  private final InputStream source;
  private final Digest expected;
  private final long size;
  private final Digest.Hasher hasher;
  private long position;
  private boolean verified;
  private boolean closed;
  private @Nullable RuncibleException failure;

  /**
   * Wraps a source.
   *
   * @param source the content; owned from now on
   * @param expected the digest it must have
   * @param size the exact size in bytes
   * @throws RuncibleException INVALID_INPUT for a negative size
   */
  public VerifiedInputStream(InputStream source, Digest expected, long size) {
    if (size < 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the size of " + expected + " is negative: " + size);
    }
    this.source = Objects.requireNonNull(source, "source");
    this.expected = Objects.requireNonNull(expected, "expected");
    this.size = size;
    this.hasher = size < LARGE ? expected.hasher() : Hashers.of(expected);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    if (closed) {
      throw new IOException("the stream of " + expected + " is closed");
    }
    if (failure != null) {
      throw failure;
    }
    if (length == 0) {
      return 0;
    }
    if (position == size) {
      finish();
      return -1;
    }
    int count = source.read(buffer, offset, (int) Math.min(length, size - position));
    if (count < 0) {
      throw fail("ends after " + position + " of " + size + " bytes");
    }
    hasher.update(buffer, offset, count);
    position += count;
    if (position == size) {
      finish();
    }
    return count;
  }

  private void finish() throws IOException {
    if (verified) {
      return;
    }
    if (source.read() >= 0) {
      throw fail("is longer than its " + size + " bytes");
    }
    Digest actual = hasher.finish();
    if (!actual.equals(expected)) {
      throw fail("is not what its digest says: these " + size + " bytes have " + actual);
    }
    verified = true;
  }

  private RuncibleException fail(String reason) {
    failure = new RuncibleException(ErrorKind.CORRUPT_DATA, "content " + expected + " " + reason);
    return failure;
  }

  @Override
  public int available() throws IOException {
    return closed || failure != null
        ? 0
        : (int) Math.max(0, Math.min(source.available(), size - position));
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      source.close();
    }
  }
}
