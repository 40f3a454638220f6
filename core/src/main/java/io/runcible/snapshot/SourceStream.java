package io.runcible.snapshot;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Tells that the source has failed, and nobody who works on what it gives. */
final class SourceStream extends FilterInputStream {
  private final Runnable failed;

  SourceStream(InputStream source, Runnable failed) {
    super(source);
    this.failed = failed;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    try {
      return in.read(buffer, offset, length);
    } catch (IOException | RuntimeException e) {
      failed.run();
      throw e;
    }
  }
}
