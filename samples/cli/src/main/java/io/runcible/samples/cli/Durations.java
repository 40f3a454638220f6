package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as other engines have them, such as 1h30m, 1.5s and 100ms. */
final class Durations {
  private static final Pattern PART = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(h|ms|m|s)");

  private Durations() {}

  static Duration parse(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher part = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (end < text.length() && part.find(end) && part.start() == end) {
      sum = sum.plusNanos(new BigDecimal(part.group(1)).multiply(nanos(part.group(2))).longValue());
      end = part.end();
    }
    if (text.isEmpty() || end < text.length()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + text + "' is no duration, such as 1h30m, 10s or 100ms");
    }
    return sum;
  }

  private static BigDecimal nanos(String unit) {
    return BigDecimal.valueOf(
        switch (unit) {
          case "h" -> 3_600_000_000_000L;
          case "m" -> 60_000_000_000L;
          case "s" -> 1_000_000_000L;
          default -> 1_000_000L;
        });
  }

  /** A time, or how long ago it was. */
  static Instant time(String text) {
    try {
      return text.contains("T")
          ? OffsetDateTime.parse(text).toInstant()
          : Instant.now().minus(parse(text));
    } catch (DateTimeParseException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + text + "' is no time, such as 2026-01-02T03:04:05Z or 10m",
          e);
    }
  }
}
