package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Directories in the root file system of a container that does not run yet. */
final class RootDirectories {
  private static final int MAX_VOLUMES = 64;
  private static final int MODE = 0755;

  private RootDirectories() {}

  /**
   * Refuses an image in which the place of a kernel file system is a symbolic link: runtimes have
   * been led astray by such links.
   */
  static void check(Path rootfs) {
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      for (String name : List.of("proc", "sys", "dev")) {
        Optional<Stat> stat = FileCalls.stat(root, name);
        if (stat.isPresent() && !stat.get().isDirectory()) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT,
              "/" + name + " of the image is not a directory; such an image is not run");
        }
      }
    }
  }

  /**
   * Makes sure that directories exist, each component resolved inside the root.
   *
   * @param rootfs the root as this process sees it
   * @param mounted the root as the runtime sees it
   * @param volumes absolute paths that an image names; those that cannot be a directory are left
   *     out
   * @return the directories without symbolic links, as the runtime sees them
   */
  static List<Path> make(Path rootfs, Path mounted, Set<String> volumes) {
    List<Path> made = new ArrayList<>();
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      Path real = Path.of(root.procPath()).toRealPath();
      for (String volume : volumes.stream().sorted().limit(MAX_VOLUMES).toList()) {
        if (isUsable(volume)) {
          Path inside = makeOne(root, volume);
          if (inside.startsWith(real)) {
            made.add(mounted.resolve(real.relativize(inside)));
          }
        }
      }
      return made;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot resolve the volumes of the image", e);
    }
  }

  private static boolean isUsable(String volume) {
    Path path = Path.of("/").resolve(volume.replace('\0', '_')).normalize();
    return volume.startsWith("/")
        && volume.indexOf('\0') < 0
        && path.getNameCount() > 0
        && !List.of("proc", "sys", "dev").contains(path.getName(0).toString());
  }

  private static Path makeOne(FileDescriptor root, String volume) throws IOException {
    String reached = ".";
    for (Path component : Path.of(volume).normalize()) {
      String name =
          new String(
              component.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
      try (FileDescriptor parent = FileCalls.openDirectoryInRoot(root, reached)) {
        if (FileCalls.stat(parent, name).isEmpty()) {
          FileCalls.makeDirectory(parent, name, MODE);
        }
      }
      reached = reached + "/" + name;
    }
    try (FileDescriptor directory = FileCalls.openDirectoryInRoot(root, reached)) {
      return Files.readSymbolicLink(Path.of(directory.procPath()));
    }
  }
}
