package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The namespaces of processes that run, for others to join. */
final class ProcessNamespaces {
  private static final long MS_NOSUID = 2;
  private static final long MS_NODEV = 4;
  private static final long MS_NOEXEC = 8;

  private ProcessNamespaces() {}

  /** How the kernel names it: two with one name are the same. */
  static String name(Path process, String kind) {
    Path link = process.resolve("ns").resolve(kind);
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + link + "'", e);
    }
  }

  /** The ids of the user namespace of a process, as this one sees them. */
  static IdMapping ids(Path process) {
    try {
      return new IdMapping(
          Files.readString(process.resolve("uid_map")),
          Files.readString(process.resolve("gid_map")));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read which ids '" + process + "' has", e);
    }
  }

  /**
   * Mounts it by its path.
   *
   * @return false if the process has ended; what was mounted is then undone
   */
  static boolean pin(PidFd process, String kind, Consumer<Path> mount, Runnable undo) {
    try {
      mount.accept(Path.of("/proc", String.valueOf(process.pid()), "ns", kind));
    } catch (RuncibleException e) {
      if (process.hasEnded()) {
        return false;
      }
      throw e;
    }
    // Asked last: the number was that of the process as long as that had not ended.
    if (process.hasEnded()) {
      undo.run();
      return false;
    }
    return true;
  }

  static String memoryOptions(long bytes) {
    return "mode=1777,size=" + bytes;
  }

  static void mountMemory(Path target, long bytes) {
    int result =
        libc()
            .mount(
                Native.cString("shm"),
                Native.cString(target),
                Native.cString("tmpfs"),
                MS_NOSUID | MS_NODEV | MS_NOEXEC,
                Native.cString(memoryOptions(bytes)));
    check(result, "mount memory on", target);
  }
}
