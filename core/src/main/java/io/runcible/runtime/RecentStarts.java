package io.runcible.runtime;

import java.time.Duration;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Whether so many runtimes have just been started that each processor has one to work on.
 * Thread-safe.
 */
final class RecentStarts {
  /** Shorter than a start of runc and the end of a short program take, one after the other. */
  private static final Duration AT_WORK = Duration.ofMillis(50);

  private final LongSupplier nanos;

  /** When the last ones were started, as many as leave one processor for the next. */
  private final long[] times;

  private int oldest;

  RecentStarts(int processors, LongSupplier nanos) {
    this.nanos = nanos;
    times = new long[Math.max(1, processors - 1)];
    Arrays.fill(times, nanos.getAsLong() - AT_WORK.toNanos());
  }

  /** One more is started. Whether it finds no processor that has nothing to do. */
  synchronized boolean add() {
    long now = nanos.getAsLong();
    boolean many = now - times[oldest] < AT_WORK.toNanos();
    times[oldest] = now;
    oldest = (oldest + 1) % times.length;
    return many;
  }
}
