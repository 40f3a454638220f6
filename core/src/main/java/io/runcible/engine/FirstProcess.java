package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.state.LockFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first process of a container, from one start to the next, and whether the container is closed
 * and gets no other. Its monitor is the one that guards the state of a container.
 */
final class FirstProcess {
  private static final Duration LONGEST_BEGINNING = Duration.ofMinutes(1);

  private final EngineParts parts;
  private final ContainerRemover remover;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Stdio stdio;
  private final ContainerConnection connection;
  private final Lifecycle lifecycle;
  private final ContainerExecs execs;
  private @Nullable StartedProcess init;

  /** Waits for the start, and is {@link #init} from then on. */
  private @Nullable StartedProcess prepared;

  private boolean closed;

  FirstProcess(MadeContainer made, Stdio stdio, Lifecycle lifecycle, ContainerExecs execs) {
    this.parts = made.parts();
    this.remover = made.remover();
    this.directory = made.directory();
    this.record = made.record();
    this.connection = made.connection();
    this.stdio = stdio;
    this.lifecycle = lifecycle;
    this.execs = execs;
  }

  ContainerState state(ContainerControl control) {
    synchronized (this) {
      if (closed) {
        return ContainerState.REMOVED;
      }
      adoptIfStarted();
      if (init == null) {
        return record.detached() && DetachedMonitor.isStarting(directory)
            ? ContainerState.STARTING
            : ContainerState.CREATED;
      }
      if (isRunning() && init.isBetweenRuns() && !hasNoPolicy()) {
        return ContainerState.RESTARTING;
      }
      if (isRunning()) {
        return control.isPaused() ? ContainerState.PAUSED : ContainerState.RUNNING;
      }
    }
    if (lifecycle.isRestarting()) {
      return ContainerState.RESTARTING;
    }
    // It may have been restarted between the two looks.
    return isRunning() ? state(control) : ContainerState.STOPPED;
  }

  private boolean hasNoPolicy() {
    return StoredRestart.of(directory, record).equals(RestartPolicy.NO);
  }

  synchronized boolean isPrepared() {
    return prepared != null;
  }

  synchronized boolean isStarted() {
    adoptIfStarted();
    return init != null;
  }

  synchronized boolean isRunning() {
    adoptIfStarted();
    return init != null && !closed && init.process().isAlive();
  }

  /** Whether there is a run, and it is known to have ended. */
  synchronized boolean hasEnded() {
    return init != null && !init.process().isAlive();
  }

  void requireRunning(String what) {
    requireOpen();
    if (!isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot " + what + ": container " + record.id() + " does not run");
    }
  }

  synchronized void requireOpen() {
    if (closed) {
      throw removed();
    }
  }

