package io.runcible.registry;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * What is sent as {@code Authorization}, and until when.
 *
 * @param header the value of the header, which is secret
 * @param renewAt when it should no longer be used
 */
record AccessToken(String header, Instant renewAt) {
  private static final Duration MAX_LIFE = Duration.ofDays(1);
  private static final Duration MAX_MARGIN = Duration.ofSeconds(30);

  /** A token of some life; it is renewed when a tenth of that, at most 30 seconds, is left. */
  static AccessToken of(String header, Duration life, Clock clock) {
    Duration bounded = life.compareTo(MAX_LIFE) > 0 ? MAX_LIFE : life;
    Duration tenth = bounded.dividedBy(10);
    Duration margin = tenth.compareTo(MAX_MARGIN) > 0 ? MAX_MARGIN : tenth;
    return new AccessToken(header, clock.instant().plus(bounded).minus(margin));
  }

  boolean isUsable(Clock clock) {
    return clock.instant().isBefore(renewAt);
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "AccessToken[renewAt=" + renewAt + "]";
  }
}
