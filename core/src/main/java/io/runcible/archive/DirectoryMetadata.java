package io.runcible.archive;

import io.runcible.ffi.FileCalls;
import io.runcible.ffi.Stat;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What directories get when nothing is written into them any more: their times, and modes that
 * would have kept their own owner out. A directory is known by its inode, because symbolic links
 * give it several paths.
 */
final class DirectoryMetadata {
  static final int KEEP_MODE = -1;

  private final ArchiveBudget budget;
  private final boolean restoring;
  private final Map<Long, Pending> pending = new HashMap<>();

  /**
   * For the directories of a tree.
   *
   * @param budget their names count there
   * @param restoring whether those without an entry keep their times, too
   */
  DirectoryMetadata(ArchiveBudget budget, boolean restoring) {
    this.budget = budget;
    this.restoring = restoring;
  }

  private record Pending(long inode, String path, long seconds, int nanos, int mode) {}

  /** What an entry says; the last one counts. */
  void set(long inode, String path, long seconds, int nanos, int mode) {
    budget.name(path);
    pending.put(inode, new Pending(inode, path, seconds, nanos, mode));
  }

  /** What a directory had before, unless an entry says otherwise. */
  void restore(String path, Stat stat) {
    if (!restoring) {
      return;
    }
    long inode = stat.inode();
    if (!pending.containsKey(inode)) {
      set(inode, path, stat.modifiedSeconds(), stat.modifiedNanos(), stat.permissions());
    }
  }

  /** What a directory had does not concern it any more. */
  void forget(long inode) {
    pending.remove(inode);
  }

  /** Sets everything, the deepest directories first. */
  void apply(ParentDirectories parents) {
    pending.values().stream()
        .sorted((a, b) -> b.path.compareTo(a.path))
        .forEach(
            wanted -> {
              LayerTarget.checkInterrupt();
              apply(parents.find(wanted.path), wanted);
              parents.release();
            });
    pending.clear();
  }

  private static void apply(ParentDirectories.@Nullable Directory directory, Pending wanted) {
    // A later entry may have put something else in its place.
    if (directory == null || directory.inode() != wanted.inode) {
      return;
    }
    // Times before the mode, after which the directory may be closed to this process.
    FileCalls.setTimes(directory.fd(), ".", wanted.seconds, wanted.nanos);
    if (wanted.mode != KEEP_MODE && wanted.mode != directory.mode()) {
      FileCalls.chmod(directory.fd(), ".", wanted.mode);
    }
  }
}
