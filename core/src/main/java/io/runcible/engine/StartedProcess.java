package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.SocketNamespace;
import io.runcible.ffi.WaitStatus;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import io.runcible.runtime.RuntimeState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run or exec of the runtime: the runtime as our child, the process that it made, and how it
 * ended. The runtime ends with the exit code of its process; of a detached container the monitor
 * writes that code to a file.
 */
final class StartedProcess {
  private static final Logger LOG = LoggerFactory.getLogger(StartedProcess.class);
  private static final Duration TICK = Duration.ofMillis(1);

  /** Many who wait long, all at once, must not take the processors from what they wait for. */
  private static final int MOST_LOOKS_IN_A_DOUBLING = 32;

  /** A program can look as if the runtime still was to become it. */
  private static final Duration START_LIMIT = Duration.ofSeconds(3);

  private static final Duration RETRY = Duration.ofMillis(50);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(2);
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final EngineParts parts;
  private final String id;
  private final String what;
  private final Path pidFile;
  private final ProcessStreams streams;
  private final Supplier<Optional<RuncibleException>> failure;
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final ContainerProcess process;

  /** Guards that no descriptor is used after its close, when its number may be another file's. */
  private final Object descriptors = new Object();

  private boolean released;
  private volatile @Nullable ChildProcess runtime;
  private volatile @Nullable PidFd monitor;
  private volatile @Nullable PidFd own;
  private volatile boolean runtimeFinished;

