package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.SocketNamespace;
import io.runcible.ffi.WaitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One run or exec of the runtime: the runtime as our child, the process that it made, and how it
 * ended. The runtime ends with the exit code of its process; of a detached container the monitor
 * writes that code to a file.
 */
final class StartedProcess {
  private static final Duration TICK = Duration.ofMillis(1);

  /** Of all runtimes and of runs and execs: each look is cheap, a late one is not much later. */
  private static final UsualTime USUAL = new UsualTime();

  /** When all is done but the last step. */
  private static final Duration SHORT_TICK = Duration.ofNanos(50_000);

  /** Many who wait long, all at once, must not take the processors from what they wait for. */
  private static final int MOST_LOOKS_IN_A_DOUBLING = 32;

  /** A program can look as if the runtime still was to become it. */
  private static final Duration START_LIMIT = Duration.ofSeconds(3);

  private static final Duration RETRY = Duration.ofMillis(50);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(2);
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final EngineParts parts;
  private final String what;
  private final Path pidFile;
  private final ProcessStreams streams;
  private final Supplier<Optional<RuncibleException>> failure;
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

  /** That of {@link #exit}: a look that comes too early costs no exception. */
  private final CountDownLatch exited = new CountDownLatch(1);

  private final ContainerProcess process;

  private final ProcessDescriptors descriptors;
  private volatile boolean runtimeFinished;

  private volatile boolean ofAgent;

  /** Only if the runtime ends when all is made for the program. */
  private volatile @Nullable LoneProcess lone;

  StartedProcess(
      EngineParts parts,
      String id,
      String what,
      Path pidFile,
      ProcessStreams streams,
      Supplier<Optional<RuncibleException>> failure,
      Consumer<StartedProcess> release) {
    this.parts = parts;
    this.what = what;
    this.pidFile = pidFile;
    this.streams = streams;
    this.failure = failure;
    this.descriptors = new ProcessDescriptors(parts, id);
    var unused = exit.whenComplete((status, cause) -> exited.countDown());
    this.process =
        new ContainerProcess(what, streams, exit, descriptors, () -> release.accept(this));
  }

  /** Follows a detached container that an earlier engine started. */
  void adopt(ContainerDirectory directory) {
    descriptors.find();
    follow(directory);
  }

  /** Hears from the monitor of a detached container how that ended, or from the container when. */
  void follow(ContainerDirectory directory) {
    Runnable complete =
        // If it runs although its monitor has written, the runtime was killed.
        () -> killThen(() -> complete(() -> DetachedMonitor.exitStatus(parts, directory)));
    PidFd found = DetachedMonitor.find(directory).orElse(null);
    descriptors.monitor(found);
    Runnable withoutMonitor =
        () -> {
          if (Files.exists(directory.exitFile()) || !descriptors.onEnd(complete)) {
            complete.run();
          }
        };
    if (found == null) {
      withoutMonitor.run();
    } else {
      parts.watcher().onEnd(found, withoutMonitor);
    }
  }

  void launch(ProcessStreams streams, Runnable start) {
    try {
      start.run();
      streams.started();
    } catch (RuntimeException e) {
      fail(e);
      // Nobody hears how that ends which was started before the failure.
      Each.after(e, descriptors::endRuntime, process::close, this::closeDescriptors);
      throw e;
    }
  }

  void await(ChildProcess started, Function<WaitStatus, ExitStatus> outcome, Runnable afterwards) {
    descriptors.runtime(started);
    parts
        .watcher()
        .onEnd(
            started.pidFd(),
            () -> {
              WaitStatus status = started.reap();
              runtimeEnded(status);
              killUnlessFinished(
                  status,
                  () ->
                      streams.whenWritten(
                          () -> {
                            complete(() -> outcome.apply(status));
                            afterwards.run();
                          }));
            });
  }

  /** The runtime ends when all is made for the program; then the process itself is watched. */
  void awaitAlone(ChildProcess started, UnaryOperator<ExitStatus> outcome) {
    descriptors.runtime(started);
    LoneProcess watch = new LoneProcess(parts, what, this, descriptors, started, outcome);
    lone = watch;
    watch.begin();
  }

