package io.runcible.archive;

import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds what makes one tree into another. Files are compared by content, not by time alone. */
final class TreesWalk {
  private static final int BUFFER = 256 * 1024;

  /** Two trees of the same ids, of which the root counts, too. */
  static final Kin OF_THEIR_OWN = new Kin(Optional.empty());

  private final @Nullable FileDescriptor lowerRoot;
  private final FileDescriptor upperRoot;
  private final TreeEntries entries;
  private final String place;
  private final Kin kin;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private final ByteBuffer one = ByteBuffer.allocateDirect(BUFFER);
  private final ByteBuffer other = ByteBuffer.allocateDirect(BUFFER);

  /** A directory to come, and whether the lower tree has one there, too. */
  private record Pending(String path, boolean merged) {}

  /**
   * What the one tree has to do with the other.
   *
   * @param copied if the upper one is a copy of the lower one: what became of the owners. Then its
   *     root belongs to who made it, and names of one file may have become files of their own
   */
  record Kin(Optional<Ownership> copied) {
    boolean sameOwner(Stat below, Stat above) {
      return copied.isEmpty()
          ? below.uid() == above.uid() && below.gid() == above.gid()
          : copied.get().isUid(unsigned(below.uid()), unsigned(above.uid()))
              && copied.get().isGid(unsigned(below.gid()), unsigned(above.gid()));
    }

    private static long unsigned(int id) {
      return Integer.toUnsignedLong(id);
    }

    boolean sameLinks(Stat below, Stat above) {
      return below.links() == above.links() || copied.isPresent() && above.links() < below.links();
    }

    /** The attributes of the lower tree, which has the ids of the layer if the upper is a copy. */
    Map<String, byte[]> below(TreeEntries entries, String path, FileDescriptor at, String leaf) {
      return copied.isEmpty()
          ? entries.attributes(path, at, leaf)
          : entries.attributes(path, at, leaf, Ownership.EXACT);
    }
  }

  /**
   * A walk.
   *
   * @param place what the root of the trees is called in the layer; empty for its root
   */
  TreesWalk(
      @Nullable FileDescriptor lowerRoot,
      FileDescriptor upperRoot,
      TreeEntries entries,
      String place,
      Kin kin) {
    this.lowerRoot = lowerRoot;
    this.upperRoot = upperRoot;
    this.entries = entries;
    this.place = place;
    this.kin = kin;
  }

  private String named(String path) {
    return path.isEmpty() ? place : RawName.child(place, path);
  }

  void run() throws IOException {
    pending.push(new Pending("", lowerRoot != null));
    while (!pending.isEmpty()) {
      Pending next = pending.pop();
      try (FileDescriptor upper = TreeReads.openDirectory(upperRoot, next.path);
          @Nullable FileDescriptor lower =
              next.merged && lowerRoot != null
                  ? TreeReads.openDirectory(lowerRoot, next.path)
                  : null) {
        directory(lower, upper, next.path);
      } catch (NativeException e) {
        if (e.errno() != Errno.ENOENT || next.path.isEmpty()) {
          throw TreeEntries.failed(next.path, e);
        }
        // Gone since it was listed.
      }
    }
    entries.finish();
  }

  private void directory(@Nullable FileDescriptor lower, FileDescriptor upper, String within)
      throws IOException {
    String path = named(within);
    Stat stat = FileCalls.stat(upper);
    Map<String, byte[]> attributes = entries.attributes(path, upper, ".");
    boolean counts = !within.isEmpty() || kin.copied().isEmpty();
    if (counts
        && (lower == null
            || !sameMetadata(FileCalls.stat(lower), stat)
            || !same(kin.below(entries, path, lower, "."), attributes))) {
      entries.directory(path, upper, stat, attributes);
    }
    if (within.isEmpty() && !place.isEmpty()) {
      entries.opaque(place);
    }
    TreeSet<String> names = new TreeSet<>(entries.list(upper));
    if (lower != null) {
      names.addAll(entries.list(lower));
    }
    List<Pending> directories = new ArrayList<>();
    for (String name : names) {
      String child = RawName.child(path, name);
      if (entries.representable(child, name)) {
        Stat above = FileCalls.stat(upper, name).orElse(null);
        Stat below = lower == null ? null : FileCalls.stat(lower, name).orElse(null);
        if (above != null && above.isDirectory()) {
          directories.add(
              new Pending(RawName.child(within, name), below != null && below.isDirectory()));
        } else {
          leaf(lower, upper, name, path, below, above);
        }
      }
    }
    for (int i = directories.size() - 1; i >= 0; i--) {
      pending.push(directories.get(i));
    }
  }

  private void leaf(
      @Nullable FileDescriptor lower,
      FileDescriptor upper,
      String name,
      String parent,
      @Nullable Stat below,
      @Nullable Stat above)
      throws IOException {
    String path = RawName.child(parent, name);
    if (above == null) {
      if (below != null) {
        entries.whiteout(parent, name);
      }
      return;
    }
    try {
      if (lower == null || below == null || !same(lower, below, upper, above, name)) {
        entries.leaf(upper, name, path, above);
      } else {
        entries.unchanged(path, above);
      }
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT) {
        throw TreeEntries.failed(path, e);
      }
    }
  }

  private boolean same(
      FileDescriptor lower, Stat below, FileDescriptor upper, Stat above, String name) {
    if (below.inode() == above.inode() && below.fileSystem() == above.fileSystem()) {
      return true;
    }
    boolean alike =
        sameMetadata(below, above)
            && below.size() == above.size()
            && kin.sameLinks(below, above)
            && below.deviceMajor() == above.deviceMajor()
            && below.deviceMinor() == above.deviceMinor()
            && same(kin.below(entries, name, lower, name), entries.attributes(name, upper, name));
    if (!alike) {
      return false;
    }
    return switch (above.type()) {
      case Stat.REGULAR -> sameContent(lower, upper, name);
      case Stat.SYMLINK -> FileCalls.readLink(lower, name).equals(FileCalls.readLink(upper, name));
      default -> true;
    };
  }

  private boolean sameMetadata(Stat below, Stat above) {
    return below.mode() == above.mode()
        && kin.sameOwner(below, above)
        && below.modifiedSeconds() == above.modifiedSeconds()
        && below.modifiedNanos() == above.modifiedNanos();
  }

  private static boolean same(Map<String, byte[]> below, Map<String, byte[]> above) {
    return below.keySet().equals(above.keySet())
        && below.entrySet().stream()
            .allMatch(entry -> Arrays.equals(entry.getValue(), above.get(entry.getKey())));
  }

  private boolean sameContent(FileDescriptor lower, FileDescriptor upper, String name) {
    try (TreeReads.@Nullable OpenFile below = TreeReads.openFile(lower, name);
        TreeReads.@Nullable OpenFile above = TreeReads.openFile(upper, name)) {
      if (below == null || above == null) {
        return false;
      }
      while (true) {
        fill(below.file(), one.clear());
        fill(above.file(), other.clear());
        if (!one.flip().equals(other.flip())) {
          return false;
        }
        if (one.limit() < BUFFER) {
          return true;
        }
      }
    }
  }

  private static void fill(FileDescriptor file, ByteBuffer buffer) {
    while (buffer.hasRemaining() && FileContent.read(file, buffer) > 0) {
      // Until it is full, or the file has ended.
    }
  }
}
