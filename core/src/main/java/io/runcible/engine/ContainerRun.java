package io.runcible.engine;

import java.time.Instant;
import java.util.Optional;

/**
 * One run of a container's first process.
 *
 * @param started when it was started
 * @param finished when it ended; empty while it runs
 * @param status how it ended; empty while it runs, or if that is not known
 */
public record ContainerRun(
    Instant started, Optional<Instant> finished, Optional<ExitStatus> status) {}
