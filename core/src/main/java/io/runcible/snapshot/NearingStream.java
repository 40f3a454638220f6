package io.runcible.snapshot;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Tells once, on the thread that reads, that a position is reached. */
final class NearingStream extends FilterInputStream {
  private final Runnable reached;
  private long left;

  /**
   * Tells at once if there is nothing before the position.
   *
   * @param position where nothing is left before it
   */
  NearingStream(InputStream source, long position, Runnable reached) {
    super(source);
    this.reached = reached;
    left = Math.max(position, 0);
    if (left == 0) {
      reached.run();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int count = in.read(buffer, offset, length);
    if (left > 0 && count > 0) {
      left = Math.max(left - count, 0);
      if (left == 0) {
        reached.run();
      }
    }
    return count;
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
