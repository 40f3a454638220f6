package io.runcible.image;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How an engine finds out whether what runs in a container works: a command that exits with 0. A
 * field of Docker's image configuration. Immutable.
 *
 * @param test {@code CMD} and a command, {@code CMD-SHELL} and a text for the shell, or {@code
 *     NONE}
 * @param interval between the end of a check and the next one
 * @param timeout after which a check that has not ended is a failed one
 * @param retries how many failures one after the other make a container unhealthy
 * @param startPeriod from the start on, in which failures do not count
 * @param startInterval the interval in that time, until the first success
 */
public record HealthCheck(
    List<String> test,
    Duration interval,
    Duration timeout,
    int retries,
    Duration startPeriod,
    Duration startInterval) {
  private static final Duration LEAST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(365);
  private static final int MAX_RETRIES = 1_000_000;

  /** No check, instead of the one that an image has. */
  public static final HealthCheck NONE = of(List.of("NONE"));

  /**
   * Copies and checks.
   *
   * @throws RuncibleException INVALID_INPUT for another form of test, durations below 1 ms (of the
   *     start period below 0) or above a year, and fewer than one try
   */
  public HealthCheck {
    test = List.copyOf(test);
    boolean form =
        !test.isEmpty()
            && switch (test.get(0)) {
              case "NONE" -> test.size() == 1;
              case "CMD" -> test.size() > 1 && !test.get(1).isEmpty();
              case "CMD-SHELL" -> test.size() == 2;
              default -> false;
            };
    if (!form || test.stream().anyMatch(word -> word.indexOf('\0') >= 0)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this is no health check: " + Shown.of(test.toString()));
    }
    for (Duration duration : List.of(interval, timeout, startInterval)) {
      require(duration, LEAST);
    }
    require(startPeriod, Duration.ZERO);
    if (retries < 1 || retries > MAX_RETRIES) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a health check with " + retries + " retries");
    }
  }

  private static void require(Duration duration, Duration least) {
    if (duration.compareTo(least) < 0 || duration.compareTo(LONGEST) > 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a health check cannot take or wait for " + duration);
    }
  }

  private static HealthCheck of(List<String> test) {
    return new HealthCheck(
        test,
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        3,
        Duration.ZERO,
        Duration.ofSeconds(5));
  }

  /**
   * Executes a command: every 30 s, for at most 30 s, and three failures are too many.
   *
   * @throws RuncibleException INVALID_INPUT if there is none
   */
  public static HealthCheck command(String... command) {
    List<String> test = new ArrayList<>(List.of("CMD"));
    test.addAll(List.of(command));
    return of(test);
  }

  /** Gives a text to the shell of the image, by default {@code /bin/sh -c}. */
  public static HealthCheck shell(String script) {
    return of(List.of("CMD-SHELL", script));
  }

  /** With another interval. */
  public HealthCheck every(Duration other) {
    return new HealthCheck(test, other, timeout, retries, startPeriod, startInterval);
  }

  /** With another timeout. */
  public HealthCheck within(Duration other) {
    return new HealthCheck(test, interval, other, retries, startPeriod, startInterval);
  }

  /** With another number of failures that make a container unhealthy. */
  public HealthCheck retries(int other) {
    return new HealthCheck(test, interval, timeout, other, startPeriod, startInterval);
  }

  /** With a time after the start in which failures do not count, and the interval in it. */
  public HealthCheck starting(Duration period, Duration othersInterval) {
    return new HealthCheck(test, interval, timeout, retries, period, othersInterval);
  }

  /** Whether there is no check. */
  public boolean isNone() {
    return test.get(0).equals("NONE");
  }

  /**
   * Reads what an image says. What it does not say, or says by 0, is as usual; what makes no sense
   * is as if it had no check, since containers of such images run elsewhere, too.
   */
  static Optional<HealthCheck> read(JsonObject object) {
    HealthCheck usual = NONE;
    try {
      return Optional.of(
          new HealthCheck(
              object.strings("Test"),
              duration(object, "Interval", usual.interval),
              duration(object, "Timeout", usual.timeout),
              (int) Math.min(number(object, "Retries", usual.retries), MAX_RETRIES),
              duration(object, "StartPeriod", usual.startPeriod),
              duration(object, "StartInterval", usual.startInterval)));
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  private static Duration duration(JsonObject object, String field, Duration usual) {
    return Duration.ofNanos(number(object, field, usual.toNanos()));
  }

  private static long number(JsonObject object, String field, long usual) {
    long value = object.has(field) ? object.requiredLong(field) : 0;
    return value == 0 ? usual : value;
  }
}
