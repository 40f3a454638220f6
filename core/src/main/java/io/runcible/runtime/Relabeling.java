package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.TreeReads;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Gives a tree another label while somebody else may write there, a container for instance. What
 * gets the label is opened first, through no symbolic link and on the mount of the tree, so that it
 * lies in the tree whatever becomes of the names. What vanishes meanwhile is passed over.
 */
final class Relabeling {
  private final FileDescriptor top;
  private final Consumer<FileDescriptor> label;
  private final Deque<String> waiting = new ArrayDeque<>();

  private Relabeling(FileDescriptor top, Consumer<FileDescriptor> label) {
    this.top = top;
    this.label = label;
  }

  /** Without recursion, since a tree can be deep. */
  static void run(FileDescriptor top, Consumer<FileDescriptor> label) {
    new Relabeling(top, label).run();
  }

  private void run() {
    label.accept(top);
    if (FileCalls.stat(top).isDirectory()) {
      waiting.push(".");
    }
    while (!waiting.isEmpty()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new RuncibleException(ErrorKind.CANCELLED, "another label was interrupted");
      }
      String path = waiting.pop();
      Optional<FileDescriptor> found = TreeReads.openEntry(top, path);
      if (found.isPresent()) {
        try (FileDescriptor entry = found.get()) {
          labelEntries(entry, path);
        }
      }
    }
  }

  private void labelEntries(FileDescriptor found, String path) {
    if (!FileCalls.stat(found).isDirectory()) {
      return; // By now.
    }
    try (FileDescriptor directory = FileCalls.openChildDirectory(found, ".")) {
      for (List<String> names = some(directory); !names.isEmpty(); names = some(directory)) {
        for (String name : names) {
          Optional<FileDescriptor> entry = TreeReads.openEntry(directory, name);
          if (entry.isPresent()) {
            label(entry.get(), path + "/" + name);
          }
        }
      }
    }
  }

  private static List<String> some(FileDescriptor directory) {
    try {
      return FileCalls.listSome(directory);
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOENT) {
        return List.of(); // It was removed.
      }
      throw e;
    }
  }

  private void label(FileDescriptor opened, String path) {
    try (FileDescriptor entry = opened) {
      label.accept(entry);
      if (FileCalls.stat(entry).isDirectory()) {
        waiting.push(path);
      }
    }
  }
}
