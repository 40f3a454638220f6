package io.runcible.engine;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Looks more and more seldom, for a look that costs the host a process: at once, and then after
 * pauses of an eighth of the time that has passed.
 */
final class SeldomCheck implements Ready.Check {
  private static final Duration LONGEST = Duration.ofMillis(200);
  private static final int PART = 8;

  private final Ready.Check check;
  private final LongSupplier clock;
  private final long begin;
  private long next;

  /**
   * A check.
   *
   * @param clock nanoseconds
   */
  SeldomCheck(Ready.Check check, LongSupplier clock) {
    this.check = check;
    this.clock = clock;
    begin = clock.getAsLong();
    next = begin;
  }

  @Override
  public boolean holds(Duration left) {
    if (clock.getAsLong() - next < 0) {
      return false;
    }
    boolean held = check.holds(left);
    long now = clock.getAsLong();
    next = now + Math.min((now - begin) / PART, LONGEST.toNanos());
    return held;
  }
}
