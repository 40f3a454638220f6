package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** What is executed in a container beside its first process. */
final class ContainerExecs {
  /** As long as the end of a process that is being killed may take. */
  private static final Duration ENDING = Duration.ofSeconds(1);

  /** What begins ends itself meanwhile, and leaves nothing; what takes longer is ended. */
  private static final Duration BEGINNING = Duration.ofSeconds(5);

  private static final Duration LONGEST_BEGINNING = Duration.ofSeconds(10);

  private static final long PAUSE_NANOS = 5_000_000;

  private final EngineParts parts;
  private final ContainerRecord record;
  private final ContainerControl control;
  private final Lifecycle lifecycle;
  private final ExecAgents agents;
  private final ExecStart starts;
  private final Set<StartedProcess> running = ConcurrentHashMap.newKeySet();
  private final Set<StartedProcess> starting = ConcurrentHashMap.newKeySet();

  /** How many begin, also those that are not among {@link #starting} yet. */
  private final AtomicInteger beginning = new AtomicInteger();

  ContainerExecs(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      ContainerControl control,
      Lifecycle lifecycle) {
    this.parts = parts;
    this.record = record;
    this.control = control;
    this.lifecycle = lifecycle;
    this.agents = new ExecAgents(parts, directory, record);
    this.starts = new ExecStart(parts, directory, record, agents);
  }

  ContainerProcess exec(FirstProcess first, ExecSpec spec) {
    ContainerProcess process =
        parts
            .tasks()
            .operations()
            .run(EngineOperation.EXEC, record.id(), () -> begin(first, spec, false));
    lifecycle.executing(process, spec.command());
    return process;
  }

  /** Executes a check of its health; tells nobody. */
  ContainerProcess check(FirstProcess first, List<String> command) {
    return begin(first, ExecSpec.builder(command.toArray(String[]::new)).build(), true);
  }

  private ContainerProcess begin(FirstProcess first, ExecSpec spec, boolean merged) {
    beginning.incrementAndGet();
    try {
      return start(first, spec, merged);
    } finally {
      beginning.decrementAndGet();
    }
  }

  private ContainerProcess start(FirstProcess first, ExecSpec spec, boolean merged) {
    first.requireRunning("execute '" + spec.command().get(0) + "'");
    if (control.isPaused()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot execute '"
              + spec.command().get(0)
              + "': container "
              + record.id()
              + " is paused");
    }
    StartedProcess init = first.started();
    OptionalInt pid = init.pid();
    StartedProcess started = starts.start(spec, merged, init, running::remove);
    try {
      starting.add(started);
      started.awaitStart();
      first.requireOpen();
      running.add(started);
      return started.process();
    } catch (RuncibleException e) {
      started.process().close();
      first.requireOpen();
      throw met(init, pid, e) ? endedMeanwhile(spec, e) : e;
    } catch (RuntimeException e) {
      started.process().close();
      throw e;
    } finally {
      starting.remove(started);
    }
  }

  /**
   * Whether the runtime failed as the container ended, of which it says now this and now that. What
   * kills all of a container may kill its first process last.
   */
  private static boolean met(StartedProcess init, OptionalInt pid, RuncibleException failure) {
    return switch (failure.kind()) {
      case NOT_FOUND -> init.endsSoon(pid, Duration.ZERO);
      case INTERNAL -> init.endsSoon(pid, ENDING);
      default -> false;
    };
  }

  private RuncibleException endedMeanwhile(ExecSpec spec, RuncibleException cause) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "cannot execute '"
            + spec.command().get(0)
            + "': container "
            + record.id()
            + " has ended meanwhile ("
            + cause.getMessage()
            + ")",
        cause);
  }

  /** The numbers of processes that are this library's own. */
  Set<Integer> agents() {
    return agents.pids();
  }

  /** Ends those that run. */
  void end() {
    Each.run(() -> closeAll(running), agents::end);
  }

  /**
   * The same; there will be no other ones, as the container is closed by now. Those that are just
   * being started end themselves, and are waited for: without the engine nobody would reap their
   * runtimes.
   */
  void close() {
    agents.refuse();
    Each.run(this::end, this::awaitBeginning, () -> closeAll(running), agents::letGo);
  }

  private void awaitBeginning() {
    long begin = System.nanoTime();
    for (long waited = 0;
        beginning.get() > 0 && waited < LONGEST_BEGINNING.toNanos();
        waited = System.nanoTime() - begin) {
      if (waited >= BEGINNING.toNanos()) {
        closeAll(starting);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static void closeAll(Set<StartedProcess> execs) {
    Each.of(List.copyOf(execs), exec -> exec.process().close());
  }
}
