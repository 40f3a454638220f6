package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where mounts really go in a root file system that nobody changes yet, but that a hostile image
 * has made: the kernel resolves each path inside the root, what is missing there is made, and the
 * runtime is given a path without symbolic links. What lies below another mount is left to the
 * runtime, which alone sees what is there.
 */
final class MountTargets implements AutoCloseable {
  private static final int FILE_MODE = 0644;
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final FileDescriptor root;

  /** Names are raw, as those of {@link FileCalls}: an image need not have the host's text. */
  private final String real;

  private final IdMaps owner;
  private final Set<String> taken = new HashSet<>();

  /**
   * Opens the root as this process sees it.
   *
   * @param owner to whose root what is made belongs
   */
  MountTargets(Path rootfs, IdMaps owner) {
    this.owner = owner;
    root = FileCalls.openDirectory(rootfs);
    try {
      real = nameOf(root);
    } catch (RuntimeException e) {
      root.close();
      throw e;
    }
  }

  /**
   * The path to give to the runtime; the ones above it come first.
   *
   * @param directory whether a directory is mounted there, and not a file
   * @throws RuncibleException INVALID_INPUT if the image leads it to where no mount may be, or the
   *     path is taken; FAILED_PRECONDITION if there is a file in the place of a directory or the
   *     other way round
   */
  String take(String destination, boolean directory) {
    String target = resolve(destination, directory);
    if (!taken.add(target)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "two mounts have the same place in the container: '" + destination + "'");
    }
    return text(target);
  }

  /**
   * Gives a directory that will be hidden a mode: runtimes give that of the directory to a file
   * system in memory, whatever else they are told.
   */
  void setMode(String path, int mode) {
    if (isOfKernel(path)) {
      return;
    }
    try (FileDescriptor found = FileCalls.openDirectoryInRoot(root, raw(path))) {
      if (FileCalls.stat(found).permissions() != mode) {
        FileCalls.chmodOpened(found, mode);
      }
    } catch (NativeException e) {
      boolean notOurs = e.kind() == ErrorKind.PERMISSION_DENIED;
      if (!notOurs && !RootDirectories.NO_DIRECTORY.contains(e.errno())) {
        throw e;
      }
    }
  }

  /** The directory of the root that a path leads to; empty if there is none. */
  Optional<String> find(String path) {
    try (FileDescriptor found = FileCalls.openDirectoryInRoot(root, raw(path))) {
      return Optional.of(text(inside(found)));
    } catch (NativeException e) {
      if (RootDirectories.NO_DIRECTORY.contains(e.errno())) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private String resolve(String destination, boolean directory) {
    List<String> names = RootDirectories.names(destination);
    String plain = "/" + String.join("/", names);
    if (RootDirectories.KERNEL.contains(names.get(0))) {
      return plain; // In a file system that the runtime mounts.
    }
    String reached = "";
    try {
      for (int i = 0; i < names.size(); i++) {
        boolean last = i == names.size() - 1;
        reached = step(destination, reached, names.get(i), !last || directory, last);
        if (taken.contains(reached)) {
          String rest = String.join("/", names.subList(i + 1, names.size()));
          return last ? reached : reached + "/" + rest;
        }
      }
      return reached;
    } catch (NativeException e) {
      // A link to nowhere, or a directory that only root of the container may enter: the runtime
      // resolves it, inside the root, too.
      if (e.errno() == Errno.EACCES || e.errno() == Errno.ENOENT) {
        return plain;
      }
      throw new RuncibleException(
          e.kind(), "cannot mount on '" + destination + "': " + e.getMessage(), e);
    }
  }

  private String step(
      String destination, String reached, String name, boolean directory, boolean last) {
    try (FileDescriptor parent =
        FileCalls.openDirectoryInRoot(root, reached.isEmpty() ? "." : reached)) {
      if (FileCalls.stat(parent, name).isEmpty()) {
        make(parent, name, directory);
      }
    }
    try (FileDescriptor found = FileCalls.openNameInRoot(root, reached + "/" + name)) {
      boolean isDirectory = FileCalls.stat(found).isDirectory();
      if (isDirectory != directory) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "cannot mount on '"
                + destination
                + "': "
                + (last ? "it" : "a part of it")
                + " is "
                + (isDirectory ? "a directory, and no file" : "no directory")
                + " in the image");
      }
      String target = inside(found);
      if (target.isEmpty() ? last : isOfKernel(target)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "cannot mount on '"
                + destination
                + "': a symbolic link in the image leads to '"
                + (target.isEmpty() ? "/" : text(target))
                + "'");
      }
      return target;
    }
  }

  private void make(FileDescriptor parent, String name, boolean directory) {
    if (directory) {
      RootDirectories.makeDirectory(parent, name);
    } else {
      FileCalls.createFile(parent, name, FILE_MODE).close();
    }
    owner.give(parent, name);
  }

  private static boolean isOfKernel(String target) {
    return RootDirectories.KERNEL.contains(target.substring(1).split("/", 2)[0]);
  }

  /** The path in the container of something open; empty for its root. */
  private String inside(FileDescriptor found) {
    String path = nameOf(found);
    if (!path.equals(real) && !path.startsWith(real + "/")) {
      throw new RuncibleException(ErrorKind.INTERNAL, "'" + path + "' is not in '" + real + "'");
    }
    return path.substring(real.length());
  }

  private static String nameOf(FileDescriptor file) {
    try (FileDescriptor descriptors = FileCalls.openDirectory(DESCRIPTORS)) {
      return FileCalls.readLink(descriptors, Path.of(file.procPath()).getFileName().toString());
    }
  }

  private static String raw(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static String text(String raw) {
    return new String(raw.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    root.close();
  }
}
