package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a runtime finds a root file system as root of a container, who may not pass the engine's
 * directories: it is mounted there once more.
 */
final class RootPlace {
  /** Of all engines. Each place in it can be passed by root of its container alone. */
  private static final Path ROOTS = Path.of("/run/runcible-roots");

  /** The same for ordinary users: nobody sees more there than an almost empty directory. */
  private static final Path NESTED_ROOTS = Path.of("/var/tmp");

  private static final String NESTED_PREFIX = "runcible-root-";

  private static final int PASSED = 0710;
  private static final int PASSED_BY_ALL = 0711;
  private static final String MOUNT = "fs";
  private static final String LINK = "root";

  /**
   * A file below the mount. What cleans {@code /var/tmp} of old files leaves one with the sticky
   * bit alone, and so the directories that it is in; without it the mount would go with its place.
   * The watchdog knows the name, too.
   */
  static final String STICKY = "sticky";

  private static final int STICKY_MODE = 01400;

  private RootPlace() {}

  /** Makes it and mounts the root file system there; returns where. */
  static Path make(PrivilegedHost host, ContainerDirectory directory, ContainerRecord record) {
    boolean nested = record.ids().nested();
    Path place = parent(nested).resolve(name(nested, record.token()));
    try {
      if (!Files.isDirectory(directory.mounts())) {
        Files.createDirectory(directory.mounts());
      }
      Files.createSymbolicLink(directory.mounts().resolve(LINK), place);
      if (!nested) {
        makeRoots();
      }
      Files.createDirectory(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path target = Files.createDirectory(place.resolve(MOUNT));
      if (nested) {
        keep(target);
      }
      host.mountAgain(directory.rootfs(), target);
      try (FileDescriptor opened = FileCalls.openDirectory(place)) {
        // To pass, not to make files in it.
        if (nested) {
          FileCalls.chmod(opened, PASSED_BY_ALL);
        } else {
          FileCalls.chown(opened, 0, record.ids().rootGid());
          FileCalls.chmod(opened, PASSED);
        }
      }
      return target;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + place + "'", e);
    }
  }

  private static void makeRoots() throws IOException {
    if (!Files.isDirectory(ROOTS, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(ROOTS);
    }
    Files.setPosixFilePermissions(ROOTS, PosixFilePermissions.fromString("rwx--x--x"));
  }

  private static void keep(Path target) {
    try (FileDescriptor below = FileCalls.openDirectory(target);
        FileDescriptor file = FileCalls.createFile(below, STICKY, STICKY_MODE)) {
      FileCalls.chmod(file, STICKY_MODE);
    }
  }

  private static Path parent(boolean nested) {
    return nested ? NESTED_ROOTS : ROOTS;
  }

  private static String name(boolean nested, String token) {
    return nested ? NESTED_PREFIX + token : token;
  }

  /**
   * Removes the place of a root file system that is not mounted there any more; no error if there
   * is none. What cannot be removed is left, with a warning: the container goes without it.
   */
  static void remove(PrivilegedHost host, String token) {
    boolean nested = host.rootless();
    remove(nested, parent(nested), name(nested, token));
  }

  /** The same for a container whose record cannot be read. */
  static void remove(PrivilegedHost host, ContainerDirectory directory) {
    Path link = directory.mounts().resolve(LINK);
    if (!Files.isSymbolicLink(link)) {
      return;
    }
    try {
      boolean nested = host.rootless();
      Path place = Files.readSymbolicLink(link);
      Path name = place.getFileName();
      if (name != null && parent(nested).equals(place.getParent())) {
        remove(nested, parent(nested), name.toString());
      }
    } catch (IOException e) {
      log().warn("cannot read '{}', so what it names is left", link, e);
    }
  }

  /** Anybody may make that name in {@code /var/tmp}: what is not this user's is not touched. */
  static void remove(boolean nested, Path parent, String name) {
    try (FileDescriptor directory = FileCalls.openDirectory(parent)) {
      Optional<Stat> found = FileCalls.stat(directory, name);
      if (found.filter(RootPlace::isOwnDirectory).isEmpty()) {
        return;
      }
      try (FileDescriptor place = FileCalls.openChildDirectory(directory, name)) {
        removeMount(nested, place);
      }
      FileCalls.removeDirectory(directory, name);
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT) {
        log().warn("cannot remove '{}': {}", parent.resolve(name), e.getMessage());
      }
    }
  }

  private static boolean isOwnDirectory(Stat stat) {
    return stat.isDirectory() && stat.uid() == NativeAccess.effectiveUid();
  }

  private static void removeMount(boolean nested, FileDescriptor place) {
    if (FileCalls.stat(place, MOUNT).isEmpty()) {
      return;
    }
    if (nested) {
      try (FileDescriptor below = FileCalls.openChildDirectory(place, MOUNT)) {
        if (FileCalls.stat(below, STICKY).isPresent()) {
          FileCalls.unlink(below, STICKY);
        }
      }
    }
    FileCalls.removeDirectory(place, MOUNT);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RootPlace.class);
  }
}
