package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * One control group: a directory in each hierarchy. What it can do is told by the files that are
 * there, so the same code serves cgroup v1, v2 and both at once. A directory that is gone is an
 * empty group.
 */
public final class Cgroup {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_DEPTH = 16;
  private static final int LET_GO_AFTER = 5;
  private static final int SIGKILL = 9;

  /** Of a file of the kernel. */
  private static final int USUAL_SIZE = 2048;

  private final List<Path> directories;
  private final List<Set<String>> controllers;

  /** One of which nothing more is known. */
  Cgroup(List<Path> directories) {
    this(directories, Collections.nCopies(directories.size(), Set.of()));
  }

  /**
   * One of known hierarchies.
   *
   * @param controllers those of each directory; empty if it may be any
   */
  Cgroup(List<Path> directories, List<Set<String>> controllers) {
    this.directories = List.copyOf(directories);
    this.controllers = List.copyOf(controllers);
  }

  /** Its directory in each hierarchy, whether it exists or not. */
  public List<Path> directories() {
    return directories;
  }

  /** Whether any of its directories exists. */
  public boolean exists() {
    return directories.stream().anyMatch(Files::isDirectory);
  }

  /** The processes in it and in the groups below it. */
  public Set<Integer> pids() {
    Set<Integer> pids = new LinkedHashSet<>();
    for (Path directory : directories) {
      for (Path group : tree(directory)) {
        for (String line : lines(group.resolve("cgroup.procs"))) {
          // 0 is a process of another pid namespace, which cannot be named here.
          if (!line.equals("0")) {
            pids.add(Integer.valueOf(line));
          }
        }
      }
    }
    return pids;
  }

  /**
   * How many processes the kernel killed because the group ran out of memory; empty if the group is
   * gone or has no memory controller.
   */
  public OptionalLong oomKills() {
    for (String file : List.of("memory.events", "memory.oom_control")) {
      Optional<Path> events = find(file);
      if (events.isPresent()) {
        for (String line : lines(events.get())) {
          if (line.startsWith("oom_kill ")) {
            return OptionalLong.of(Long.parseLong(line.substring("oom_kill ".length())));
          }
        }
      }
    }
    return OptionalLong.empty();
  }

  /** What its processes use and have used; what the kernel does not count is empty. */
  public ResourceUsage usage() {
    return new UsageReader(this).read();
  }

  /**
   * Changes its limits; what is not set stays. After a failure all of them are what they were, as
   * far as the kernel takes the old values back.
   *
   * @throws RuncibleException FAILED_PRECONDITION if its processes use more memory than they shall,
   *     UNSUPPORTED if a controller is missing, PERMISSION_DENIED if the kernel refuses the value
   */
  public void update(Resources resources) {
    new LimitWriter(this).write(resources);
  }

  /**
   * Stops all processes in it until {@link #thaw()}. Blocks until all have stopped.
   *
   * @throws RuncibleException UNSUPPORTED without a freezer, TIMEOUT if a process does not stop
   */
  public void freeze() {
    setFrozen(true);
  }

  /**
   * Lets its processes go on; those of a group that is gone have.
   *
   * @throws RuncibleException UNSUPPORTED without a freezer
   */
  public void thaw() {
    setFrozen(false);
  }

