package io.runcible.archive;

import io.runcible.RuncibleException;
import io.runcible.archive.ParentDirectories.Directory;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.Stat;
import java.util.ArrayList;
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
  private final MadeNames made;

  /** Clean paths without symbolic links of the whiteouts in a layer by itself. */
  private final List<String> marks = new ArrayList<>();

  private boolean opaqueRoot;

  Whiteouts(
      LayerTarget target,
      ArchiveBudget budget,
      ParentDirectories parents,
      TreeRemover remover,
      MadeNames made) {
    this.target = target;
    this.budget = budget;
    this.parents = parents;
    this.remover = remover;
    this.made = made;
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
    if (!path.startsWith(PREFIX) && !path.contains("/" + PREFIX)) {
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
    if (parent.startsWith(PREFIX) || parent.contains("/" + PREFIX)) {
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

  static RuncibleException isParent(String path) {
    return RawName.invalid(path, "it lies in a directory that has the name of a whiteout");
  }

  private void opaque(String path) {
    if (path.startsWith(PREFIX) || path.contains("/" + PREFIX)) {
      return;
    }
    Directory directory = parents.openAround(path);
    if (directory == null) {
      return;
    }
    opaqueRoot |= path.isEmpty();
    if (target.format().isSeparate()) {
      target.makeOpaque(directory.fd(), ".");
    } else {
      remover.removeEarlierContent(directory.fd(), directory.inode());
      parents.invalidate();
    }
  }

  private void mark(String parentPath, String name) {
    Directory parent = parents.openAround(parentPath);
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
      target.makeOpaque(parent.fd(), name);
      target.implied().remove(path);
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
    boolean gone = remover.removeEarlier(parent.fd(), parent.inode(), name, existing);
    if (existing.isDirectory() && !gone && !made.contains(parent.inode(), name)) {
      parents.resetToImplied(parent, name);
    }
    parents.invalidate();
  }

  /**
   * Removes the whiteouts that hide nothing: in a directory that is not merged with a lower one the
   * kernel would list them.
   */
  void removeIdleMarks(LowerLayers lower) {
    for (String path : marks) {
      LayerTarget.checkInterrupt();
      Directory parent = parents.find(RawName.parent(path));
      String leaf = RawName.leaf(path);
      if (parent == null) {
        continue;
      }
      Stat stat = FileCalls.stat(parent.fd(), leaf).orElse(null);
      boolean marked = stat != null && target.isWhiteout(parent.fd(), leaf, stat);
      if (marked && (isBelowOpaque(path) || !lower.has(path))) {
        FileCalls.unlink(parent.fd(), leaf);
      }
      parents.release();
    }
  }

  private boolean isBelowOpaque(String path) {
    String above = path;
    while (!above.isEmpty()) {
      above = RawName.parent(above);
      Directory directory = parents.find(above);
      if (directory != null && target.isOpaque(directory.fd(), ".")) {
        return true;
      }
    }
    return false;
  }
}
