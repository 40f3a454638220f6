package io.runcible.runtime;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A container as its runtime's state file and the kernel tell (runtime.md, "State").
 *
 * @param id its id
 * @param status what it does
 * @param pid the number of its first process on the host; 0 once it has ended
 * @param startTime when that process started, in clock ticks since boot: with the pid it names one
 *     process for good
 * @param created when the container was created
 * @param bundle its bundle
 */
public record RuntimeState(
    String id, Status status, int pid, long startTime, Instant created, Optional<Path> bundle) {

  /** What a container does. */
  public enum Status {
    /** It is prepared and its program has not started. */
    CREATED,
    /** Its program runs. */
    RUNNING,
    /** Its processes are frozen. */
    PAUSED,
    /** Its program has ended. */
    STOPPED
  }
}
