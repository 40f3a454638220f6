package io.runcible.engine;

import java.time.Instant;
import java.util.List;

/**
 * What the health checks of a container said.
 *
 * @param status what follows from them
 * @param failures how many failed one after the other, up to now
 * @param results the last five, the oldest first
 */
public record Health(Status status, int failures, List<Result> results) {
  /** That of a container without checks. */
  static final Health NONE = new Health(Status.NONE, 0, List.of());

  /** What follows from the checks. */
  public enum Status {
    /** There are no checks, or it does not run. */
    NONE,
    /** No check has succeeded yet, and not too many failed. */
    STARTING,
    /** The last check succeeded, or not too many failed since. */
    HEALTHY,
    /** Too many checks failed one after the other. */
    UNHEALTHY
  }

  /**
   * One check.
   *
   * @param begin when it began
   * @param end when it ended
   * @param code the exit code; -1 if it took too long or could not be made
   * @param output the first 4,096 bytes that it wrote, as UTF-8, or why it could not be made
   */
  public record Result(Instant begin, Instant end, int code, String output) {}

  /** Copies the list. */
  public Health {
    results = List.copyOf(results);
  }
}
