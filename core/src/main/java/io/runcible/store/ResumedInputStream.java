package io.runcible.store;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongFunction;

/** What there is of a blob, and then the rest, which is opened when it is needed. */
final class ResumedInputStream extends InputStream {
  private final LongFunction<InputStream> rest;
  private final long size;
  private InputStream current;
  private long position;
  private boolean resumed;

  /**
   * Makes a stream.
   *
   * @param beginning closed with this
   * @param size of the whole
   * @param rest opens it from a position on
   */
  ResumedInputStream(InputStream beginning, long size, LongFunction<InputStream> rest) {
    this.current = beginning;
    this.size = size;
    this.rest = rest;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    // A disk takes no notice, and what there is may be large.
    if (!resumed && Thread.currentThread().isInterrupted()) {
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while reading what is there");
    }
    int count = current.read(buffer, offset, length);
    if (count < 0 && !resumed && position < size) {
      resumed = true;
      current.close();
      current = rest.apply(position);
      count = current.read(buffer, offset, length);
    }
    position += Math.max(0, count);
    return count;
  }

  @Override
  public void close() throws IOException {
    current.close();
  }
}
