package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Looks into the layers below one, as the overlay would show them together. It goes from the
 * topmost down, and no further than the answer is: in an image of many layers most are not looked
 * at.
 */
final class LowerLayers implements AutoCloseable {
  private static final int MAX_LINKS = 40;

  private final LayerTarget target;
  private final List<Lower> layers;

  /** Nothing is opened yet. */
  LowerLayers(LayerTarget target, List<Path> layers) {
    this.target = target;
    this.layers = layers.stream().map(Lower::new).toList();
  }

  /**
   * Something that was found.
   *
   * @param path where it lies, without a symbolic link of these layers
   * @param parent the directory it lies in, open until the next search
   */
  record Found(String path, FileDescriptor parent, String leaf, Stat stat) {}

  /** Whether anything has this clean path, see {@link #find}. */
  boolean has(String path) {
    return find(path) != null;
  }

  /**
   * What has this clean path, itself, where the layer above has directories as its parents: they
   * hide symbolic links of these layers. The root has none.
   */
  @Nullable Found find(String path) {
    return walk(path, RawName.parent(path).length()).found;
  }

  /**
   * The same; symbolic links on the way are followed.
   *
   * @param own how much of the path are directories of the layer above, which hide such links
   */
  @Nullable Found follow(String path, int own) {
    String rest = path;
    int merged = own;
    for (int links = 0; links <= MAX_LINKS; links++) {
      Step step = walk(rest, merged);
      if (step.followed == null) {
        return step.found;
      }
      rest = step.followed;
      merged = 0;
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "'" + RawName.printable(path) + "' leads through too many symbolic links");
  }

  /** The end of a walk, or the path on which it has to go on. */
  private record Step(@Nullable Found found, @Nullable String followed) {
    static final Step NOTHING = new Step(null, null);
  }

  /** So much of the path is a directory higher up, which one of these would be merged with. */
  private Step walk(String path, int above) {
    if (path.isEmpty()) {
      return Step.NOTHING;
    }
    String parent = RawName.parent(path);
    String leaf = RawName.leaf(path);
    int merged = above;
    for (Lower layer : layers) {
      layer.enter(parent);
      merged = Math.max(merged, layer.reached);
      if (layer.obstacle != null) {
        boolean follows = layer.isLink() && layer.reached == merged;
        return follows ? new Step(null, layer.followed(path)) : Step.NOTHING;
      }
      Stat stat =
          layer.reached < parent.length()
              ? null
              : FileCalls.stat(layer.directory(), leaf).orElse(null);
      if (stat != null) {
        return target.isWhiteout(layer.directory(), leaf, stat)
            ? Step.NOTHING
            : new Step(new Found(path, layer.directory(), leaf, stat), null);
      }
      if (layer.covers()) {
        break;
      }
    }
    return Step.NOTHING;
  }

  /** The metadata of the root that shows. */
  @Nullable Found root() {
    if (layers.isEmpty()) {
      return null;
    }
    Lower top = layers.get(0);
    top.enter("");
    return new Found("", top.directory(), ".", FileCalls.stat(top.directory()));
  }

  @Override
  public void close() {
    layers.forEach(Lower::leave);
  }

  /**
   * A directory that was gone through, which does not change. A layer can have thousands of levels:
   * each is asked once, and the kernel goes through those that are known.
   */
  private static final class Level {
    final Map<String, Level> below = new HashMap<>(2);

    /** Whether one above hides what lower layers have here. */
    final boolean covered;

    Level(boolean covered) {
      this.covered = covered;
    }

    Level add(String name, boolean isCovered) {
      Level level = new Level(isCovered);
      below.put(name, level);
      return level;
    }
  }

  /** One layer, with the directory of it that was looked into last. */
  private final class Lower {
    private final Path path;
    private final Level root = new Level(false);
    private @Nullable String entered;
    private @Nullable FileDescriptor open;

    /** How much of the entered path are directories of this layer. */
    private int reached;

    /** What comes there instead of a directory. */
    private @Nullable Stat obstacle;

    /** Whether a directory on the way hides those below it; not known of the last one. */
    private boolean opaque;

    Lower(Path path) {
      this.path = path;
    }

    /** Goes down a path as far as there are directories. */
    void enter(String wanted) {
      if (wanted.equals(entered)) {
        return;
      }
      leave();
      Level level = known(wanted);
      FileDescriptor directory = openReached(wanted);
      open = directory;
      while (reached < wanted.length()) {
        int end = end(wanted);
        String name = wanted.substring(start(), end);
        Stat stat = FileCalls.stat(directory, name).orElse(null);
        if (stat == null || !stat.isDirectory()) {
          obstacle = stat;
          break;
        }
        boolean covered = level.covered || target.isOpaque(directory, ".");
        FileDescriptor next = FileCalls.openDirectoryInRoot(directory, name);
        directory.close();
        directory = next;
        open = next;
        reached = end;
        level = level.add(name, covered);
      }
      opaque = level.covered;
      entered = wanted;
    }

    /** Goes down where it has been before. */
    private Level known(String wanted) {
      Level level = root;
      while (reached < wanted.length()) {
        int end = end(wanted);
        Level next = level.below.get(wanted.substring(start(), end));
        if (next == null) {
          break;
        }
        level = next;
        reached = end;
      }
      return level;
    }

    private FileDescriptor openReached(String wanted) {
      FileDescriptor top = FileCalls.openDirectory(path);
      if (reached == 0) {
        return top;
      }
      try (top) {
        return FileCalls.openDirectoryInRoot(top, wanted.substring(0, reached));
      }
    }

    /** Where the component begins that was not reached, and where it ends. */
    private int start() {
      return reached == 0 ? 0 : reached + 1;
    }

    private int end(String whole) {
      int slash = whole.indexOf('/', start());
      return slash < 0 ? whole.length() : slash;
    }

    /** The last directory that was reached. */
    FileDescriptor directory() {
      return Objects.requireNonNull(open);
    }

    /** Whether what lower layers have below these directories is hidden. */
    boolean covers() {
      return opaque || target.isOpaque(directory(), ".");
    }

    /** Whether the obstacle leads on. */
    boolean isLink() {
      return obstacle != null
          && entered != null
          && obstacle.type() == Stat.SYMLINK
          && !target.isWhiteout(directory(), entered.substring(start(), end(entered)), obstacle);
    }

    /** The path that leads on when the obstacle is a symbolic link. */
    String followed(String whole) {
      int end = end(whole);
      String to = FileCalls.readLink(directory(), whole.substring(start(), end));
      String base = whole.substring(0, reached);
      String link = to.startsWith("/") ? to : RawName.child(base, to);
      return RawName.clean(link + whole.substring(end));
    }

    void leave() {
      entered = null;
      reached = 0;
      obstacle = null;
      opaque = false;
      if (open != null) {
        open.close();
        open = null;
      }
    }
  }
}
