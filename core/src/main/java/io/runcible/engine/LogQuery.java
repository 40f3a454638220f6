package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Instant;

/**
 * What of a log is asked for.
 *
 * @param since the time of the first entry, at the earliest
 * @param until before which time the last one was written
 * @param tail at most so many lines at the end of what there is already
 * @param follow whether to wait for more, until the container ends or {@code until} has come
 */
public record LogQuery(Instant since, Instant until, long tail, boolean follow) {
  /** Everything that there is. */
  public static final LogQuery ALL = new LogQuery(Instant.MIN, Instant.MAX, Long.MAX_VALUE, false);

  /**
   * Checks the number.
   *
   * @throws RuncibleException INVALID_INPUT for less than 0 lines
   */
  public LogQuery {
    if (tail < 0) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, tail + " lines of a log");
    }
  }

  /** The same from a time on. */
  public LogQuery since(Instant time) {
    return new LogQuery(time, until, tail, follow);
  }

  /** The same up to a time. */
  public LogQuery until(Instant time) {
    return new LogQuery(since, time, tail, follow);
  }

  /** The same of the last lines. */
  public LogQuery tail(long lines) {
    return new LogQuery(since, until, lines, follow);
  }

  /** The same, and what comes. */
  public LogQuery following() {
    return new LogQuery(since, until, tail, true);
  }

  boolean accepts(Instant time) {
    return !time.isBefore(since) && time.isBefore(until);
  }
}
