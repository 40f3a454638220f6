package io.runcible.archive;

import io.runcible.archive.LowerLayers.Found;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Notes what changed in an upper directory, instead of writing it. */
final class ChangeEntries extends TreeEntries {
  private final LowerLayers lower;
  private final Ownership ownership;
  private final TreeMap<String, FileChange.Kind> changes = new TreeMap<>();

  /** Directories that may be in the upper directory for what lies in them alone. */
  private final Set<String> passed = new HashSet<>();

  ChangeEntries(DiffOptions options, LowerLayers lower) {
    super(new TarWriter(OutputStream.nullOutputStream()), options);
    this.lower = lower;
    this.ownership = options.ownership();
  }

  @Override
  void whiteout(String parent, String name) {
    String path = RawName.child(parent, name);
    if (lower.has(path)) {
      note(path, FileChange.Kind.DELETED);
    }
  }

  /** What is gone with it is what the directory itself was changed in. */
  @Override
  void opaque(String path) {
    passed.remove(path);
  }

  @Override
  void directory(String path, FileDescriptor directory, Stat stat, Map<String, byte[]> attributes) {
    @Nullable Found below = lower.find(path);
    note(path, below == null ? FileChange.Kind.ADDED : FileChange.Kind.CHANGED);
    if (below != null && isLike(below.stat(), stat)) {
      passed.add(path);
    }
  }

  /** Layers below have the ids inside. */
  private boolean isLike(Stat below, Stat above) {
    return below.mode() == above.mode()
        && ownership.isUid(Integer.toUnsignedLong(below.uid()), Integer.toUnsignedLong(above.uid()))
        && ownership.isGid(
            Integer.toUnsignedLong(below.gid()), Integer.toUnsignedLong(above.gid()));
  }

  @Override
  void leaf(FileDescriptor parent, String leaf, String path, Stat stat) {
    note(path, lower.has(path) ? FileChange.Kind.CHANGED : FileChange.Kind.ADDED);
  }

  private void note(String path, FileChange.Kind kind) {
    count(path, 0);
    changes.put(path, kind);
  }

  /** With the directories that lead to them, which an overlay has, and a copy may not have told. */
  List<FileChange> changes() {
    TreeMap<String, FileChange.Kind> found = new TreeMap<>();
    changes.forEach(
        (path, kind) -> {
          if (!passed.contains(path) || hasChangesBelow(path)) {
            found.put(path, kind);
            for (String above = RawName.parent(path);
                !above.isEmpty() && !changes.containsKey(above) && !found.containsKey(above);
                above = RawName.parent(above)) {
              found.put(above, FileChange.Kind.CHANGED);
            }
          }
        });
    List<FileChange> told = new ArrayList<>();
    found.forEach((path, kind) -> told.add(new FileChange(kind, "/" + RawName.text(path))));
    return told;
  }

  /** Whether anything below is listed that is not itself passed through alone. */
  private boolean hasChangesBelow(String path) {
    // The slash is the separator, and "0" is the character after it.
    return changes.subMap(path + "/", path + "0").keySet().stream()
        .anyMatch(below -> !passed.contains(below));
  }
}
