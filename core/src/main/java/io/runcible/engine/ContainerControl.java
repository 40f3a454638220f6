package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.Cgroup;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.Resources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The control group of a container: stands still, is limited, and tells what is in it. */
final class ContainerControl {
  private static final Path PROC = Path.of("/proc");

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;

  ContainerControl(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
  }

  /** Empty for the container of a user who has none. */
  private Optional<Cgroup> group() {
    return record.cgroupsPath().isEmpty()
        ? Optional.empty()
        : Optional.of(parts.limits().cgroups().group(record.cgroupsPath()));
  }

  private Cgroup require(String what) {
    return group()
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.UNSUPPORTED,
                    "cannot "
                        + what
                        + " container "
                        + record.id()
                        + ": it has no control group: "
                        + parts.limits().place().missing()));
  }

  boolean isPaused() {
    return group().map(Cgroup::isFrozen).orElse(false);
  }

  /** Whether it ran before. */
  synchronized boolean pause() {
    Cgroup group = require("pause");
    if (group.isFrozen()) {
      return false;
    }
    group.freeze();
    return true;
  }

  /** Whether it stood still before. */
  synchronized boolean resume() {
    Optional<Cgroup> frozen = group().filter(Cgroup::isFrozen);
    frozen.ifPresent(Cgroup::thaw);
    return frozen.isPresent();
  }

  /** Now, if it runs, and for its next start: all of them, or none if this host cannot do one. */
  void update(Limits limits, Resources others, boolean running) {
    require("limit");
    List<String> notes = parts.limits().clamp(others).notes();
    if (!notes.isEmpty()) {
      throw refused(record.id(), notes);
    }
    Resources wanted = limits.over(others);
    HostLimits.Clamped<Resources> clamped = parts.limits().clamp(wanted);
    requireWhole(wanted, clamped, record.id());
    change(clamped.value(), running);
  }

  /** Swap may be missing: it is limited beside memory, where the host counts it. */
  static void requireWhole(Resources wanted, HostLimits.Clamped<Resources> clamped, String id) {
    Resources granted = clamped.value();
    if (!granted.memory().equals(wanted.memory())
        || !granted.cpuQuota().equals(wanted.cpuQuota())
        || !granted.pids().equals(wanted.pids())) {
      throw refused(id, clamped.notes());
    }
  }

  private static RuncibleException refused(String id, List<String> notes) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "container " + id + " keeps its limits: " + String.join("; ", notes));
  }

  private void change(Resources resources, boolean running) {
    if (running) {
      parts.limits().place().update(record.cgroupsPath(), resources, parts.host());
    }
    new Bundle(directory.path()).update(resources);
  }

  ContainerStats stats(OptionalInt pid) {
    require("measure");
    Cgroup group = parts.limits().place().measured(record.cgroupsPath());
    if (!group.exists()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container " + record.id() + " has no control group: it does not run");
    }
    Optional<String> network = pid.isPresent() ? network(pid.getAsInt()) : Optional.empty();
    return new ContainerStats(
        Instant.now(), group.usage(), networkBytes(network, 0), networkBytes(network, 8));
  }

  /** The table of the network interfaces, unless they are the host's. */
  private static Optional<String> network(int pid) {
    Path process = PROC.resolve(String.valueOf(pid));
    Path namespace = Path.of("ns/net");
    try {
      Path own = Files.readSymbolicLink(PROC.resolve("self").resolve(namespace));
      if (Files.readSymbolicLink(process.resolve(namespace)).equals(own)) {
        return Optional.empty();
      }
      return Optional.of(
          new String(Files.readAllBytes(process.resolve("net/dev")), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // It has just ended.
      return Optional.empty();
    }
  }

  private static OptionalLong networkBytes(Optional<String> table, int column) {
    if (table.isEmpty()) {
      return OptionalLong.empty();
    }
    long sum = 0;
    for (String line : table.get().split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0 && !line.substring(0, colon).strip().equals("lo")) {
        sum += Long.parseLong(line.substring(colon + 1).strip().split("\\s+", -1)[column]);
      }
    }
    return OptionalLong.of(sum);
  }

  /** Those of the container with this first one, without some. */
  List<ProcessInfo> processes(int pid, Set<Integer> without) {
    Collection<Integer> pids =
        group()
            .filter(Cgroup::exists)
            .<Collection<Integer>>map(Cgroup::pids)
            .orElseGet(() -> ProcessTable.ofContainer(pid));
    Path rootfs = parts.host().visible(directory.rootfs());
    return new ProcessTable(UserLookup.names(rootfs))
        .read(pids.stream().filter(one -> !without.contains(one)).toList());
  }
}
