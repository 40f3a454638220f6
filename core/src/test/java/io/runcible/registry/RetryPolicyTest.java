package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryPolicyTest {
  private static final Clock NOON =
      Clock.fixed(Instant.parse("2026-01-02T12:00:00Z"), ZoneOffset.UTC);

  private static RetryPolicy policy(int attempts, double jitter) {
    return new RetryPolicy(attempts, NOON, pause -> {}, () -> jitter);
  }

  @Test
  void pausesDoubleWithJitterUpToALimit() {
    assertThat(policy(99, 1).pause(1)).contains(Duration.ofMillis(200));
    assertThat(policy(99, 0).pause(1)).contains(Duration.ofMillis(100));
    assertThat(policy(99, 1).pause(2)).contains(Duration.ofMillis(400));
    assertThat(policy(99, 1).pause(5)).contains(Duration.ofMillis(3200));
    assertThat(policy(99, 1).pause(98)).contains(Duration.ofSeconds(10));
  }

  @Test
  void theLastAttemptHasNoPause() {
    assertThat(policy(3, 1).pause(2)).isPresent();
    assertThat(policy(3, 1).pause(3)).isEmpty();
    assertThat(policy(1, 1).pause(1)).isEmpty();
    assertThat(policy(1, 1).pause(1, "1")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504, 599})
  void aTransientStatusIsTriedAgain(int status) {
    assertThat(RetryPolicy.isTransient(status)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 400, 401, 403, 404, 416, 501, 505})
  void aFinalStatusIsNot(int status) {
    assertThat(RetryPolicy.isTransient(status)).isFalse();
  }

  @Test
  void theRegistryMayAskForALongerPauseInSecondsOrAsADate() {
    assertThat(policy(5, 1).pause(1, "7")).contains(Duration.ofSeconds(7));
    assertThat(policy(5, 1).pause(1, "Fri, 02 Jan 2026 12:00:30 GMT"))
        .contains(Duration.ofSeconds(30));
    assertThat(policy(5, 1).pause(1, "Fri, 02 Jan 2026 11:00:00 GMT")).contains(Duration.ZERO);
  }

  @Test
  void anUnbearablePauseIsNoPause() {
    assertThat(policy(5, 1).pause(1, "61")).isEmpty();
    assertThat(policy(5, 1).pause(1, "9".repeat(100))).isEmpty();
    assertThat(policy(5, 1).pause(1, "Sat, 03 Jan 2026 12:00:00 GMT")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "-1", "1.5", "١"})
  void whatIsNotAPauseIsNotHeeded(String header) {
    assertThat(policy(5, 1).pause(1, header)).contains(Duration.ofMillis(200));
  }
}
