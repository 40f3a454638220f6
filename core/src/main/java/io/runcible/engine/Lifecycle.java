package io.runcible.engine;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The runs of a container one after the other: their history, the checks of their health, the
 * events, and whether another one follows.
 */
final class Lifecycle {
  private static final int MAX_RUNS = 16;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  /** After so much time a run counts as one that went well. */
  private static final Duration SETTLED = Duration.ofSeconds(10);

  private final EngineParts parts;
  private final ContainerRecord record;
  private final Container container;
  private RestartPolicy policy;
  private final Deque<ContainerRun> earlier = new ArrayDeque<>();
  private @Nullable ContainerRun current;
  private @Nullable ContainerProcess last;
  private CompletableFuture<?> told = CompletableFuture.completedFuture(null);
  private int starts;
  private int inARow;
  private boolean lastSucceeded;
  private Duration pause = FIRST_PAUSE;
  private boolean stopWanted;
  private boolean silent;
  private @Nullable Future<?> restart;
  private @Nullable HealthMonitor health;
  private @Nullable OomWatch memory;
  private boolean outOfMemoryTold;

  Lifecycle(EngineParts parts, ContainerRecord record, Container container) {
    this.parts = parts;
    this.record = record;
    this.container = container;
    // The monitor of a detached container restarts it.
    this.policy = record.detached() ? RestartPolicy.NO : record.options().restartPolicy();
  }

  void publish(EngineEvent event) {
    parts.tasks().publish(event, EventSubject.of(record));
  }

  /**
   * A run has begun.
   *
   * @param adopted whether another engine began it
   */
  synchronized void started(ContainerProcess process, Instant when, boolean adopted) {
    stopWanted = false;
    restart = null;
    current = new ContainerRun(when, Optional.empty(), Optional.empty());
    last = process;
    if (!adopted) {
      publish(new EngineEvent.Started(when, record.id(), starts));
    }
    starts++;
    if (process.isAlive()) {
      beginChecks();
      outOfMemoryTold = false;
      if (record.options().limited() && !record.cgroupsPath().isEmpty()) {
        memory = OomWatch.begin(parts, record, adopted, () -> outOfMemory(process));
      }
    }
    told = process.exit().handle((status, failure) -> ended(Optional.ofNullable(status)));
  }

  private void beginChecks() {
    StoredHealth stored = record.options().health();
    if (stored != null) {
      health =
          new HealthMonitor(
              container,
              stored.check(),
              stored.command(),
              parts.tasks(),
              status -> publish(new EngineEvent.HealthChanged(Instant.now(), record.id(), status)));
      health.begin();
    }
  }

  private synchronized void outOfMemory(ContainerProcess process) {
    process.seenOutOfMemory();
    if (current != null && !silent) {
      outOfMemoryTold = true;
      publish(new EngineEvent.OutOfMemory(Instant.now(), record.id()));
    }
  }

  private void stopWatching() {
    if (health != null) {
      health.stop();
    }
    if (memory != null) {
      memory.stop();
    }
  }

  /** On a thread that must not be held up. */
  private synchronized boolean ended(Optional<ExitStatus> status) {
    Instant now = Instant.now();
    stopWatching();
    ContainerRun run = current;
    if (silent || run == null) {
      return false;
    }
    current = null;
    if (earlier.size() == MAX_RUNS) {
      earlier.remove();
    }
    earlier.add(new ContainerRun(run.started(), Optional.of(now), status));
    if (!outOfMemoryTold && status.map(ExitStatus::outOfMemory).orElse(false)) {
      publish(new EngineEvent.OutOfMemory(now, record.id()));
    }
    publish(new EngineEvent.Ended(now, record.id(), status));
    if (hadSettled(run, now)) {
      inARow = 0;
      pause = FIRST_PAUSE;
    }
    restartLater(status.map(ExitStatus::isSuccess).orElse(false));
    container.removeIfEnded();
    return true;
  }

  private static boolean hadSettled(ContainerRun run, Instant end) {
    return Duration.between(run.started(), end).compareTo(SETTLED) >= 0;
  }

  private void restartLater(boolean success) {
    lastSucceeded = success;
    if (!stopWanted && policy.restarts(success, inARow)) {
      inARow++;
      restart = parts.tasks().after(pause, container::startByPolicy);
      Duration longer = pause.multipliedBy(2);
      pause = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
    }
  }

  /** A further process was started. */
  void executing(ContainerProcess process, List<String> command) {
    String exec = ContainerFactory.randomId();
    publish(new EngineEvent.ExecStarted(Instant.now(), record.id(), exec, command));
    var unused =
        process
            .exit()
            .whenComplete(
                (status, failure) ->
                    publish(
                        new EngineEvent.ExecEnded(
                            Instant.now(), record.id(), exec, Optional.ofNullable(status))));
  }

  /** A restart was tried in vain. */
  synchronized void restartFailed() {
    restart = null;
    restartLater(false);
  }

  /** An end that follows is not to be followed by a restart. */
  synchronized void stopWanted() {
    stopWanted = true;
    if (record.detached()
        && !StoredRestart.of(container.directory(), record).equals(RestartPolicy.NO)) {
      DetachedMonitor.stopWanted(container.directory());
    }
    cancelRestart();
  }

  /**
   * From now on; a restart that is waited for does not follow if it would not by this, as the
   * monitor of a detached container has it.
   */
  synchronized void restart(RestartPolicy changed) {
    if (!record.detached()) {
      policy = changed;
      // The one that is waited for has been counted.
      if (!changed.restarts(lastSucceeded, inARow - 1)) {
        cancelRestart();
      }
    }
  }

  private void cancelRestart() {
    if (restart != null) {
      restart.cancel(false);
      restart = null;
    }
  }

  /** Whether there will be a restart that nobody has begun. */
  synchronized boolean isRestartPlanned() {
    return restart != null;
  }

  /** Whether it has ended, and a restart is planned or about to be. */
  synchronized boolean isRestarting() {
    return restart != null || isToBeRestarted();
  }

  /** Whoever waits for the end may be here before that is told, and a restart planned. */
  private boolean isToBeRestarted() {
    ContainerRun run = current;
    if (run == null || last == null || stopWanted || silent || !last.exit().isDone()) {
      return false;
    }
    boolean success = last.exit().handle((s, failure) -> s != null && s.isSuccess()).join();
    return policy.restarts(success, hadSettled(run, Instant.now()) ? 0 : inARow);
  }

  /** What follows is told nobody. */
  synchronized void release() {
    silent = true;
    cancelRestart();
    stopWatching();
  }

  /** The end of the last run has been told by then. */
  void awaitTold() {
    CompletableFuture<?> last;
    synchronized (this) {
      last = told;
    }
    if (last.isDone() || Thread.currentThread().isInterrupted()) {
      return;
    }
    last.join();
  }

  synchronized Health health() {
    return health == null || current == null ? Health.NONE : health.health();
  }

  synchronized List<ContainerRun> runs() {
    List<ContainerRun> runs = new ArrayList<>(earlier);
    if (current != null) {
      runs.add(current);
    }
    return runs;
  }

  synchronized int restarts() {
    return Math.max(0, starts - 1) + DetachedMonitor.restarts(container.directory());
  }
}
