package io.runcible.sandbox;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a run has used.
 *
 * @param queueTime from the call until a sandbox was there for it
 * @param wallTime from then until the program ended, with placing its files
 * @param cpuTime processor time of the program and all that it started; empty if it was killed from
 *     outside and nothing counts for it
 * @param peakMemory bytes: the most that all its processes and files in memory used at once, where
 *     the host counts that, otherwise the largest process; empty as {@code cpuTime}
 */
public record SandboxUsage(
    Duration queueTime, Duration wallTime, Optional<Duration> cpuTime, OptionalLong peakMemory) {}
