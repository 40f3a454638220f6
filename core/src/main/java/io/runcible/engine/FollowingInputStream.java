package io.runcible.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** Reads a file that a process appends to; ends when the process has ended and all is read. */
final class FollowingInputStream extends InputStream {
  private static final long PAUSE_MILLIS = 10;

  private final InputStream file;
  private final BooleanSupplier writerEnded;

  FollowingInputStream(Path path, long start, BooleanSupplier writerEnded) throws IOException {
    this.file = Files.newInputStream(path);
    this.writerEnded = writerEnded;
    try {
      file.skipNBytes(start);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (true) {
      // Asked before the read: what was written before the end is in the file by then.
      boolean ended = writerEnded.getAsBoolean();
      int count = file.read(target, offset, length);
      if (count > 0 || ended) {
        return count > 0 ? count : -1;
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for output");
      }
    }
  }

  @Override
  public int available() throws IOException {
    return file.available();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
