package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.WaitStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Follows a process that an {@link ExecAgent} has started, and hears from that how it ended, also
 * when nobody wants to know it any more: whoever is not asked for is not reaped.
 */
final class AgentProcess {
  private static final Duration PAUSE = Duration.ofMillis(10);

  /** How long the kernel is asked instead, and whether the container ends. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /** How often it is looked whether a container still stands still. */
  private static final Duration STILL = Duration.ofMillis(200);

  /** How long a tracer may keep back what it is to see first. */
  private static final Duration TRACED = Duration.ofSeconds(30);

  private final EngineParts parts;
  private final ExecAgents.Started started;
  private final BooleanSupplier containerEnds;
  private final Consumer<ExitStatus> onEnd;
  private final Consumer<RuncibleException> onFailure;
  private boolean told;

  AgentProcess(
      EngineParts parts,
      ExecAgents.Started started,
      BooleanSupplier containerEnds,
      Consumer<ExitStatus> onEnd,
      Consumer<RuncibleException> onFailure) {
    this.parts = parts;
    this.started = started;
    this.containerEnds = containerEnds;
    this.onEnd = onEnd;
    this.onFailure = onFailure;
  }

  void begin() {
    // Not on the thread that hears of all ends: the agent may be busy.
    parts
        .watcher()
        .onEnd(
            started.child().process(), () -> parts.tasks().elsewhere(() -> ask(System.nanoTime())));
  }

  private void ask(long end) {
    if (started.agent().standsStill()) {
      // It answers later, and has to: what it does not reap stays. The kernel tells now if it may.
      started
          .child()
          .process()
          .exitOfZombie()
          .map(StartedProcess::exitStatus)
          .ifPresent(this::tell);
      again(STILL, System.nanoTime());
      return;
    }
    Duration limit = LIMIT;
    Optional<ExitStatus> status = Optional.empty();
    try {
      status = status();
    } catch (RuncibleException e) {
      limit = e.kind() == ErrorKind.UNAVAILABLE ? TRACED : Duration.ZERO;
    }
    if (status.isEmpty() && System.nanoTime() - end < limit.toNanos()) {
      again(PAUSE, end);
      return;
    }
    started.ended();
    status.ifPresent(this::tell);
    if (!told) {
      onFailure.accept(
          new RuncibleException(
              ErrorKind.NOT_FOUND,
              "what had started it in the container was ended before it, and nobody else tells"));
    }
  }

  private void again(Duration pause, long end) {
    Future<?> unused = parts.tasks().after(pause, () -> ask(end));
  }

  private void tell(ExitStatus status) {
    if (!told) {
      told = true;
      onEnd.accept(status);
    }
  }

  /** Without the agent, the kernel may tell, or all of the container is being killed. */
  private Optional<ExitStatus> status() {
    PidFd process = started.child().process();
    Optional<WaitStatus> told =
        started.agent().reap(started.child()).or(process::exitOfReaped).or(process::exitOfZombie);
    return told.isEmpty() && containerEnds.getAsBoolean()
        ? Optional.of(ExitStatus.ofSignal(Signals.KILL))
        : told.map(StartedProcess::exitStatus);
  }
}