  private RuncibleException removed() {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, "container " + record.id() + " was removed");
  }

  /** Does something that neither a start nor a removal is to meet. */
  synchronized void whileOpen(Runnable work) {
    requireOpen();
    work.run();
  }

  synchronized void prepare() {
    requireOpen();
    requireNotStarted();
    if (prepared == null && ProcessStarts.canPrepare(parts, record, stdio)) {
      connection.prepare();
      prepared = ProcessStarts.prepare(parts, directory, record, stdio);
    }
    if (prepared != null) {
      prepared.awaitPrepared();
    }
  }

  ContainerProcess start() {
    requireOpen();
    requireNotStarted();
    return alone(this::startNow);
  }

  private synchronized ContainerProcess startNow(List<FileDescriptor> lock) {
    requireOpen();
    requireNotStarted();
    if (record.detached() && Files.exists(directory.monitorFile())) {
      // Another engine began a start that came to nothing.
      remover.clear(directory, record);
    }
    return begin(lock);
  }

  private synchronized void requireNotStarted() {
    adoptIfStarted();
    if (init != null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container " + record.id() + " was started before; restart it instead");
    }
  }

  /**
   * Of several engines that have a container only one starts it; the start of one that was killed
   * is this one's. What waits for another engine here keeps nobody of this one waiting: it has not
   * this container's own lock.
   *
   * @param beginning takes the lock of all engines, for the monitor
   */
  private ContainerProcess alone(Function<List<FileDescriptor>, ContainerProcess> beginning) {
    if (!record.detached()) {
      return beginning.apply(List.of());
    }
    LockFile lock =
        ContainerRemover.lock(directory.startLock(), true, LONGEST_BEGINNING)
            .orElseThrow(() -> AutoRemoval.gone(record));
    try (lock) {
      if (ContainerRemover.isOfAnother(directory, record)) {
        throw removed();
      }
      if (!Files.notExists(directory.removalFile())) {
        throw AutoRemoval.gone(record);
      }
      if (DetachedMonitor.awaitBegun(directory)) {
        adoptNext();
        return process();
      }
      return beginning.apply(List.of(lock.descriptor()));
    }
  }

  /** Waits for a start that another engine began, so that what follows is about its run. */
  void awaitBegun() {
    if (record.detached() && DetachedMonitor.awaitBegun(directory)) {
      adoptIfStarted();
    }
  }

  private ContainerProcess begin(List<FileDescriptor> lock) {
    return parts.tasks().operations().run(EngineOperation.START, record.id(), () -> beginRun(lock));
  }

  private ContainerProcess beginRun(List<FileDescriptor> lock) {
    StartedProcess started = run(lock);
    Runnable onEnd = connection.started(started, () -> parts.networks().addresses(record.token()));
    started.process().onExit().whenComplete((status, failure) -> onEnd.run());
    lifecycle.started(started.process(), Instant.now(), false);
    return started.process();
  }

  private StartedProcess run(List<FileDescriptor> lock) {
    StartedProcess started = prepared;
    if (started != null) {
      prepared = null;
      init = started;
      started.letGo();
      return started;
    }
    if (record.detached() && !RootDirectories.isMounted(parts.host().visible(directory.rootfs()))) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container "
              + record.id()
              + " cannot be started: its root file system is not mounted any more, as after a"
              + " restart of the machine; remove it and make another one");
    }
    connection.prepare();
    List<FileDescriptor> held = new ArrayList<>(lock);
    held.addAll(connection.held());
    started = ProcessStarts.run(parts, directory, record, stdio, held);
    init = started;
    started.awaitStart();
    return started;
  }

  /** Starts it again after its end, or for the first time. */
  ContainerProcess restart() {
    return alone(this::restartNow);
  }

  /**
   * The same, where it is ended first, also the run of another engine that this one has not heard
   * of yet.
   *
   * @param end what ends the run that is known, while nobody can start or remove it
   */
  ContainerProcess restart(Runnable end) {
    return alone(
        lock -> {
          end.run();
          if (adoptNext()) {
            end.run();
          }
          return restartNow(lock);
        });
  }

  private synchronized ContainerProcess restartNow(List<FileDescriptor> lock) {
    requireOpen();
    return isStarted() ? beginAgain(lock) : startNow(lock);
  }

  private ContainerProcess beginAgain(List<FileDescriptor> lock) {
    StartedProcess before = started();
    if (before.process().isAlive()) {
      throw startedMeanwhile();
    }
    return beginAfter(before, lock);
  }

  private ContainerProcess beginAfter(StartedProcess before, List<FileDescriptor> lock) {
    boolean runs = record.detached() && DetachedMonitor.runs(directory);
    execs.end();
    before.release();
    if (runs) {
      // From now on it is the run of another engine that this one knows.
      init = null;
      adoptIfStarted();
      throw startedMeanwhile();
    }
    if (record.detached()) {
      directory.markRestarted();
    }
    remover.clear(directory, record);
    return begin(lock);
  }

  private RuncibleException startedMeanwhile() {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, "container " + record.id() + " has been started meanwhile");
  }

  /** Unless somebody stopped or removed it meanwhile. */
  void startByPolicy() {
    try {
      lifecycle.awaitTold();
      synchronized (this) {
        if (!closed && lifecycle.isRestartPlanned()) {
          beginAgain(List.of());
        }
      }
    } catch (RuntimeException e) {
      log().warn("container {} of {} cannot be restarted", record.id(), record.image(), e);
      lifecycle.restartFailed();
    }
  }

  /**
   * Takes over the run that another engine has begun since the one that this engine knows; returns
   * whether there is one.
   */
  synchronized boolean adoptNext() {
    StartedProcess before = init;
    if (before == null
        || closed
        || before.process().isAlive()
        || !AutoRemoval.hasMonitor(directory)) {
      return false;
    }
    before.release();
    init = null;
    adoptIfStarted();
    return true;
  }

  /** Takes over a detached container that another engine has started, perhaps just now. */
  synchronized void adoptIfStarted() {
    if (init != null || closed || !record.detached() || !directory.wasStarted()) {
      return;
    }
    StartedProcess adopted = ProcessStarts.adopt(parts, directory, record);
    init = adopted;
    lifecycle.started(adopted.process(), directory.startTime(), true);
  }

  /**
   * As it is now.
   *
   * @throws RuncibleException FAILED_PRECONDITION before the start
   */
  synchronized StartedProcess started() {
    adoptIfStarted();
    StartedProcess started = init;
    if (started == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + record.id() + " has not been started");
    }
    return started;
  }

  ContainerProcess process() {
    return started().process();
  }

  OptionalInt pid() {
    return isRunning() ? started().pid() : OptionalInt.empty();
  }

  /** The root as it sees it; empty if it does not run. */
  Optional<FileDescriptor> openRoot() {
    OptionalInt pid = pid();
    if (pid.isEmpty()) {
      return Optional.empty();
    }
    StartedProcess started = started();
    try {
      FileDescriptor root =
          FileCalls.openDirectory(Path.of("/proc", String.valueOf(pid.getAsInt()), "root"));
      // Asked after it was opened: the number was still of this process.
      if (started.hasProcess()) {
        return Optional.of(root);
      }
      root.close();
    } catch (NativeException e) {
      if (started.hasProcess()) {
        throw e;
      }
    }
    return Optional.empty();
  }

  /** Lets go of that of a detached container, which goes on. */
  void release() {
    synchronized (this) {
      closed = true;
    }
    // Not with this lock, which an exec that is waited for may want.
    Each.run(
        lifecycle::release,
        execs::close,
        this::releaseStarted,
        // Also after a start that failed.
        connection::release);
  }

  private synchronized void releaseStarted() {
    if (init != null) {
      init.release();
    }
  }

  /** Closed, there is no further start. Whether it was open; what runs goes on. */
  synchronized boolean close() {
    if (closed) {
      return false;
    }
    adoptIfStarted();
    closed = true;
    return true;
  }

  /** The last one, also one that waits for its start; only once closed, when it stays as it is. */
  @Nullable StartedProcess last() {
    return init == null ? prepared : init;
  }

  private static Logger log() {
    return LoggerFactory.getLogger(FirstProcess.class);
  }
}
