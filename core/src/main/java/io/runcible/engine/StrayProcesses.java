package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What runs for a container or in it and nobody knows by a number, so that it is looked for among
 * all processes: a runtime, its monitor or a worker, by where they log, and what a runtime has
 * started that was killed before it wrote whom. crun lets its process go first, and without a
 * control group there is nothing else to find it by than its root.
 */
final class StrayProcesses {
  private static final Duration END_LIMIT = Duration.ofSeconds(10);
  private static final Path SELF = Path.of("/proc/self");

  /** In a list of mounts (proc_pid_mountinfo(5)): where one is. */
  private static final int MOUNT_POINT = 4;

  private final PrivilegedHost host;
  private final ContainerDirectory directory;
  private final String log;
  private final String upper;

  StrayProcesses(PrivilegedHost host, ContainerDirectory directory) {
    this.host = host;
    this.directory = directory;
    this.log = "\0--log\0" + directory.path() + "/";
    this.upper = "upperdir=" + directory.path() + "/";
  }

  /**
   * Kills them. Blocks until they have ended, for some seconds at most.
   *
   * @param still asked just before, whether they are still this container's
   */
  void end(BooleanSupplier still) {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (isOne(process)) {
          end(Integer.parseInt(process.getFileName().toString()), process, still);
        }
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list the processes", e);
    }
  }

  /** Whether the container's monitor or its runtime is there. */
  boolean isAtWork() {
    String own = "\0--log\0" + directory.runtimeLog();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (worksOn(process, own)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list the processes", e);
    }
  }

  private void end(int pid, Path process, BooleanSupplier still) {
    PidFd.open(pid)
        .ifPresent(
            fd -> {
              try (fd) {
                // Asked again through the open descriptor: the number may have been given anew.
                if (isOne(process) && still.getAsBoolean()) {
                  host.signal(fd, Signals.KILL);
                  awaitEnd(fd);
                }
              }
            });
  }

  /** It may be making a control group in the kernel, which it still does. */
  private static void awaitEnd(PidFd killed) {
    long begin = System.nanoTime();
    while (!killed.hasEnded() && System.nanoTime() - begin < END_LIMIT.toNanos()) {
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** What becomes the container's process has the runtime's command until it has its own root. */
  private boolean isOne(Path process) {
    return worksOn(process, log) || isInside(process);
  }

  /** When the first thread of a killed one has ended, another one may still be at work. */
  private static boolean worksOn(Path process, String log) {
    String command = text(process.resolve("cmdline"));
    return command.isEmpty()
        ? otherThreads(process).anyMatch(one -> text(one.resolve("cmdline")).contains(log))
        : command.contains(log);
  }

  private static Stream<Path> otherThreads(Path process) {
    // Those of the kernel, which have no command line either, are alone.
    String @Nullable [] threads = process.resolve("task").toFile().list();
    return threads == null || threads.length < 2
        ? Stream.empty()
        : Stream.of(threads).map(thread -> process.resolve("task").resolve(thread));
  }

  private boolean isInside(Path process) {
    try {
      // Most have the mounts of this process, and many of them.
      if (mounts(process).equals(mounts(SELF))) {
        return false;
      }
      if (Files.isSameFile(process.resolve("root"), host.visible(directory.rootfs()))) {
        return true;
      }
    } catch (IOException e) {
      // It has ended, is nobody's business here, or its root is to be seen by it alone.
    }
    return text(process.resolve("mountinfo"))
            .lines()
            .map(line -> line.split(" ", -1))
            .anyMatch(this::isRoot)
        && !isOfADeeperEngine(process);
  }

  private static Path mounts(Path process) throws IOException {
    return Files.readSymbolicLink(process.resolve("ns/mnt"));
  }

  /** Whether it is the overlay of this container, and the root of who is asked about. */
  private boolean isRoot(String[] mount) {
    return mount.length > MOUNT_POINT
        && mount[MOUNT_POINT].equals("/")
        && Stream.of(mount[mount.length - 1].split(",", -1)).anyMatch(o -> o.startsWith(upper));
  }

  /** One in a container may call its directories the same. */
  private static boolean isOfADeeperEngine(Path process) {
    return text(process.resolve("status"))
        .lines()
        .filter(line -> line.startsWith("NSpid:"))
        .anyMatch(line -> line.split("\\s+", -1).length > 3);
  }

  /** Empty if it has ended, or is another user's. */
  private static String text(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
