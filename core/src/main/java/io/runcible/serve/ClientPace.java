package io.runcible.serve;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * How long one client may keep the server waiting. A time-out of the socket does not do: it begins
 * anew with each byte, and there is none for writing. So whoever waits says until when, and {@link
 * #isOverdue} tells another thread to close the connection. Reading and writing is one thread's.
 */
final class ClientPace {
  private static final long SECOND = 1_000_000_000;
  private static final long NEVER = Long.MAX_VALUE;

  private final long writeNanos;
  private long most;
  private long budget;
  private long perByte;

  /** The time of {@link System#nanoTime}, or {@link #NEVER} when nobody waits for the client. */
  private volatile long deadline = NEVER;

  /**
   * Makes a pace.
   *
   * @param writeSeconds how long the client may take to accept what is written at once
   */
  ClientPace(int writeSeconds) {
    this.writeNanos = writeSeconds * SECOND;
  }

  /**
   * Lets the client take this long for what it sends next.
   *
   * @param bytesPerSecond for as many bytes, it gets a second back; 0 for never
   */
  void allow(int seconds, int bytesPerSecond) {
    most = seconds * SECOND;
    budget = most;
    perByte = bytesPerSecond == 0 ? 0 : SECOND / bytesPerSecond;
  }

  /** Whether the client has kept the server waiting for too long. */
  boolean isOverdue(long now) {
    long until = deadline;
    return until != NEVER && now - until > 0;
  }

  /** Something that waits for the client. */
  @FunctionalInterface
  interface Waiting {
    int run() throws IOException;
  }

  /**
   * Waits as long as was allowed.
   *
   * @param waiting returns how many bytes came
   */
  int await(Waiting waiting) throws IOException {
    long start = System.nanoTime();
    deadline = start + Math.max(budget, 0);
    try {
      int count = waiting.run();
      long earned = Math.max(count, 0) * perByte;
      budget = Math.min(most, budget - (System.nanoTime() - start) + earned);
      return count;
    } finally {
      deadline = NEVER;
    }
  }

  /** Counts the time that reading takes. */
  InputStream in(InputStream source) {
    return new FilterInputStream(source) {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        return await(() -> in.read(buffer, offset, length));
      }
    };
  }

  /** Counts the time that each write takes. */
  OutputStream out(OutputStream target) {
    return new FilterOutputStream(target) {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] buffer, int offset, int length) throws IOException {
        deadline = System.nanoTime() + writeNanos;
        try {
          out.write(buffer, offset, length);
        } finally {
          deadline = NEVER;
        }
      }
    };
  }
}
