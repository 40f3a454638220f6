package io.runcible.ffi;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Empties a directory, never through a symbolic link. A container may have made the tree below, so
 * it can be of any depth, deeper than a path name or a stack can be, and of any width: what lies
 * too deep is moved up to the top first, and names are read a few at a time.
 */
final class TreeRemoval {
  /** Also the number of descriptors held open. */
  private static final int MAX_DEPTH = 64;

  private final FileDescriptor top;
  private final String prefix = ".remove-" + UUID.randomUUID() + "-";
  private long moved;

  private TreeRemoval(FileDescriptor top) {
    this.top = top;
  }

  static void empty(FileDescriptor directory) {
    try (FileDescriptor top = FileCalls.openChildDirectory(directory, ".")) {
      TreeRemoval removal = new TreeRemoval(top);
      removal.empty(top, 0);
      for (long done = 0; done < removal.moved; done++) {
        removal.remove(top, removal.prefix + done, 0);
      }
    }
  }

  /** Removes a directory with all below it. */
  static void remove(FileDescriptor parent, String name) {
    try (FileDescriptor directory = FileCalls.openChildDirectory(parent, name)) {
      empty(directory);
    }
    FileCalls.removeDirectory(parent, name);
  }

  private void empty(FileDescriptor directory, int depth) {
    while (removeListed(directory, depth)) {
      // Once more, in case that the removals have moved what was not seen yet.
    }
  }

  /** Whether there was any. */
  private boolean removeListed(FileDescriptor directory, int depth) {
    boolean any = false;
    FileContent.seek(directory, 0);
    for (List<String> names = FileCalls.listSome(directory);
        !names.isEmpty();
        names = FileCalls.listSome(directory)) {
      any = true;
      for (String name : names) {
        remove(directory, name, depth);
      }
    }
    return any;
  }

  private void removeDirectory(FileDescriptor parent, String name, int depth) {
    try (FileDescriptor directory = FileCalls.openChildDirectory(parent, name)) {
      removeListed(directory, depth);
      try {
        FileCalls.removeDirectory(parent, name);
      } catch (NativeException e) {
        if (e.errno() != Errno.ENOTEMPTY) {
          throw e;
        }
        empty(directory, depth);
        FileCalls.removeDirectory(parent, name);
      }
    }
  }

  /** A name that vanishes meanwhile is as good as removed. */
  private void remove(FileDescriptor parent, String name, int depth) {
    Optional<Stat> stat = FileCalls.stat(parent, name);
    if (stat.isEmpty()) {
      return;
    }
    try {
      if (!stat.get().isDirectory()) {
        FileCalls.unlink(parent, name);
      } else if (depth == MAX_DEPTH) {
        FileCalls.rename(parent, name, top, prefix + moved);
        moved++;
      } else {
        removeDirectory(parent, name, depth + 1);
      }
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT) {
        throw e;
      }
    }
  }
}
