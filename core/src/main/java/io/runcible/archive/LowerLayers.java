package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks into the layers below one, as the overlay would show them together. */
final class LowerLayers implements AutoCloseable {
  private static final int MAX_LINKS = 40;

  private final LayerTarget target;
  private final List<FileDescriptor> roots = new ArrayList<>();

  /** Opens the directories of unpacked layers, the topmost first. */
  LowerLayers(LayerTarget target, List<Path> layers) {
    this.target = target;
    try {
      layers.forEach(layer -> roots.add(FileCalls.openDirectory(layer)));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Something that was found.
   *
   * @param parent the directory it lies in, which belongs to the record
   */
  record Found(FileDescriptor parent, String leaf, Stat stat) implements AutoCloseable {
    @Override
    public void close() {
      parent.close();
    }
  }

  /** Whether anything has this clean path. */
  boolean has(String path) {
    try (Found found = find(path)) {
      return found != null;
    }
  }

  /**
   * What has this clean path, itself; symbolic links on the way are followed. The root has none.
   */
  @Nullable Found find(String path) {
    String rest = path;
    for (int links = 0; links <= MAX_LINKS; links++) {
      Step step = walk(rest);
      if (step.followed == null) {
        return step.found;
      }
      rest = step.followed;
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "'" + RawName.printable(path) + "' leads through too many symbolic links");
  }

  /** The end of a walk, or the path on which it has to go on. */
  private record Step(@Nullable Found found, @Nullable String followed) {
    static final Step NOTHING = new Step(null, null);
  }

  private Step walk(String path) {
    List<FileDescriptor> merged = new ArrayList<>();
    try {
      for (FileDescriptor root : roots) {
        merged.add(FileCalls.openDirectoryInRoot(root, "."));
      }
      int start = 0;
      while (start < path.length()) {
        int slash = path.indexOf('/', start);
        int end = slash < 0 ? path.length() : slash;
        String component = path.substring(start, end);
        int at = topmost(merged, component);
        if (at < 0) {
          return Step.NOTHING;
        }
        Stat stat = FileCalls.stat(merged.get(at), component).orElseThrow();
        if (slash < 0) {
          return new Step(new Found(merged.remove(at), component, stat), null);
        }
        if (stat.type() == Stat.SYMLINK) {
          String to = FileCalls.readLink(merged.get(at), component);
          String base = start == 0 ? "" : path.substring(0, start - 1);
          String followed = to.startsWith("/") ? to : RawName.child(base, to);
          return new Step(null, RawName.clean(followed + path.substring(slash)));
        }
        if (!stat.isDirectory()) {
          return Step.NOTHING;
        }
        descend(merged, at, component);
        start = end + 1;
      }
      return Step.NOTHING;
    } finally {
      merged.forEach(FileDescriptor::close);
    }
  }

  /** Which of these directories shows a name, or -1. */
  private int topmost(List<FileDescriptor> merged, String name) {
    for (int i = 0; i < merged.size(); i++) {
      Stat stat = FileCalls.stat(merged.get(i), name).orElse(null);
      if (stat != null) {
        return target.isWhiteout(stat) ? -1 : i;
      }
    }
    return -1;
  }

  /** Replaces directories by those of a name in them that the overlay would merge. */
  private void descend(List<FileDescriptor> merged, int first, String name) {
    List<FileDescriptor> next = new ArrayList<>();
    try {
      boolean covered = false;
      for (int i = first; i < merged.size() && !covered; i++) {
        FileDescriptor directory = merged.get(i);
        Stat stat = FileCalls.stat(directory, name).orElse(null);
        if (stat != null && stat.isDirectory()) {
          next.add(FileCalls.openDirectoryInRoot(directory, name));
          covered = target.isOpaque(directory, name);
        } else {
          covered = stat != null;
        }
      }
    } catch (RuntimeException e) {
      next.forEach(FileDescriptor::close);
      throw e;
    }
    merged.forEach(FileDescriptor::close);
    merged.clear();
    merged.addAll(next);
  }

  /** The metadata of the root that shows. */
  @Nullable Found root() {
    if (roots.isEmpty()) {
      return null;
    }
    Stat stat = FileCalls.stat(roots.get(0));
    return new Found(FileCalls.openDirectoryInRoot(roots.get(0), "."), ".", stat);
  }

  @Override
  public void close() {
    roots.forEach(FileDescriptor::close);
  }
}
