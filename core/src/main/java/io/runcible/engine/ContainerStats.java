package io.runcible.engine;

import io.runcible.runtime.ResourceUsage;
import java.time.Instant;
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
    Instant time, ResourceUsage usage, OptionalLong receivedBytes, OptionalLong sentBytes) {}
