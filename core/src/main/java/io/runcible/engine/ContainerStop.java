package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Signals to the first process of a container, up to its end. */
final class ContainerStop {
  private static final Duration LONGEST_GRACE = Duration.ofDays(365);
  private static final Duration LONGEST_START = Duration.ofSeconds(5);
  private static final Duration AGAIN = Duration.ofMillis(50);

  private final EngineParts parts;
  private final ContainerRecord record;
  private final ContainerControl control;
  private final Lifecycle lifecycle;
  private final FirstProcess first;

  ContainerStop(
      EngineParts parts,
      ContainerRecord record,
      ContainerControl control,
      Lifecycle lifecycle,
      FirstProcess first) {
    this.parts = parts;
    this.record = record;
    this.control = control;
    this.lifecycle = lifecycle;
    this.first = first;
  }

  boolean kill(String signal) {
    ContainerProcess process = first.process();
    int number = Signals.parse(signal);
    if (number == Signals.KILL) {
      lifecycle.stopWanted();
      awaitRun(process, LONGEST_START.toNanos());
    }
    return send(process, number);
  }

  private boolean send(ContainerProcess process, int signal) {
    boolean ends = signal == Signals.KILL || signal == record.stopSignal();
    if (ends) {
      lifecycle.stopWanted();
    }
    boolean sent = process.sendSignal(signal);
    if (ends && control.resume()) {
      lifecycle.publish(new EngineEvent.Resumed(Instant.now(), record.id()));
    }
    return sent;
  }

  ExitStatus within(Duration grace) {
    return parts.tasks().operations().run(EngineOperation.STOP, record.id(), () -> end(grace));
  }

  /** How it ends does not matter, and may not be known. */
  void somehow(Duration grace) {
    try {
      within(grace);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND || first.isRunning()) {
        throw e;
      }
    }
  }

  private ExitStatus end(Duration grace) {
    ContainerProcess process = first.process();
    long patience = grace.compareTo(LONGEST_GRACE) < 0 ? grace.toNanos() : LONGEST_GRACE.toNanos();
    long begin = System.nanoTime();
    lifecycle.stopWanted();
    awaitRun(process, patience);
    send(process, record.stopSignal());
    Optional<ExitStatus> ended =
        process.waitFor(Duration.ofNanos(Math.max(0, patience - (System.nanoTime() - begin))));
    while (ended.isEmpty()) {
      // Again, as its monitor may have been starting another run, which had no process yet.
      send(process, Signals.KILL);
      ended = process.waitFor(AGAIN);
    }
    return ended.get();
  }

  /** Waits until a monitor that is about to start another run has done so, or has ended. */
  private void awaitRun(ContainerProcess process, long nanos) {
    long begin = System.nanoTime();
    while (first.started().isBetweenRuns()
        && System.nanoTime() - begin < nanos
        && process.waitFor(AGAIN).isEmpty()) {
      // The wait is in the condition.
    }
  }
}
