package io.runcible.engine;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long something takes at least, as far as was seen lately: who waits for it need not look
 * before. What is faster counts at once, what is slower little by little. Thread-safe.
 */
final class UsualTime {
  private static final int STEPS = 64;

  /** Looks are cheap where all is slow. */
  private static final Duration LONGEST = Duration.ofMillis(10);

  private final AtomicLong least = new AtomicLong();

  /** How long it is not worth a look. */
  Duration patience() {
    return Duration.ofNanos(Math.min(least.get() / 2, LONGEST.toNanos()));
  }

  /** It has taken so long. */
  void took(long nanos) {
    least.updateAndGet(before -> Math.min(nanos, before + Math.max(before, nanos) / STEPS));
  }
}
