package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.WaitStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Follows a process that an {@link ExecAgent} has started, and hears from that how it ended. */
final class AgentProcess {
  private static final Duration PAUSE = Duration.ofMillis(10);

  /** How long it is asked how a process ended that somebody else is to reap or to see. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final EngineParts parts;
  private final ProcessDescriptors descriptors;
  private final ExecAgents.Started started;
  private final BooleanSupplier containerEnds;
  private final Consumer<ExitStatus> onEnd;
  private final Consumer<RuncibleException> onFailure;

  AgentProcess(
      EngineParts parts,
      ProcessDescriptors descriptors,
      ExecAgents.Started started,
      BooleanSupplier containerEnds,
      Consumer<ExitStatus> onEnd,
      Consumer<RuncibleException> onFailure) {
    this.parts = parts;
    this.descriptors = descriptors;
    this.started = started;
    this.containerEnds = containerEnds;
    this.onEnd = onEnd;
    this.onFailure = onFailure;
  }

  void begin() {
    descriptors.take(started.child().process());
    // Not on the thread that hears of all ends: the agent may be busy.
    if (!descriptors.onEnd(() -> parts.tasks().elsewhere(() -> ask(System.nanoTime())))) {
      started.ended();
    }
  }

  private void ask(long end) {
    boolean waits = System.nanoTime() - end < LIMIT.toNanos();
    try {
      Optional<ExitStatus> status = status();
      if (status.isPresent()) {
        started.ended();
        onEnd.accept(status.get());
        return;
      }
    } catch (RuncibleException e) {
      waits &= e.kind() == ErrorKind.UNAVAILABLE;
    }
    if (waits) {
      Future<?> unused = parts.tasks().after(PAUSE, () -> ask(end));
    } else {
      started.ended();
      onFailure.accept(
          new RuncibleException(
              ErrorKind.NOT_FOUND,
              "what had started it in the container was ended before, and nobody else tells"));
    }
  }

  /** Without the agent, the kernel may tell, or all of the container is being killed. */
  private Optional<ExitStatus> status() {
    Optional<WaitStatus> told = started.agent().reap(started.child());
    if (told.isEmpty()) {
      told = descriptors.toldByKernel();
    }
    if (told.isEmpty() && containerEnds.getAsBoolean()) {
      return Optional.of(ExitStatus.ofSignal(Signals.KILL));
    }
    return told.map(StartedProcess::exitStatus);
  }
}
