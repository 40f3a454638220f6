package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Directories in the root file system of a container that does not run yet. */
final class RootDirectories {
  private static final int MAX_VOLUMES = 64;
  private static final int MODE = 0755;
  static final List<String> KERNEL = List.of("proc", "sys", "dev");

  /** A file in the way, a link to nowhere or in circles, a name that is too long. */
  static final Set<Integer> NO_DIRECTORY =
      Set.of(Errno.ENOTDIR, Errno.ENOENT, Errno.EEXIST, Errno.ELOOP, Errno.ENAMETOOLONG);

  private RootDirectories() {}

  /**
   * Refuses an image in which the place of a kernel file system is a symbolic link: runtimes have
   * been led astray by such links.
   */
  static void check(Path rootfs) {
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      for (String name : KERNEL) {
        Optional<Stat> stat = FileCalls.stat(root, name);
        if (stat.isPresent() && !stat.get().isDirectory()) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT,
              "/" + name + " of the image is not a directory; such an image is not run");
        }
      }
    }
  }

  /** Whether there is anything in it, as in the directory of each image. */
  static boolean isMounted(Path rootfs) {
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      return !FileCalls.list(root).isEmpty();
    }
  }

  /**
   * Makes sure that directories exist, each component resolved inside the root.
   *
   * @param rootfs the root as this process sees it
   * @param mounted the root as the runtime sees it
   * @param volumes absolute paths that an image names; those that cannot be a directory are left
   *     out
   * @param owner to whose root what is made belongs
   * @return the directories without symbolic links, as the runtime sees them
   */
  static List<Path> make(Path rootfs, Path mounted, Set<String> volumes, IdMaps owner) {
    List<Path> made = new ArrayList<>();
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      Path real = Path.of(root.procPath()).toRealPath();
      for (String volume : volumes.stream().sorted().limit(MAX_VOLUMES).toList()) {
        makeOne(root, volume, owner)
            .filter(inside -> inside.startsWith(real))
            .ifPresent(inside -> made.add(mounted.resolve(real.relativize(inside))));
      }
      return made;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot resolve the volumes of the image", e);
    }
  }

  /** Empty if there can be no such directory in this root. */
  private static Optional<Path> makeOne(FileDescriptor root, String volume, IdMaps owner)
      throws IOException {
    List<String> names = names(volume);
    if (!volume.startsWith("/")
        || volume.indexOf('\0') >= 0
        || names.isEmpty()
        || KERNEL.contains(names.get(0))) {
      return Optional.empty();
    }
    String reached = ".";
    try {
      for (String name : names) {
        try (FileDescriptor parent = FileCalls.openDirectoryInRoot(root, reached)) {
          if (FileCalls.stat(parent, name).isEmpty()) {
            makeDirectory(parent, name);
            owner.give(parent, name);
          }
        }
        reached = reached + "/" + name;
      }
      try (FileDescriptor directory = FileCalls.openDirectoryInRoot(root, reached)) {
        return Optional.of(Files.readSymbolicLink(Path.of(directory.procPath())));
      }
    } catch (NativeException e) {
      if (NO_DIRECTORY.contains(e.errno())) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** One that everybody may enter, whatever the umask of this process. */
  static void makeDirectory(FileDescriptor parent, String name) {
    FileCalls.makeDirectory(parent, name, MODE);
    FileCalls.chmod(parent, name, MODE);
  }

  /** The raw names on the way, without steps that are none. Not a Path: that is the host's text. */
  static List<String> names(String volume) {
    byte[] utf8 = volume.getBytes(StandardCharsets.UTF_8);
    Deque<String> names = new ArrayDeque<>();
    for (String name : new String(utf8, StandardCharsets.ISO_8859_1).split("/", -1)) {
      if (name.equals("..")) {
        names.pollLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.addLast(name);
      }
    }
    return List.copyOf(names);
  }
}