  /** Only if the runtime ends when the program runs. */
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
    this.id = id;
    this.what = what;
    this.pidFile = pidFile;
    this.streams = streams;
    this.failure = failure;
    this.process =
        new ContainerProcess(what, streams, exit, new Reach(), () -> release.accept(this));
  }

  /** Follows a detached container that an earlier engine started. */
  void adopt(ContainerDirectory directory) {
    own = open(parts, id);
    follow(directory);
  }

  private static @Nullable PidFd open(EngineParts parts, String id) {
    Optional<Integer> pid = pid(parts, id);
    PidFd opened = pid.flatMap(PidFd::open).orElse(null);
    // Asked again: what is seen alive after it was opened is what the descriptor names.
    if (opened != null && !pid(parts, id).equals(pid)) {
      opened.close();
      return null;
    }
    return opened;
  }

  private static Optional<Integer> pid(EngineParts parts, String id) {
    return parts.runtime().state(id).map(RuntimeState::pid).filter(pid -> pid > 0);
  }

  /** Hears from the monitor of a detached container how that ended, or from the container when. */
  void follow(ContainerDirectory directory) {
    Runnable complete =
        // If it runs although its monitor has written, the runtime was killed.
        () -> killThen(() -> complete(() -> DetachedMonitor.exitStatus(parts, directory)));
    PidFd found = DetachedMonitor.find(directory).orElse(null);
    monitor = found;
    Runnable withoutMonitor =
        () -> {
          PidFd running = own;
          if (Files.exists(directory.exitFile()) || running == null) {
            complete.run();
          } else {
            parts.watcher().onEnd(running, complete);
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
      exit.completeExceptionally(e);
      process.close();
      throw e;
    }
  }

  void await(ChildProcess started, Function<WaitStatus, ExitStatus> outcome, Runnable afterwards) {
    runtime = started;
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

  /** The runtime ends when the program runs; then the process itself is watched. */
  void awaitAlone(ChildProcess started, UnaryOperator<ExitStatus> outcome) {
    runtime = started;
    LoneProcess watch = new LoneProcess(parts, what, this, started, outcome);
    lone = watch;
    watch.begin();
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
    synchronized (descriptors) {
      PidFd running = signal(Signals.KILL) ? own : null;
      if (running != null) {
        parts.watcher().onEnd(running, once);
        Future<?> unused = parts.tasks().after(KILL_LIMIT, once);
        return;
      }
    }
    once.run();
  }

  void complete(Supplier<ExitStatus> outcome) {
    try {
      exit.complete(outcome.get());
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
      return ExitStatus.ofSignal(own != null ? Signals.KILL : runtime.signal());
    }
    PidFd known = own;
    Optional<WaitStatus> told = known == null ? Optional.empty() : known.exitOfReaped();
    return told.map(StartedProcess::exitStatus)
        .filter(s -> s.code() == runtime.code())
        .orElseGet(() -> ExitStatus.ofCode(runtime.code()));
  }

  /**
   * Returns when the program runs, or has run.
   *
   * @throws RuncibleException why it does not
   */
  void awaitStart() {
    long begin = System.nanoTime();
    LoneProcess watch = lone;
    int pid = watch == null ? awaitPid(begin) : watch.awaitStart();
    if (watch == null) {
      PidFd.open(pid).ifPresent(this::keep);
    }
    long made = System.nanoTime();
    while (System.nanoTime() - made < START_LIMIT.toNanos()
        && !exit.isDone()
        && parts.runtime().isStarting(pid)) {
      pause(exit, made);
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
    while (true) {
      boolean ended = exit.isDone();
      OptionalInt pid = readPid();
      if (pid.isPresent()) {
        return pid.getAsInt();
      }
      if (ended) {
        throw notStarted();
      }
      pause(exit, begin);
    }
  }

  /** Once the runtime has reaped the process, the number may be another's; then it ends itself. */
  private void keep(PidFd opened) {
    synchronized (descriptors) {
      ChildProcess waiting = runtime;
      PidFd parent = waiting != null ? waiting.pidFd() : monitor;
      if (released || own != null || parent == null || parent.hasEnded()) {
        opened.close();
      } else {
        own = opened;
      }
    }
  }

  /** Whether it is known by now, if necessary from what the runtime that starts it has written. */
  boolean findStarting() {
    if (own == null) {
      OptionalInt pid = readPid();
      (pid.isPresent() ? PidFd.open(pid.getAsInt()) : pidInState().flatMap(PidFd::open))
          .ifPresent(this::keep);
    }
    return own != null;
  }

  /** runc writes the state before the program runs, and the pid file only then. */
  private Optional<Integer> pidInState() {
    try {
      return pid(parts, id);
    } catch (RuncibleException e) {
      LOG.debug("the state of {} is not whole yet", what, e);
      return Optional.empty();
    }
  }

  /** Finds it when its runtime has ended, unless it has ended, too, or is known. */
  void findRunning() {
    PidFd found = own == null ? open(parts, id) : null;
    synchronized (descriptors) {
      if (found != null && (released || own != null)) {
        found.close();
      } else if (found != null) {
        own = found;
      }
    }
  }

  /** Returns false if it is not known. */
  boolean onEnd(Runnable action) {
    synchronized (descriptors) {
      PidFd known = own;
      if (known != null && !released) {
        parts.watcher().onEnd(known, action);
      }
      return known != null && !released;
    }
  }

  /** Whether this kernel tells how a process has ended, as it does of the reaped runtime. */
  boolean kernelTells() {
    synchronized (descriptors) {
      ChildProcess ended = runtime;
      return ended != null && !released && ended.pidFd().exitOfReaped().isPresent();
    }
  }

  Optional<WaitStatus> toldByKernel() {
    synchronized (descriptors) {
      PidFd known = own;
      return known == null || released ? Optional.empty() : known.exitOfReaped();
    }
  }

  /** Empty before the runtime has written it. */
  private OptionalInt readPid() {
    try {
      String text = Files.exists(pidFile) ? Files.readString(pidFile).strip() : "";
      return text.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(text));
    } catch (IOException | NumberFormatException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot read the pid of " + what + " in '" + pidFile + "'", e);
    }
  }

  /** Waits for something a little, the longer the later. */
  void pause(Future<?> event, long begin) {
    long waited = System.nanoTime() - begin;
    try {
      event.get(Math.max(TICK.toNanos(), waited / MOST_LOOKS_IN_A_DOUBLING), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // The caller looks again.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while starting " + what, e);
    }
  }

  private boolean signal(int signal) {
    synchronized (descriptors) {
      renew();
      PidFd known = own;
      return known != null && !released && parts.host().signal(known, signal);
    }
  }

  /** How the caller of a process reaches it. */
  private final class Reach implements ContainerProcess.SignalSender {
    @Override
    public boolean send(int signal) {
      return signal(signal);
    }

    @Override
    public void resize(ContainerInput input, ConsoleSize size) {
      synchronized (descriptors) {
        renew();
        TerminalSize.change(parts.host(), input, size, released ? null : runtime, monitor, own);
      }
    }
  }

  private void killRuntime() {
    synchronized (descriptors) {
      ChildProcess waiting = runtime;
      if (waiting != null && !released) {
        waiting.pidFd().signal(Signals.KILL);
      }
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
    }
    signal(Signals.KILL);
    killed.run();
    if (watch != null && own == null) {
      killRuntime();
    }
    endAgain();
    if (!endsWithin(own == null ? Duration.ZERO : END_LIMIT) && runtime != null) {
      killRuntime();
      endsWithin(END_LIMIT);
    }
  }

  /** The monitor may just have been about to start it again, or it was not known yet. */
  private void endAgain() {
    long tries = monitor == null && lone == null ? 0 : END_LIMIT.dividedBy(RETRY);
    for (long i = 0; i < tries && !endsWithin(RETRY); i++) {
      signal(Signals.KILL);
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
          try {
            end(() -> {});
          } finally {
            closeDescriptors();
            parts.host().removeTree(place);
          }
        });
  }

  /** The monitor of a detached container may have restarted it. */
  private void renew() {
    PidFd watching = monitor;
    if (released || watching == null || watching.hasEnded()) {
      return;
    }
    PidFd known = own;
    if (known == null || known.hasEnded()) {
      PidFd next = open(parts, id);
      if (next != null) {
        own = next;
        if (known != null) {
          known.close();
        }
      }
    }
  }

  /** Whether the process has ended, and its monitor, which goes on, has not started another one. */
  boolean isBetweenRuns() {
    synchronized (descriptors) {
      renew();
      PidFd known = own;
      PidFd watching = monitor;
      return !released
          && watching != null
          && !watching.hasEnded()
          && (known == null || known.hasEnded());
    }
  }

  OptionalInt pid() {
    synchronized (descriptors) {
      renew();
    }
    PidFd known = own;
    return known == null ? OptionalInt.empty() : OptionalInt.of(known.pid());
  }

  /** The network that the process is in, for the caller to close; empty once it has ended. */
  Optional<SocketNamespace> networkNamespace() {
    synchronized (descriptors) {
      PidFd known = own;
      return known == null || released ? Optional.empty() : SocketNamespace.of(known);
    }
  }

  /** Whether a runtime may be at work, of which nobody knows that it has finished. */
  boolean mayBeStarting() {
    return !runtimeFinished && pid().isEmpty();
  }

  /** Whether the process has not ended, so that its number is nobody else's. */
  boolean hasProcess() {
    synchronized (descriptors) {
      PidFd known = own;
      return known != null && !released && !known.hasEnded();
    }
  }

  ContainerProcess process() {
    return process;
  }

  /** Lets go of the processes of a container; they go on. */
  void release() {
    exit.completeExceptionally(
        new RuncibleException(ErrorKind.FAILED_PRECONDITION, "the engine was closed before"));
    process.close();
    closeDescriptors();
  }

  void closeDescriptors() {
    synchronized (descriptors) {
      released = true;
      ChildProcess waiting = runtime;
      if (waiting != null) {
        waiting.close();
      }
      for (@Nullable PidFd descriptor : new PidFd[] {monitor, own}) {
        if (descriptor != null) {
          descriptor.close();
        }
      }
    }
  }
}
