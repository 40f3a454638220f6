package io.runcible.archive;

import io.runcible.RuncibleException;
import io.runcible.archive.ParentDirectories.Directory;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Applies the marks by which a layer deletes. They concern earlier layers alone: what the same
 * layer makes stays, whether it comes before or after.
 */
final class Whiteouts {
  static final String PREFIX = ".wh.";
  private static final String RESERVED = ".wh..wh.";
  static final String OPAQUE = ".wh..wh..opq";

  private final LayerTarget target;
  private final ArchiveBudget budget;
  private final ParentDirectories parents;
  private final TreeRemover remover;

  /** Clean paths without symbolic links of the whiteouts in a layer by itself. */
  private final List<String> marks = new ArrayList<>();

  private boolean opaqueRoot;

  Whiteouts(
      LayerTarget target, ArchiveBudget budget, ParentDirectories parents, TreeRemover remover) {
    this.target = target;
    this.budget = budget;
    this.parents = parents;
    this.remover = remover;
  }

  /** Whether the layer hides all lower ones. */
  boolean opaqueRoot() {
    return opaqueRoot;
  }

  /**
   * Applies an entry if it is a mark, by its clean path.
   *
   * @return false if it is an ordinary entry
   */
  boolean apply(String path) {
    if (!isBehindMark(path)) {
      return false;
    }
    if (path.startsWith(RESERVED) || path.contains("/" + RESERVED)) {
      if (RawName.leaf(path).equals(OPAQUE)) {
        opaque(RawName.parent(path));
      }
      // The others are notes of a file system that nobody uses any more.
      return true;
    }
    String parent = RawName.parent(path);
    if (isBehindMark(parent)) {
      throw isParent(path);
    }
    String name = RawName.leaf(path).substring(PREFIX.length());
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw RawName.invalid(path, "it is a whiteout of nothing");
    }
    if (target.format().isSeparate()) {
      mark(parent, name);
    } else {
      delete(parent, name);
    }
    return true;
  }

  /** Whether a part of a path has the name of a mark, which no layer makes. */
  static boolean isBehindMark(String path) {
    return path.startsWith(PREFIX) || path.contains("/" + PREFIX);
  }

  static RuncibleException isParent(String path) {
    return RawName.invalid(path, "it lies in a directory that has the name of a whiteout");
  }

  private void opaque(String path) {
    if (isBehindMark(path)) {
      return;
    }
    boolean separate = target.format().isSeparate();
    Directory directory = separate ? parents.openWherePossible(path) : parents.find(path);
    if (directory == null) {
      return;
    }
    opaqueRoot |= path.isEmpty();
    if (separate) {
      parents.makeOpaque(directory.fd(), ".", directory.path());
    } else {
      remover.removeEarlierContent(directory.fd(), directory.inode(), parents::resetToImplied);
      parents.invalidate();
    }
  }

  private void mark(String parentPath, String name) {
    Directory parent = parents.openWherePossible(parentPath);
    if (parent == null) {
      return;
    }
    String path = parent.child(name);
    Stat existing = FileCalls.stat(parent.fd(), name).orElse(null);
    if (existing == null) {
      parents.checkDepth(parent, path, name);
      budget.name(path);
      target.makeWhiteout(parent.fd(), name);
      marks.add(path);
    } else if (existing.isDirectory()) {
      parents.makeOpaque(parent.fd(), name, path);
      target.removeMarkedOnly(path);
      if (target.implied().remove(path)) {
        target.removed().add(path);
      }
    }
  }

  private void delete(String parentPath, String name) {
    Directory parent = parents.find(parentPath);
    if (parent == null) {
      return;
    }
    Stat existing = FileCalls.stat(parent.fd(), name).orElse(null);
    if (existing == null) {
      return;
    }
    remover.removeEarlier(parent.fd(), parent.inode(), name, existing, parents::resetToImplied);
    parents.invalidate();
  }

  /** Removes what came of marks alone, and would show something that no entry has made. */
  void removeIdle(LowerLayers lower) {
    removeIdleMarks(lower);
    List<String> directories = new ArrayList<>(target.implied());
    directories.addAll(target.removed());
    directories.sort(Comparator.reverseOrder()); // What lies in them comes first.
    for (String path : directories) {
      LayerTarget.checkInterrupt();
      if (!path.isEmpty()) {
        removeIfIdle(path, lower);
      }
      parents.release();
    }
  }

  /** An empty directory stays if there is one below. */
  private void removeIfIdle(String path, LowerLayers lower) {
    Directory directory = parents.find(path);
    if (directory == null || !directory.path().equals(path) || !holdsNothing(directory)) {
      return;
    }
    boolean removed = target.removed().contains(path);
    LowerLayers.Found below = parents.isBelowOpaque(path) ? null : lower.find(path);
    if (!removed && below != null && below.stat().isDirectory()) {
      return;
    }
    Directory parent = parents.open(RawName.parent(path));
    String leaf = RawName.leaf(path);
    parents.removeForReplacement(parent, leaf, FileCalls.stat(directory.fd()));
    target.implied().remove(path);
    if (removed && below != null) {
      target.makeWhiteout(parent.fd(), leaf);
    }
  }

  /** Whether a directory has nothing but, where that is a file, its mark. */
  private static boolean holdsNothing(Directory directory) {
    try (FileDescriptor open = FileCalls.openChildDirectory(directory.fd(), ".")) {
      return FileCalls.listSome(open).stream().allMatch(OPAQUE::equals);
    }
  }

  /** In a directory that is not merged with a lower one the kernel would list whiteouts. */
  private void removeIdleMarks(LowerLayers lower) {
    for (String path : marks) {
      LayerTarget.checkInterrupt();
      Directory parent = parents.find(RawName.parent(path));
      String leaf = RawName.leaf(path);
      if (parent == null || !parent.path().equals(RawName.parent(path))) {
        continue;
      }
      Stat stat = FileCalls.stat(parent.fd(), leaf).orElse(null);
      boolean marked = stat != null && target.isWhiteout(parent.fd(), leaf, stat);
      if (marked && (parents.isBelowOpaque(path) || !lower.has(path))) {
        FileCalls.unlink(parent.fd(), leaf);
      }
      parents.release();
    }
  }
}
