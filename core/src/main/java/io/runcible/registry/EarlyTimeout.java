package io.runcible.registry;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okio.AsyncTimeout;

/**
 * A timeout that is always about to expire before those of the connections, and ends nothing. Each
 * of their reads and writes sets one, which wakes the thread that watches over them when it is the
 * first to expire; for content that comes in pieces of 8 KiB that costs more than its hash. While
 * blobs are moved, this is the first instead. Thread-safe.
 */
final class EarlyTimeout extends AsyncTimeout {
  private int users;

  /**
   * Sets nothing yet.
   *
   * @param others the shortest timeout of the connections
   */
  EarlyTimeout(Duration others) {
    timeout(Math.max(1, others.toMillis() / 2), TimeUnit.MILLISECONDS);
  }

  /** A blob begins to move; to be followed by {@link #end}. */
  synchronized void begin() {
    users++;
    if (users == 1) {
      ContextLoader.library().run(this::enter);
    }
  }

  /** A blob moves no more. */
  synchronized void end() {
    users--;
    if (users == 0) {
      exit();
    }
  }

  @Override
  protected synchronized void timedOut() {
    exit();
    if (users > 0) {
      enter();
    }
  }
}
