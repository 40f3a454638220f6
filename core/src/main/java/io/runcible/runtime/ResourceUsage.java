package io.runcible.runtime;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the processes of a control group use and have used, since it was made. What this kernel does
 * not count, or the group has no controller for, is empty.
 *
 * @param memory bytes in use, with the page cache
 * @param memoryReclaimable how many of them are cache that the kernel gives up first
 * @param memoryPeak the most bytes that were in use at once; cgroup v2 has it from Linux 5.19 on
 * @param memoryLimit bytes; empty if there is no limit
 * @param oomKills how many processes the kernel killed because the limit was reached
 * @param cpuTime processor time
 * @param throttledPeriods in how many periods the processor limit was reached
 * @param throttledTime for how long processes waited for that reason
 * @param processes processes and threads
 * @param processLimit empty if there is no limit
 * @param readBytes read from block devices
 * @param writtenBytes written to block devices
 */
public record ResourceUsage(
    OptionalLong memory,
    OptionalLong memoryReclaimable,
    OptionalLong memoryPeak,
    OptionalLong memoryLimit,
    OptionalLong oomKills,
    Optional<Duration> cpuTime,
    OptionalLong throttledPeriods,
    Optional<Duration> throttledTime,
    OptionalLong processes,
    OptionalLong processLimit,
    OptionalLong readBytes,
    OptionalLong writtenBytes) {}
