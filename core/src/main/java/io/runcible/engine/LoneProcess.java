package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.WaitStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/**
 * Follows a process whose runtime ends when all is made for the program, which then waits to be let
 * go. Nobody in this process is its parent: only a descriptor that was opened before it was reaped
 * tells how it ended.
 */
final class LoneProcess {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

  /** How long it is asked how a process ended that somebody is to reap. */
  private static final Duration REAP_LIMIT = Duration.ofSeconds(30);

  /** The same when it is being removed. */
  private static final Duration REMOVAL_LIMIT = Duration.ofMillis(100);

  private final EngineParts parts;
  private final String what;
  private final StartedProcess process;
  private final ProcessDescriptors descriptors;
  private final ChildProcess runtime;
  private final UnaryOperator<ExitStatus> outcome;

  /** How the runtime ended; fails if the process cannot be followed then. */
  private final CompletableFuture<WaitStatus> alone = new CompletableFuture<>();

  /** That of {@link #alone}: a wait for this one that was in vain costs no exception. */
  private final CountDownLatch known = new CountDownLatch(1);

  private volatile boolean removing;
  private volatile boolean abandoned;

  LoneProcess(
      EngineParts parts,
      String what,
      StartedProcess process,
      ProcessDescriptors descriptors,
      ChildProcess runtime,
      UnaryOperator<ExitStatus> outcome) {
    this.parts = parts;
    this.what = what;
    this.process = process;
    this.descriptors = descriptors;
    this.runtime = runtime;
    this.outcome = outcome;
  }

  void begin() {
    parts.watcher().onEnd(runtime.pidFd(), this::runtimeEnded);
  }

  private void runtimeEnded() {
    try {
      WaitStatus status = runtime.reap();
      process.runtimeEnded(status);
      if (status.isSuccess()) {
        follow();
      } else {
        // Of one that was killed, what it made may wait already.
        descriptors.find();
        process.killUnlessFinished(status, () -> process.complete(() -> process.exactly(status)));
      }
      alone.complete(status);
    } catch (RuntimeException | Error e) {
      process.fail(e);
      alone.completeExceptionally(e);
      if (e instanceof Error error) {
        throw error;
      }
    } finally {
      known.countDown();
    }
  }

  private void follow() {
    descriptors.find(process.readPid());
    if (!descriptors.onEnd(this::ended)) {
      process.complete(
          () -> {
            throw unknown("before it was seen, so that nobody knows how");
          });
    }
    if (abandoned) {
      descriptors.send(Signals.KILL);
    }
  }

  private void ended() {
    if (descriptors.kernelTells()) {
      ask(System.nanoTime());
    } else {
      process.complete(
          () -> {
            throw unknown("and this kernel does not tell how");
          });
    }
  }

  /** Where a zombie may not be looked at, the kernel tells when somebody has reaped it. */
  private void ask(long end) {
    Optional<WaitStatus> told = descriptors.toldByKernel();
    Duration waited = Duration.ofNanos(System.nanoTime() - end);
    Duration limit = removing ? REMOVAL_LIMIT : REAP_LIMIT;
    if (told.isPresent()) {
      WaitStatus status = told.get();
      process.complete(() -> outcome.apply(StartedProcess.exitStatus(status)));
    } else if (waited.compareTo(limit) >= 0) {
      process.complete(
          () -> {
            throw unknown("and nobody has reaped it, whereupon the kernel would tell how");
          });
    } else if (process.process().isAlive()) {
      Future<?> unused = parts.tasks().after(pauseAfter(waited), () -> ask(end));
    }
  }

  private static Duration pauseAfter(Duration waited) {
    Duration atMost = waited.compareTo(LONGEST_PAUSE) < 0 ? waited : LONGEST_PAUSE;
    return atMost.compareTo(FIRST_PAUSE) > 0 ? atMost : FIRST_PAUSE;
  }

  private RuncibleException unknown(String how) {
    return new RuncibleException(ErrorKind.NOT_FOUND, what + " has ended, " + how);
  }

  /**
   * Returns when the process waits to be let go.
   *
   * @throws RuncibleException why it does not
   */
  void awaitMade() {
    try {
      parts.watchdog().awaitRuntime(known);
      if (!alone.get().isSuccess()) {
        throw process.notStarted();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while starting " + what, e);
    } catch (ExecutionException e) {
      throw new RuncibleException(
          e.getCause() instanceof RuncibleException ours ? ours.kind() : ErrorKind.INTERNAL,
          what + " was started and cannot be followed: " + e.getCause(),
          e);
    }
  }

  /** Ends it, also if it is still to be found: nobody will let it go. */
  void abandon() {
    abandoned = true;
    descriptors.send(Signals.KILL);
    descriptors.killRuntime();
  }

  /** How it ended is not worth a long wait any more. */
  void beginRemoval() {
    removing = true;
  }
}
