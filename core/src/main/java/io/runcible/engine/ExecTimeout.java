package io.runcible.engine;

import io.runcible.ffi.PidFd;
import io.runcible.ffi.ProcessStat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/** Ends an exec, with all that is in its session or comes from it, when its time is up. */
final class ExecTimeout {
  private static final Duration AGAIN = Duration.ofMillis(20);
  private static final long PAUSE_NANOS = 2_000_000;
  private static final int MAX_ROUNDS = 200;

  private final EngineParts parts;
  private final StartedProcess started;
  private volatile boolean expired;

  ExecTimeout(EngineParts parts, StartedProcess started) {
    this.parts = parts;
    this.started = started;
  }

  /** The time begins to run. */
  void begin(Duration limit) {
    Future<?> later = parts.tasks().after(limit, this::expire);
    var unused = started.process().exit().whenComplete((status, failure) -> later.cancel(false));
  }

  /** What is told of its end. */
  ExitStatus seen(ExitStatus status) {
    boolean killed = expired && status.code() == ExitStatus.ofSignal(Signals.KILL).code();
    return killed ? status.withTimedOut() : status;
  }

  private void expire() {
    if (started.process().exit().isDone()) {
      return;
    }
    OptionalInt pid = started.pid();
    if (pid.isEmpty() || !started.hasProcess()) {
      // It is just being started, or has just ended: the number may soon be another's.
      Future<?> unused = parts.tasks().after(AGAIN, this::expire);
      return;
    }
    Set<Integer> members = new HashSet<>();
    String namespace = ProcessTable.namespace(pid.getAsInt());
    // It loses its children before it ends, which is told at once, and does not go on without them.
    started.process().sendSignal(Signals.STOP);
    for (int i = 0; i < MAX_ROUNDS && find(pid.getAsInt(), namespace, members); i++) {
      members.forEach(member -> kill(member, pid.getAsInt(), members));
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    expired = true;
    started.process().sendSignal(Signals.KILL);
  }

  /** Adds whoever belongs to it; whether there is any that lives, besides the first one. */
  private boolean find(int first, String namespace, Set<Integer> members) {
    List<Integer> all = ProcessTable.inNamespace(namespace);
    members.retainAll(all);
    boolean found = false;
    int before;
    do {
      before = members.size();
      for (int pid : all) {
        if (pid != first && belongs(pid, first, members)) {
          members.add(pid);
          found = true;
        }
      }
    } while (members.size() > before);
    return found;
  }

  private static boolean belongs(int pid, int first, Set<Integer> members) {
    Optional<ProcessStat> stat = ProcessStat.of(Path.of("/proc", String.valueOf(pid)));
    return stat.isPresent()
        && !stat.get().hasEnded()
        && (stat.get().session() == first
            || stat.get().parent() == first
            || members.contains(stat.get().parent())
            || members.contains(pid));
  }

  private void kill(int pid, int first, Set<Integer> members) {
    PidFd.open(pid)
        .ifPresent(
            process -> {
              try (process) {
                // Asked after it was opened: the number may have been given anew before.
                if (belongs(pid, first, members)) {
                  parts.host().signal(process, Signals.KILL);
                }
              }
            });
  }
}
