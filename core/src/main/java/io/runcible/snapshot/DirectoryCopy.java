package io.runcible.snapshot;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.util.List;

/** Copies a directory as it is. */
public final class DirectoryCopy {
  private static final int PLAIN = 0755;

  private DirectoryCopy() {}

  /**
   * Copies the content of a directory, and its own owner, mode, extended attributes and times, to
   * another one. Files share their blocks where the file system can. Blocks; for an ordinary user a
   * second JVM does it, which takes about half a second more.
   *
   * @param host where privileged work happens
   * @param from as it is named there; nothing is mounted below it, and nobody changes it meanwhile
   * @param to empty
   * @throws io.runcible.RuncibleException by the failure, as UNAVAILABLE for a full disk; CANCELLED
   */
  @SuppressWarnings("exports")
  public static void copy(PrivilegedHost host, Path from, Path to) {
    if (host.rootless()) {
      if (isPlainAndEmpty(host.visible(from))) {
        return;
      }
      RootlessUnpack.merge(host, List.of(from), to);
    } else {
      LayerMerge.merge(List.of(from), to, true);
    }
  }

  /** Whether it is as one that was just made, which is worth no second JVM. */
  private static boolean isPlainAndEmpty(Path directory) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      Stat stat = FileCalls.stat(opened);
      return stat.permissions() == PLAIN
          && stat.uid() == NativeAccess.effectiveUid()
          && stat.gid() == NativeAccess.effectiveGid()
          && FileCalls.list(opened).isEmpty()
          && AttributeCalls.names(opened, ".").isEmpty();
    } catch (NativeException e) {
      if (e.errno() != Errno.EACCES) {
        throw e;
      }
      return false;
    }
  }
}
