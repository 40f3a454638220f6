package io.runcible.engine;

import io.runcible.runtime.ResourceUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What a container uses and has used since its start.
 *
 * @param time when it was read
 * @param usage what the kernel counts for its control group
 * @param receivedBytes on its network, without the loopback; empty if that is the host's, and after
 *     its end
 * @param sentBytes the same
 */
public record ContainerStats(
    Instant time, ResourceUsage usage, OptionalLong receivedBytes, OptionalLong sentBytes) {
  /**
   * How many processors it has used on average since other figures of the same run; 100 times that
   * is the percentage that other engines show. Empty if the kernel does not count it, or no time
   * has passed.
   */
  public OptionalDouble cpusSince(ContainerStats earlier) {
    double passed = Duration.between(earlier.time, time).toNanos();
    if (passed <= 0 || usage.cpuTime().isEmpty() || earlier.usage.cpuTime().isEmpty()) {
      return OptionalDouble.empty();
    }
    long used = usage.cpuTime().get().minus(earlier.usage.cpuTime().get()).toNanos();
    return OptionalDouble.of(Math.max(0, used) / passed);
  }
}