  /**
   * The process runs, as a child of an agent in the container.
   *
   * @param containerEnds whether all that is in the container ends
   */
  void follow(
      ExecAgents.Started running,
      BooleanSupplier containerEnds,
      UnaryOperator<ExitStatus> outcome) {
    ofAgent = true;
    AgentProcess following =
        new AgentProcess(
            parts,
            running,
            containerEnds,
            status -> {
              complete(() -> outcome.apply(status));
              closeDescriptors();
            },
            failure -> {
              fail(failure);
              closeDescriptors();
            });
    try {
      descriptors.take(running.child().process().duplicate());
      following.begin();
    } catch (RuntimeException e) {
      Each.after(
          e, () -> parts.host().signal(running.child().process(), Signals.KILL), running::ended);
      throw e;
    }
  }

  void runtimeEnded(WaitStatus status) {
    runtimeFinished = status.signal() == 0;
  }

  void killUnlessFinished(WaitStatus runtime, Runnable next) {
    if (runtime.signal() == 0) {
      next.run();
    } else {
      killThen(next);
    }
  }

  static ExitStatus exitStatus(WaitStatus status) {
    return status.signal() != 0
        ? ExitStatus.ofSignal(status.signal())
        : ExitStatus.ofExit(status.code());
  }

  /**
   * Without the runtime nobody hears how the process ends, so it ends before that is told; or soon
   * after: the first of a container cannot before all others of it, also killed, have been reaped.
   */
  private void killThen(Runnable next) {
    AtomicBoolean told = new AtomicBoolean();
    Runnable once =
        () -> {
          if (told.compareAndSet(false, true)) {
            next.run();
          }
        };
    if (descriptors.kill(once)) {
      Future<?> unused = parts.tasks().after(KILL_LIMIT, once);
      return;
    }
    once.run();
  }

