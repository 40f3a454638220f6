package io.runcible.archive;

import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.util.function.Predicate;

/** Removes names with all that lies below them, never through a symbolic link. */
final class TreeRemover {
  private final LayerTarget target;
  private final MadeNames made;

  TreeRemover(LayerTarget target, MadeNames made) {
    this.target = target;
    this.made = made;
  }

  /** Removes a name and everything below. */
  void remove(FileDescriptor parent, long parentInode, String name, Stat stat) {
    remove(parent, parentInode, name, stat, path -> false);
  }

  /**
   * Removes a name and everything below that earlier layers made.
   *
   * @return whether nothing is left of it
   */
  boolean removeEarlier(FileDescriptor parent, long parentInode, String name, Stat stat) {
    return remove(parent, parentInode, name, stat, path -> made.contains(path.inode, path.name));
  }

  /** {@link #removeEarlier} for everything in a directory. */
  void removeEarlierContent(FileDescriptor directory, long inode) {
    try (FileDescriptor open = FileCalls.openChildDirectory(directory, ".")) {
      for (String name : FileCalls.list(open)) {
        FileCalls.stat(open, name).ifPresent(stat -> removeEarlier(open, inode, name, stat));
      }
    }
  }

  private boolean remove(
      FileDescriptor parent, long parentInode, String name, Stat stat, Predicate<Place> keep) {
    boolean kept = keep.test(new Place(parentInode, name));
    if (!stat.isDirectory()) {
      if (!kept) {
        FileCalls.unlink(parent, name);
        made.forget(parentInode, name);
      }
      return !kept;
    }
    boolean empty = true;
    try (FileDescriptor directory = open(parent, name)) {
      for (String child : FileCalls.list(directory)) {
        Stat childStat = FileCalls.stat(directory, child).orElse(null);
        empty &= childStat == null || remove(directory, stat.inode(), child, childStat, keep);
      }
    }
    if (!empty || kept) {
      return false;
    }
    FileCalls.removeDirectory(parent, name);
    made.forget(parentInode, name);
    made.forgetDirectory(stat.inode());
    return true;
  }

  /** A directory may be closed to its own owner, where that is not root. */
  private FileDescriptor open(FileDescriptor parent, String name) {
    if (target.unprivileged()) {
      FileCalls.chmod(parent, name, 0700);
    }
    return FileCalls.openChildDirectory(parent, name);
  }

  private record Place(long inode, String name) {}
}
