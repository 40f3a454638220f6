package io.runcible.snapshot;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Copies layers into one directory, as the overlay file system would show them: whiteouts delete,
 * opaque directories hide. They are told by the marks of the form that each layer has. Walks
 * without recursion, since a tree can be deep.
 */
final class LayerMerge {
  private final FileDescriptor layer;
  private final FileDescriptor target;
  private final boolean keepOwners;
  private final @Nullable LayerOwners owners;
  private final boolean toCopy;
  private final Map<Long, String> linked = new HashMap<>();

  /** Directories get their times last, when nothing is made in them any more. */
  private final List<String> directories = new ArrayList<>();

  private LayerMerge(
      FileDescriptor layer,
      FileDescriptor target,
      boolean keepOwners,
      @Nullable LayerOwners owners,
      boolean toCopy) {
    this.layer = layer;
    this.target = target;
    this.keepOwners = keepOwners;
    this.owners = owners;
    this.toCopy = toCopy;
  }

  /**
   * Merges layers.
   *
   * @param layers the lowest first
   * @param directory where to; empty
   */
  static void merge(List<Path> layers, Path directory, boolean keepOwners) {
    merge(layers, directory, keepOwners, null);
  }

  /**
   * The same with other owners.
   *
   * @param owners null for those of the layers
   */
  static void merge(
      List<Path> layers, Path directory, boolean keepOwners, @Nullable LayerOwners owners) {
    try (FileDescriptor target = FileCalls.openDirectory(directory)) {
      if (owners != null) {
        owners.giveToRoot(target); // There may be no layer.
      }
      for (Path path : layers) {
        try (FileDescriptor layer = FileCalls.openDirectory(path)) {
          boolean toCopy = LayerDirectories.isToCopy(path);
          new LayerMerge(layer, target, keepOwners, owners, toCopy).run();
        }
      }
    } catch (NativeException e) {
      throw new RuncibleException(
          e.kind(), "cannot copy the layers to '" + directory + "': " + e.getMessage(), e);
    }
  }

  /**
   * Gives a directory what another one has of its own, as far as this user may: owner, attributes,
   * mode and times.
   *
   * @param owners null for those of the layer
   */
  static void copyMetadata(
      Path layer, Path directory, boolean keepOwners, @Nullable LayerOwners owners) {
    // By name: the layer may be another's, and closed to this user.
    try (FileDescriptor from = FileCalls.openDirectory(parent(layer));
        FileDescriptor to = FileCalls.openDirectory(parent(directory))) {
      String name = layer.getFileName().toString();
      new LayerMerge(from, to, keepOwners, owners, false)
          .metadata(from, name, to, directory.getFileName().toString());
    }
  }

  private static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent());
  }

  private void run() {
    Deque<String> waiting = new ArrayDeque<>(List.of("."));
    while (!waiting.isEmpty()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new RuncibleException(ErrorKind.CANCELLED, "copying layers was interrupted");
      }
      String path = waiting.pop();
      try (FileDescriptor from = FileCalls.openChildDirectory(layer, path);
          FileDescriptor to = FileCalls.openChildDirectory(target, path)) {
        directories.add(path);
        for (String name : FileCalls.list(from)) {
          if (name.equals(LayerMarks.OPAQUE)) {
            continue;
          }
          Stat stat = FileCalls.stat(from, name).orElseThrow();
          entry(from, to, name, stat, path + "/" + name);
          if (stat.isDirectory()) {
            waiting.push(path + "/" + name);
          }
        }
      }
    }
    for (String path : directories) {
      finish(path);
    }
  }

  private void entry(FileDescriptor from, FileDescriptor to, String name, Stat stat, String path) {
    Optional<Stat> old = FileCalls.stat(to, name);
    boolean both = stat.isDirectory() && old.isPresent() && old.get().isDirectory();
    if (old.isPresent() && !(both && !LayerMarks.isOpaque(from, name))) {
      remove(to, name, old.get());
      both = false;
    }
    if (LayerMarks.isWhiteout(from, name, stat, toCopy)) {
      return;
    }
    if (stat.isDirectory()) {
      if (!both) {
        FileCalls.makeDirectory(to, name, 0700);
      }
      return; // Its metadata comes last: it may forbid writing.
    }
    String first = stat.links() > 1 ? linked.putIfAbsent(stat.inode(), path) : null;
    if (first != null) {
      FileCalls.makeLink(target, first, to, name);
      return;
    }
    make(from, to, name, stat);
    metadata(from, name, to, name);
  }

  private static void remove(FileDescriptor parent, String name, Stat stat) {
    if (stat.isDirectory()) {
      FileCalls.removeTree(parent, name);
    } else {
      FileCalls.unlink(parent, name);
    }
  }

  private static void make(FileDescriptor from, FileDescriptor to, String name, Stat stat) {
    if (stat.isRegular()) {
      try (FileDescriptor source = FileCalls.openFileInRoot(from, name);
          FileDescriptor copy = FileCalls.createFile(to, name, 0600)) {
        FileContent.copy(source, copy);
      }
    } else if (stat.type() == Stat.SYMLINK) {
      FileCalls.makeSymlink(to, name, FileCalls.readLink(from, name));
    } else {
      FileCalls.makeNode(to, name, stat.type() | 0600, stat.deviceMajor(), stat.deviceMinor());
    }
  }

  /** Owner before attributes, which a change of owner clears, and those before the mode. */
  private void metadata(FileDescriptor from, String name, FileDescriptor to, String as) {
    Stat stat = FileCalls.stat(from, name).orElseThrow();
    if (owners != null) {
      FileCalls.chown(to, as, owners.uid(stat.uid()), owners.gid(stat.gid()));
    } else if (keepOwners) {
      FileCalls.chown(to, as, stat.uid(), stat.gid());
    }
    for (String attribute : AttributeCalls.names(from, name)) {
      if (!attribute.contains(".overlay.") && !attribute.equals("security.selinux")) {
        copy(from, name, to, as, attribute);
      }
    }
    if (stat.type() != Stat.SYMLINK) {
      FileCalls.chmod(to, as, stat.permissions());
    }
    FileCalls.setTimes(to, as, stat.modifiedSeconds(), stat.modifiedNanos());
  }

  private void copy(
      FileDescriptor from, String name, FileDescriptor to, String as, String attribute) {
    try {
      AttributeCalls.get(from, name, attribute)
          .map(value -> owners == null ? value : owners.attribute(attribute, value))
          .ifPresent(value -> AttributeCalls.set(to, as, attribute, value));
    } catch (NativeException e) {
      // As for a layer that is unpacked: what may not be made here is left out.
      if (e.errno() != Errno.EOPNOTSUPP && e.errno() != Errno.EPERM && e.errno() != Errno.EACCES) {
        throw e;
      }
    }
  }

  private void finish(String path) {
    int slash = path.lastIndexOf('/');
    String parent = slash < 0 ? "." : path.substring(0, slash);
    String name = slash < 0 ? "." : path.substring(slash + 1);
    try (FileDescriptor from = FileCalls.openChildDirectory(layer, parent);
        FileDescriptor to = FileCalls.openChildDirectory(target, parent)) {
      List<String> wanted = AttributeCalls.names(from, name);
      for (String attribute : AttributeCalls.names(to, name)) {
        if (!wanted.contains(attribute) && !attribute.equals("security.selinux")) {
          AttributeCalls.remove(to, name, attribute);
        }
      }
      metadata(from, name, to, name);
    }
  }
}
