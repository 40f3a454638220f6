package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as other engines have them, such as 1h30m, 1.5s and 100ms. */
final class Durations {
  private static final Pattern PART = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(h|ms|m|s)");

  /** As `date +%s.%N` prints it; fewer digits are no time that somebody means. */
  private static final Pattern SECONDS = Pattern.compile("[0-9]{9,10}(\\.[0-9]{1,9})?");

  private static final Pattern ZONE = Pattern.compile("(Z|[+-][0-9]{2}:[0-9]{2})$");

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
    return absolute(text).orElseGet(() -> Instant.now().minus(parse(text)));
  }

  /** A time, or how long it is until then. */
  static Instant end(String text) {
    return absolute(text).orElseGet(() -> Instant.now().plus(parse(text)));
  }

  /** With a date, here where it does not say so; or as seconds since 1970. */
  private static Optional<Instant> absolute(String text) {
    try {
      if (SECONDS.matcher(text).matches()) {
        BigDecimal nanos = new BigDecimal(text).movePointRight(9);
        return Optional.of(Instant.EPOCH.plusNanos(nanos.longValueExact()));
      }
      if (!text.matches("\\d{4}-.*")) {
        return Optional.empty();
      }
      if (!text.contains("T")) {
        return Optional.of(LocalDate.parse(text).atStartOfDay(ZoneId.systemDefault()).toInstant());
      }
      return Optional.of(
          ZONE.matcher(text).find()
              ? OffsetDateTime.parse(text).toInstant()
              : LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant());
    } catch (DateTimeException | ArithmeticException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + text + "' is no time, such as 2026-01-02T03:04:05Z, 2026-01-02 or 10m",
          e);
    }
  }
}
