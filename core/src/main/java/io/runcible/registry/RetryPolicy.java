package io.runcible.registry;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When a request is made again, and after which pause: exponential with jitter, or as long as the
 * registry asks for, if that is bearable.
 *
 * @param attempts how often a request is made at most, with the first
 * @param clock what {@code Retry-After} dates are compared with
 * @param sleeper what pauses
 * @param jitter yields numbers from 0 to 1
 */
record RetryPolicy(int attempts, Clock clock, Sleeper sleeper, DoubleSupplier jitter) {
  /** The longest pause that a registry may ask for. */
  static final Duration MAX_RETRY_AFTER = Duration.ofSeconds(60);

  private static final long FIRST_MILLIS = 200;
  private static final long MAX_MILLIS = 10_000;
  private static final int MAX_DIGITS = 9;

  /** Pauses a thread. */
  @FunctionalInterface
  interface Sleeper {
    void sleep(Duration duration) throws InterruptedException;
  }

  /** Whether a status says that a later try may succeed. */
  static boolean isTransient(int status) {
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
  }

  /** The pause after a failed attempt, counted from 1; empty when that was the last one. */
  Optional<Duration> pause(int attempt) {
    if (attempt >= attempts) {
      return Optional.empty();
    }
    long full = Math.min(MAX_MILLIS, FIRST_MILLIS << Math.min(attempt - 1, 16));
    long half = full / 2;
    return Optional.of(Duration.ofMillis(half + (long) (jitter.getAsDouble() * half)));
  }

  /**
   * The pause after a transient answer; empty also when the registry asks for more than {@link
   * #MAX_RETRY_AFTER}.
   */
  Optional<Duration> pause(int attempt, @Nullable String retryAfter) {
    Optional<Duration> own = pause(attempt);
    Optional<Duration> asked = retryAfter(retryAfter);
    if (own.isEmpty() || asked.isEmpty()) {
      return own;
    }
    return asked.filter(pause -> pause.compareTo(MAX_RETRY_AFTER) <= 0);
  }

  /** Reads {@code Retry-After} (RFC 9110, section 10.2.3); empty when it is absent or malformed. */
  Optional<Duration> retryAfter(@Nullable String header) {
    if (header == null) {
      return Optional.empty();
    }
    String text = header.trim();
    if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      boolean bounded = text.length() <= MAX_DIGITS;
      return Optional.of(Duration.ofSeconds(bounded ? Long.parseLong(text) : Integer.MAX_VALUE));
    }
    try {
      Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
      Duration left = Duration.between(clock.instant(), until);
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
