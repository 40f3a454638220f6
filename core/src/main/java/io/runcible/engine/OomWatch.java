package io.runcible.engine;

import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.OomNotice;
import io.runcible.ffi.PipePump;
import io.runcible.runtime.Cgroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Tells while a container runs that the kernel killed a process of it for lack of memory. It costs
 * a descriptor, and no thread.
 */
final class OomWatch {
  /** The old interface tells that memory ran out a moment before the kill is counted. */
  private static final List<Duration> LOOKS =
      List.of(Duration.ZERO, Duration.ofMillis(20), Duration.ofMillis(200), Duration.ofSeconds(2));

  private final PipePump pump;
  private final EngineTasks tasks;
  private final Cgroup group;
  private final Runnable onKill;
  private List<Long> source = List.of();
  private long kills;
  private boolean stopped;

  private OomWatch(PipePump pump, EngineTasks tasks, Cgroup group, Runnable onKill) {
    this.pump = pump;
    this.tasks = tasks;
    this.group = group;
    this.onKill = onKill;
  }

  /**
   * Begins, where the kernel can tell.
   *
   * @param adopted whether what was before is another's to tell; otherwise the group is as new as
   *     its run, in which memory may have run out by now
   */
  static OomWatch begin(
      EngineParts parts, ContainerRecord record, boolean adopted, Runnable onKill) {
    Cgroup group = parts.limits().cgroups().group(record.cgroupsPath());
    return begin(parts.pump(), parts.tasks(), group, adopted, onKill);
  }

  /** The same of a group. */
  static OomWatch begin(
      PipePump pump, EngineTasks tasks, Cgroup group, boolean adopted, Runnable onKill) {
    OomWatch watch = new OomWatch(pump, tasks, group, onKill);
    watch.kills = adopted ? group.oomKills().orElse(0) : 0;
    for (Path directory : group.directories()) {
      Optional<FileDescriptor> notice = OomNotice.open(directory);
      if (notice.isPresent()) {
        watch.source = List.of(pump.add(notice.get(), (bytes, length) -> watch.look(length)));
        break;
      }
    }
    watch.count();
    return watch;
  }

  private void look(int length) {
    if (length > 0) {
      for (Duration delay : LOOKS) {
        var unused = tasks.after(delay, this::count);
      }
    }
  }

  private void count() {
    synchronized (this) {
      long now = group.oomKills().orElse(kills);
      if (stopped || now <= kills) {
        return;
      }
      kills = now;
    }
    onKill.run();
  }

  /** Idempotent; lets go of the group, so that it can be removed. */
  void stop() {
    synchronized (this) {
      if (stopped) {
        return;
      }
      stopped = true;
    }
    if (!source.isEmpty()) {
      pump.drain(source, () -> {});
    }
  }
}
