package io.runcible.archive;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Takes the upper directory of an overlay mount for what it means: device nodes 0:0 are removals,
 * marked directories hide what is below.
 */
final class OverlayWalk {
  private final FileDescriptor root;
  private final String marks;
  private final TreeEntries entries;

  /**
   * Directories to come; a loop and not recursive, since a container makes them as deep as it
   * likes.
   */
  private final Deque<String> pending = new ArrayDeque<>();

  OverlayWalk(FileDescriptor root, LayerFormat format, TreeEntries entries) {
    this.root = root;
    this.entries = entries;
    this.marks = format.marks();
  }

  void run() throws IOException {
    pending.push("");
    while (!pending.isEmpty()) {
      String path = pending.pop();
      try (FileDescriptor directory = TreeReads.openDirectory(root, path)) {
        directory(directory, path);
      } catch (NativeException e) {
        if (e.errno() != Errno.ENOENT || path.isEmpty()) {
          throw TreeEntries.failed(path, e);
        }
        // Gone since it was listed.
      }
    }
  }

  private void directory(FileDescriptor directory, String path) throws IOException {
    // The root of the upper directory was made by who mounted it.
    if (!path.isEmpty()) {
      entries.directory(
          path, directory, FileCalls.stat(directory), entries.attributes(path, directory, "."));
    }
    if (isMarked(directory, ".", "opaque", "y")) {
      entries.opaque(path);
    }
    boolean mayHaveMarkedFiles = isMarked(directory, ".", "opaque", "x");
    List<String> directories = new ArrayList<>();
    for (String name : entries.list(directory)) {
      String child = RawName.child(path, name);
      Stat stat = FileCalls.stat(directory, name).orElse(null);
      if (stat == null || !entries.representable(child, name)) {
        continue;
      }
      if (stat.isDirectory()) {
        directories.add(child);
      } else {
        leaf(directory, name, path, stat, mayHaveMarkedFiles);
      }
    }
    for (int i = directories.size() - 1; i >= 0; i--) {
      pending.push(directories.get(i));
    }
  }

  private void leaf(
      FileDescriptor directory, String name, String parent, Stat stat, boolean mayBeMarked)
      throws IOException {
    boolean node =
        stat.type() == Stat.CHARACTER_DEVICE && stat.deviceMajor() == 0 && stat.deviceMinor() == 0;
    boolean marked =
        mayBeMarked
            && stat.isRegular()
            && stat.size() == 0
            && AttributeCalls.get(directory, name, marks + "whiteout").isPresent();
    if (node || marked) {
      entries.whiteout(parent, name);
      return;
    }
    String path = RawName.child(parent, name);
    try {
      entries.leaf(directory, name, path, stat);
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT) {
        throw TreeEntries.failed(path, e);
      }
    }
  }

  private boolean isMarked(FileDescriptor parent, String leaf, String mark, String value) {
    return AttributeCalls.get(parent, leaf, marks + mark)
        .filter(found -> found.length == 1 && found[0] == value.charAt(0))
        .isPresent();
  }
}