  void complete(Supplier<ExitStatus> outcome) {
    try {
      exit.complete(process.withWhatWasSeen(outcome.get()));
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  void fail(Throwable cause) {
    exit.completeExceptionally(cause);
  }

  /** The kernel can tell an exit code above 128 from a signal, if the process was seen alive. */
  ExitStatus exactly(WaitStatus runtime) {
    if (runtime.signal() != 0) {
      return ExitStatus.ofSignal(descriptors.own() != null ? Signals.KILL : runtime.signal());
    }
    return descriptors
        .toldByKernel()
        .map(StartedProcess::exitStatus)
        .filter(s -> s.code() == runtime.code())
        .orElseGet(() -> ExitStatus.ofCode(runtime.code()));
  }

  /**
   * Returns when the program runs, or has run.
   *
   * @throws RuncibleException why it does not
   */
  void awaitStart() {
    if (lone != null) {
      letGo(TICK);
      return;
    }
    if (ofAgent) {
      // Which returned when it ran.
      return;
    }
    int pid = awaitPid(System.nanoTime());
    Optional<PidFd> open = PidFd.open(pid);
    if (open.isPresent()) {
      descriptors.keep(open.get());
    }
    awaitProgram(pid, TICK);
  }

  private void awaitProgram(int pid, Duration tick) {
    long made = System.nanoTime();
    while (System.nanoTime() - made < START_LIMIT.toNanos()
        && !exit.isDone()
        && parts.runtime().isStarting(pid)) {
      pause(made, tick);
    }
  }

  /**
   * Returns when all is made for the program, which waits to be {@linkplain #letGo let go}.
   *
   * @throws RuncibleException why it is not
   */
  void awaitPrepared() {
    Objects.requireNonNull(lone).awaitMade();
  }

  /**
   * Has the program that was prepared run; returns when it does.
   *
   * @throws RuncibleException why it does not; it is being ended then
   */
  void letGo() {
    letGo(SHORT_TICK);
  }

  private void letGo(Duration tick) {
    try {
      awaitPrepared();
      awaitProgram(descriptors.letGo(), tick);
    } catch (RuntimeException e) {
      Objects.requireNonNull(lone).abandon();
      throw e;
    }
  }

  RuncibleException notStarted() {
    return failure
        .get()
        .orElseGet(
            () ->
                new RuncibleException(
                    ErrorKind.INTERNAL, "the runtime ended and did not start " + what));
  }

  private int awaitPid(long begin) {
    pause(begin, USUAL.patience());
    while (true) {
      // Without the watcher, which the engine may have closed, nobody tells.
      boolean ended = exit.isDone() || descriptors.runtimeHasEnded();
      OptionalInt pid = readPid();
      if (pid.isPresent()) {
        USUAL.took(System.nanoTime() - begin);
        return pid.getAsInt();
      }
      if (ended) {
        // Who is told so finds it ended.
        endsWithin(KILL_LIMIT);
        throw notStarted();
      }
      pause(begin);
    }
  }

  /** Empty before the runtime has written it. */
  OptionalInt readPid() {
    try {
      String text = Files.exists(pidFile) ? Files.readString(pidFile).strip() : "";
      return text.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(text));
    } catch (IOException | NumberFormatException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot read the pid of " + what + " in '" + pidFile + "'", e);
    }
  }

  /** Waits a little for something that a runtime at work is to bring, the longer the later. */
  private void pause(long begin) {
    parts.watchdog().runtimeStarts();
    pause(begin, TICK);
  }

  /** The caller looks again then, or when it has ended. */
  private void pause(long begin, Duration tick) {
    long waited = System.nanoTime() - begin;
    try {
      boolean unused =
          exited.await(
              Math.max(tick.toNanos(), waited / MOST_LOOKS_IN_A_DOUBLING), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while starting " + what, e);
    }
  }

  /**
   * Ends the process and, if it does not show itself as ended, the runtime that waits for it. Not
   * to be interrupted.
   *
   * @param killed lets it go where it is frozen: the old freezer holds also what is killed
   */
  void end(Runnable killed) {
    LoneProcess watch = lone;
    if (watch != null) {
      watch.beginRemoval();
    } else if (descriptors.hasRuntime() && descriptors.own() == null) {
      // Killed without what it has just started, the runtime would leave that to nobody.
      readPid().ifPresent(pid -> PidFd.open(pid).ifPresent(descriptors::keep));
    }
    descriptors.send(Signals.KILL);
    killed.run();
    if (watch != null && descriptors.own() == null) {
      descriptors.killRuntime();
    }
    endAgain();
    Duration limit = descriptors.own() == null ? Duration.ZERO : END_LIMIT;
    if (!endsWithin(limit) && descriptors.hasRuntime()) {
      descriptors.killRuntime();
      endsWithin(END_LIMIT);
    }
  }

  /** The monitor may just have been about to start it again, or it was not known yet. */
  private void endAgain() {
    boolean again = descriptors.hasMonitor() || lone != null;
    long tries = again ? END_LIMIT.dividedBy(RETRY) : 0;
    for (long i = 0; i < tries && !endsWithin(RETRY); i++) {
      descriptors.send(Signals.KILL);
    }
  }

  private boolean endsWithin(Duration limit) {
    try {
      exit.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (ExecutionException e) {
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Ends it, and removes what was made for it. */
  void endAndRemove(Path place) {
    Uninterrupted.run(
        parts.threads(),
        () -> {
          Each.run(
              () -> end(() -> {}),
              () -> fail(unknown(what + " was closed before")),
              this::closeDescriptors,
              () -> parts.host().removeTree(place));
        });
  }

  /** Whether the process has ended, and its monitor, which goes on, has not started another one. */
  boolean isBetweenRuns() {
    return descriptors.isBetweenRuns();
  }

  OptionalInt pid() {
    return descriptors.pid();
  }

  /** The network that the process is in, for the caller to close; empty once it has ended. */
  Optional<SocketNamespace> networkNamespace() {
    return descriptors.networkNamespace();
  }

  /** Whether a runtime may be at work, of which nobody knows that it has finished. */
  boolean mayBeStarting() {
    return !runtimeFinished && pid().isEmpty();
  }

  /** Whether it is known how it ended, from a runtime that has finished by itself. */
  boolean isKnownToHaveEnded() {
    return runtimeFinished && exit.isDone() && !exit.isCompletedExceptionally();
  }

  /** Whether the process has not ended, so that its number is nobody else's. */
  boolean hasProcess() {
    return descriptors.isAlive();
  }

  /**
   * Whether what had this number has ended, or does so soon; an interrupted thread does not wait.
   */
  boolean endsSoon(OptionalInt pid, Duration limit) {
    long begin = System.nanoTime();
    while (!exit.isDone() && !descriptors.isEnding(pid)) {
      if (System.nanoTime() - begin >= limit.toNanos() || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(TICK.toNanos());
    }
    return true;
  }

  ContainerProcess process() {
    return process;
  }

  /** Lets go of the processes of a container; they go on. */
  void release() {
    fail(unknown("the engine was closed before"));
    Each.run(process::close, this::closeDescriptors);
  }

  private static RuncibleException unknown(String why) {
    return new RuncibleException(ErrorKind.FAILED_PRECONDITION, why);
  }

  void closeDescriptors() {
    descriptors.close();
  }
}