  private void setFrozen(boolean frozen) {
    Optional<Path> v1 = find("freezer.state");
    Optional<Path> v2 = find("cgroup.freeze");
    boolean done;
    if (v1.isPresent()) {
      done = setFrozenV1(v1.get(), frozen);
    } else if (v2.isPresent()) {
      if (frozen) {
        write(v2.get(), "1");
      } else {
        writeIfPresent(v2.get(), "0");
      }
      done = await(() -> isFrozen() == frozen);
    } else if (!frozen && find("cgroup.procs").isEmpty()) {
      // Its files go before its directory does.
      done = true;
    } else {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the control group "
              + directories
              + " has no freezer: it is gone, or this host mounts none");
    }
    if (!done) {
      throw new RuncibleException(
          ErrorKind.TIMEOUT,
          "the processes of " + directories + " did not " + (frozen ? "stop" : "go on"));
    }
  }

  /**
   * The old freezer can hang half-way when a process forks or is about to exec; asking again helps,
   * and at times only letting go first.
   */
  private boolean setFrozenV1(Path state, boolean frozen) {
    AtomicInteger tries = new AtomicInteger();
    return await(
        () -> {
          if (frozen && tries.incrementAndGet() % LET_GO_AFTER == 0) {
            write(state, "THAWED");
          }
          if (frozen) {
            write(state, "FROZEN");
          } else {
            // crun freezes the group that it is about to remove.
            writeIfPresent(state, "THAWED");
          }
          return isFrozen() == frozen;
        });
  }

  /** Whether its processes are stopped. */
  public boolean isFrozen() {
    Optional<Path> v1 = find("freezer.state");
    if (v1.isPresent()) {
      return lines(v1.get()).contains("FROZEN");
    }
    return find("cgroup.events").map(file -> lines(file).contains("frozen 1")).orElse(false);
  }

  /** Kills everything in it and waits until it is empty. */
  private void kill(PrivilegedHost host) {
    boolean empty =
        await(
            () -> {
              find("cgroup.kill").ifPresent(file -> writeIfPresent(file, "1"));
              Set<Integer> pids = pids();
              pids.forEach(pid -> kill(host, pid));
              // A process that the old freezer holds, or half holds, dies when it is let go.
              find("freezer.state")
                  .filter(file -> !lines(file).contains("THAWED"))
                  .ifPresent(file -> writeIfPresent(file, "THAWED"));
              return pids.isEmpty();
            });
    if (!empty) {
      throw new RuncibleException(
          ErrorKind.TIMEOUT,
          "the processes "
              + pids()
              + " of "
              + directories
              + " do not die; see their stacks in /proc");
    }
  }

  /** The number may have passed to another process: only one that is still inside is meant. */
  private void kill(PrivilegedHost host, int pid) {
    try (PidFd process = PidFd.open(pid).orElse(null)) {
      if (process != null && pids().contains(pid)) {
        host.signal(process, SIGKILL);
      }
    }
  }

  /**
   * Kills everything in it and removes its directories and those below. No error if they are gone.
   *
   * @throws RuncibleException TIMEOUT if something in it does not die, FAILED_PRECONDITION if a
   *     directory stays in use
   */
  @SuppressWarnings("exports")
  public void end(PrivilegedHost host) {
    // The kernel removes no group that has a process, or another group.
    if (!directories.stream().map(Cgroup::removed).reduce(true, Boolean::logicalAnd)) {
      kill(host);
      remove();
    }
  }

  /** Removes its directories and those below, which must have no process. */
  void remove() {
    for (Path directory : directories) {
      List<Path> deepestFirst =
          tree(directory).stream().sorted(Comparator.<Path>reverseOrder()).toList();
      for (Path group : deepestFirst) {
        // The kernel keeps a group busy for a moment after its last process.
        if (!await(() -> removed(group))) {
          throw new RuncibleException(
              ErrorKind.FAILED_PRECONDITION, "the control group '" + group + "' stays in use");
        }
      }
    }
  }

  private static boolean removed(Path group) {
    try {
      // In some hierarchies it never was; to find that out by trying costs an exception.
      if (Files.exists(group)) {
        Files.deleteIfExists(group);
      }
      return true;
    } catch (IOException e) {
      return !Files.exists(group);
    }
  }

  Optional<Path> find(String file) {
    return files(file).stream().findFirst();
  }

  /** Those of that name, which begins with its controller unless it is one of the kernel's own. */
  List<Path> files(String name) {
    String controller = name.substring(0, name.indexOf('.'));
    List<Path> found = new ArrayList<>(1);
    for (int i = 0; i < directories.size(); i++) {
      Set<String> known = controllers.get(i);
      if (known.isEmpty() || known.contains(controller) || controller.equals("cgroup")) {
        Path file = directories.get(i).resolve(name);
        if (Files.exists(file)) {
          found.add(file);
        }
      }
    }
    return found;
  }

  private static List<Path> tree(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> walk = Files.walk(directory, MAX_DEPTH)) {
      return walk.filter(Files::isDirectory).toList();
    } catch (IOException | UncheckedIOException e) {
      // A group below vanished meanwhile; the caller looks again.
      return List.of(directory);
    }
  }

  /** The lines of a small file of the kernel; none if it is gone. */
  static List<String> lines(Path file) {
    // A stream, which costs less than what reads larger files; and it is not asked for its size.
    try (InputStream in = new FileInputStream(file.toFile())) {
      byte[] read = new byte[USUAL_SIZE];
      int length = 0;
      for (int count = in.read(read);
          count > 0;
          count = in.read(read, length, read.length - length)) {
        length += count;
        if (length == read.length) {
          read = Arrays.copyOf(read, 2 * length);
        }
      }
      return new String(read, 0, length, StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      // No such file, or no such device while the group is being removed.
      return List.of();
    }
  }

  private static void write(Path file, String value) {
    try {
      Files.writeString(file, value);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.PERMISSION_DENIED, "cannot write '" + value + "' to '" + file + "'", e);
    }
  }

  /** Unless the group vanished meanwhile. */
  private static void writeIfPresent(Path file, String value) {
    try {
      write(file, value);
    } catch (RuncibleException e) {
      if (Files.exists(file)) {
        throw e;
      }
    }
  }

  private static boolean await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    long pauseMillis = 1;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for a control group", e);
      }
      pauseMillis = Math.min(pauseMillis * 2, 50);
    }
    return true;
  }

  @Override
  public String toString() {
    return directories.toString();
  }
}
