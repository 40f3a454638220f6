package io.runcible.archive;

import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

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
    remove(parent, new Place(parentInode, name), stat, path -> false, (directory, leaf) -> {});
  }

  /** Is told of a directory that stays for what is in it, by its parent and its name. */
  interface Stays {
    void at(FileDescriptor parent, String name);
  }

  /** Removes a name and everything below that earlier layers made. */
  void removeEarlier(FileDescriptor parent, long parentInode, String name, Stat stat, Stays stays) {
    Predicate<Place> isMade = place -> made.contains(place.inode, place.name);
    remove(parent, new Place(parentInode, name), stat, isMade, stays);
  }

  /** {@link #removeEarlier} for everything in a directory. */
  void removeEarlierContent(FileDescriptor directory, long inode, Stays stays) {
    try (FileDescriptor open = FileCalls.openChildDirectory(directory, ".")) {
      for (String name : FileCalls.list(open)) {
        FileCalls.stat(open, name).ifPresent(stat -> removeEarlier(open, inode, name, stat, stays));
      }
    }
  }

  private void remove(
      FileDescriptor parent, Place place, Stat stat, Predicate<Place> keep, Stays stays) {
    if (!stat.isDirectory()) {
      if (!keep.test(place)) {
        unlink(parent, place);
      }
      return;
    }
    // Parents before what they hold, not recursive and without a descriptor for each level: a layer
    // can be deeper than a stack, and than this process may have files open.
    List<Doomed> directories = new ArrayList<>();
    directories.add(doom(parent, place, place.name, stat, null));
    for (int i = 0; i < directories.size(); i++) {
      directories.addAll(removeFiles(parent, directories.get(i), keep));
    }
    for (int i = directories.size() - 1; i >= 0; i--) {
      removeIfEmpty(parent, directories.get(i), keep, stays);
    }
  }

  /** Removes the files of a directory, and returns its directories. */
  private List<Doomed> removeFiles(FileDescriptor top, Doomed parent, Predicate<Place> keep) {
    List<Doomed> directories = new ArrayList<>();
    try (FileDescriptor directory = FileCalls.openChildDirectory(top, parent.path)) {
      for (String child : FileCalls.list(directory)) {
        Stat stat = FileCalls.stat(directory, child).orElse(null);
        Place place = new Place(parent.inode, child);
        if (stat == null) {
          continue;
        }
        if (stat.isDirectory()) {
          String path = RawName.child(parent.path, child);
          directories.add(doom(directory, place, path, stat, parent));
        } else if (keep.test(place)) {
          parent.kept = true;
        } else {
          unlink(directory, place);
        }
      }
    }
    return directories;
  }

  private void removeIfEmpty(
      FileDescriptor top, Doomed doomed, Predicate<Place> keep, Stays stays) {
    boolean wanted = keep.test(doomed.place);
    boolean kept = doomed.kept || wanted;
    if (kept && doomed.parent != null) {
      doomed.parent.kept = true;
    }
    if (wanted) {
      return;
    }
    String parent = RawName.parent(doomed.path);
    try (FileDescriptor directory =
        FileCalls.openChildDirectory(top, parent.isEmpty() ? "." : parent)) {
      if (kept) {
        stays.at(directory, doomed.place.name);
        return;
      }
      FileCalls.removeDirectory(directory, doomed.place.name);
    }
    made.forget(doomed.place.inode, doomed.place.name);
    made.forgetDirectory(doomed.inode);
  }

  private void unlink(FileDescriptor directory, Place place) {
    FileCalls.unlink(directory, place.name);
    made.forget(place.inode, place.name);
  }

  private Doomed doom(
      FileDescriptor parent, Place place, String path, Stat stat, @Nullable Doomed above) {
    target.openToOwner(parent, place.name, stat);
    return new Doomed(place, path, stat.inode(), above);
  }

  /** The name in the directory with that inode. */
  private record Place(long inode, String name) {}

  /** A directory that goes, unless something is kept in it; the path is from the first one's. */
  private static final class Doomed {
    final Place place;
    final String path;
    final long inode;
    final @Nullable Doomed parent;
    boolean kept;

    Doomed(Place place, String path, long inode, @Nullable Doomed parent) {
      this.place = place;
      this.path = path;
      this.inode = inode;
      this.parent = parent;
    }
  }
}
