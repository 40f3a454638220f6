package io.runcible.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The bytes of one output that are in a log in the format of Kubernetes. */
final class CriOutput extends InputStream {
  private static final long PAUSE_MILLIS = 10;

  private final CriLogReader reader;
  private final boolean error;
  private final BooleanSupplier writerEnded;
  private final Runnable letGo;
  private byte[] bytes = new byte[0];
  private int at;

  /** Reads from a place to another one. */
  CriOutput(CriLog log, CriLog.Position start, CriLog.Position end, boolean error) {
    this.reader = new CriLogReader(log, start, end);
    this.error = error;
    this.writerEnded = () -> true;
    this.letGo = () -> {};
  }

  /**
   * Reads from a place on.
   *
   * @param writerEnded whether no more will come, so that the end is the end
   */
  CriOutput(CriLog log, CriLog.Position start, boolean error, BooleanSupplier writerEnded) {
    this.reader = new CriLogReader(log, start, null);
    this.error = error;
    this.writerEnded = writerEnded;
    this.letGo = AutoRemoval.whileRead(log.directory());
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
    while (at == bytes.length) {
      // Asked before the read: what was written before the end is in the log by then.
      boolean ended = writerEnded.getAsBoolean();
      if (!fill()) {
        if (ended) {
          letGo.run();
          return -1;
        }
        pause();
      }
    }
    int count = Math.min(length, bytes.length - at);
    System.arraycopy(bytes, at, target, offset, count);
    at += count;
    return count;
  }

  /** False if there is nothing now. */
  private boolean fill() throws IOException {
    CriLogReader.@Nullable Entry entry = reader.next();
    while (entry != null && entry.error() != error) {
      entry = reader.next();
    }
    if (entry == null) {
      return false;
    }
    int line = entry.complete() ? 1 : 0;
    bytes = new byte[entry.text().length + line];
    System.arraycopy(entry.text(), 0, bytes, 0, entry.text().length);
    if (line == 1) {
      bytes[bytes.length - 1] = '\n';
    }
    at = 0;
    return true;
  }

  static void pause() throws InterruptedIOException {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for output");
    }
  }

  @Override
  public int available() throws IOException {
    return at < bytes.length || fill() ? bytes.length - at : 0;
  }

  /** Where what has not been read begins; only when all that was taken was read. */
  CriLog.Position position() {
    return reader.position();
  }

  @Override
  public void close() throws IOException {
    letGo.run();
    reader.close();
  }
}
