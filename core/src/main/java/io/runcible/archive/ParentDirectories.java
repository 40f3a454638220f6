package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerTarget.Owner;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Opens the directories that entries lie in, each path resolved by the kernel inside the root, and
 * keeps the ones used last open. Missing ones are made; what is in the way of one is replaced.
 */
final class ParentDirectories implements AutoCloseable {
  private static final int CAPACITY = 48;
  private static final int MAX_LINKS = 40;
  private static final int IMPLIED_MODE = 0755;

  private final LayerTarget target;
  private final ArchiveBudget budget;
  private final DirectoryMetadata metadata;
  private final TreeRemover remover;
  private final Map<String, Directory> open = new LinkedHashMap<>(64, 0.75f, true);

  /** Out of the cache, but perhaps in use by the present entry. */
  private final List<FileDescriptor> retired = new ArrayList<>();

  /** What the paths of directories on this host begin with; empty until it is asked for. */
  private String rootPath = "";

  /**
   * An open directory.
   *
   * @param fd usable until the next entry begins
   * @param path the clean path that leads there without a symbolic link
   * @param pathLength of its real path on this host
   * @param setGroupId whether what is made in it gets its group
   */
  record Directory(
      FileDescriptor fd,
      String path,
      long inode,
      int mode,
      int gid,
      int pathLength,
      boolean setGroupId) {
    /** The same of a name in it. */
    String child(String leaf) {
      return RawName.child(path, leaf);
    }
  }

  ParentDirectories(
      LayerTarget target, ArchiveBudget budget, DirectoryMetadata metadata, TreeRemover remover) {
    this.target = target;
    this.budget = budget;
    this.metadata = metadata;
    this.remover = remover;
  }

  /** Says that nobody uses what was opened before. */
  void release() {
    if (!retired.isEmpty()) {
      retired.forEach(FileDescriptor::close);
      retired.clear();
    }
  }

  /** Forgets what paths led to, after a directory or a symbolic link was removed or changed. */
  void invalidate() {
    open.values().forEach(directory -> retired.add(directory.fd));
    open.clear();
  }

  /** The directory with this clean path, or null if there is none. */
  @Nullable Directory find(String path) {
    Directory cached = open.get(path);
    if (cached != null) {
      return cached;
    }
    try {
      return resolve(path);
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
        return null;
      }
      throw e;
    }
  }

  /** The directory with this clean path, made if it is missing. */
  Directory open(String path) {
    Directory directory = open(path, 0, true);
    if (directory == null) {
      throw new IllegalStateException("'" + RawName.printable(path) + "' was not made");
    }
    return directory;
  }

  /** The same, but null if a file or a whiteout is in the way, which stays. */
  @Nullable Directory openAround(String path) {
    return open(path, 0, false);
  }

  /** The same, but null also if symbolic links lead in a circle: nothing lies there. */
  @Nullable Directory openWherePossible(String path) {
    try {
      return openAround(path);
    } catch (TooManyLinks e) {
      return null;
    }
  }

  /** Whether a layer hides what those below it have at a path, which has no symbolic links. */
  boolean isBelowOpaque(String path) {
    return target.opaque().containsAbove(path);
  }

  /** Hides what the layers below have in a directory. */
  void makeOpaque(FileDescriptor parent, String leaf, String path) {
    target.makeOpaque(parent, leaf);
    if (target.format().isSeparate() && target.opaque().add(path)) {
      budget.name(path);
    }
  }

  private @Nullable Directory open(String path, int links, boolean replace) {
    Directory found = openPresent(path);
    if (found != null) {
      return found;
    }
    // A loop: a layer can ask for thousands of levels, more than a stack may hold.
    Deque<String> missing = new ArrayDeque<>();
    Directory reached = null;
    for (String level = path; reached == null; level = RawName.parent(level)) {
      missing.push(level);
      reached = openPresent(RawName.parent(level));
    }
    for (String level : missing) {
      if (!make(reached, level, links, replace)) {
        return null;
      }
      reached = resolve(level);
    }
    return reached;
  }

  /** Null if something on the way is missing, is no directory, or is closed to its owner. */
  private @Nullable Directory openPresent(String path) {
    Directory cached = open.get(path);
    if (cached != null) {
      return cached;
    }
    try {
      return resolve(path);
    } catch (NativeException e) {
      if (e.errno() == Errno.ELOOP) {
        throw new TooManyLinks(path);
      }
      boolean mayHelp =
          e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.EACCES;
      if (path.isEmpty() || !mayHelp) {
        throw e;
      }
      return null;
    }
  }

  private Directory resolve(String path) {
    FileDescriptor fd = FileCalls.openDirectoryInRoot(target.root(), path.isEmpty() ? "." : path);
    try {
      Stat stat = FileCalls.stat(fd);
      String real = realPath(fd);
      if (real.length() > RawName.MAX_PATH) {
        throw target.tooDeep(path);
      }
      String inside = within(real, path);
      boolean closed = target.unprivileged() && (stat.permissions() & 0700) != 0700;
      if (closed || !target.format().isSeparate()) {
        metadata.restore(inside, stat);
      }
      int mode = stat.permissions();
      if (closed) {
        mode |= 0700;
        FileCalls.chmodOpened(fd, mode);
      }
      boolean setGroupId = (mode & 02000) != 0;
      Directory directory =
          new Directory(fd, inside, stat.inode(), mode, stat.gid(), real.length(), setGroupId);
      remember(path, directory);
      return directory;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private String realPath(FileDescriptor directory) {
    return FileCalls.readLink(target.root(), directory.procPath());
  }

  /**
   * The part of a real path that lies in the root.
   *
   * @param given what led there, which counts if somebody else has moved the directory
   */
  private String within(String real, String given) {
    if (rootPath.isEmpty()) {
      rootPath = realPath(target.root());
    }
    if (real.equals(rootPath)) {
      return "";
    }
    String prefix = rootPath.endsWith("/") ? rootPath : rootPath + "/";
    return real.startsWith(prefix) ? real.substring(prefix.length()) : given;
  }

  private void remember(String path, Directory directory) {
    if (open.size() == CAPACITY) {
      String eldest = open.keySet().iterator().next();
      retired.add(open.remove(eldest).fd);
    }
    open.put(path, directory);
  }

  private boolean make(Directory parent, String path, int links, boolean replace) {
    String leaf = RawName.leaf(path);
    Stat stat = FileCalls.stat(parent.fd, leaf).orElse(null);
    if (stat == null) {
      makeImplied(parent, leaf);
      if (!replace) {
        target.addMarkedOnly(parent.child(leaf));
      }
    } else if (stat.type() == Stat.SYMLINK && !target.isWhiteout(parent.fd, leaf, stat)) {
      String to = followed(parent, leaf, links);
      return open(to, links + 1, replace) != null;
    } else if (!stat.isDirectory()) {
      if (!replace) {
        return false;
      }
      replaceByImplied(parent, leaf, stat);
    }
    return true;
  }

  /** What lies below stays hidden, and gives this directory no attributes. */
  private void replaceByImplied(Directory parent, String leaf, Stat stat) {
    remover.remove(parent.fd, parent.inode, leaf, stat);
    makeImplied(parent, leaf);
    makeOpaque(parent.fd, leaf, parent.child(leaf));
    if (target.format().isSeparate()) {
      target.implied().remove(parent.child(leaf));
    }
  }

  private String followed(Directory parent, String leaf, int links) {
    String to = FileCalls.readLink(parent.fd, leaf);
    if (links == MAX_LINKS) {
      throw new TooManyLinks(parent.child(leaf));
    }
    return RawName.clean(to.startsWith("/") ? to : parent.child(to));
  }

  private static final class TooManyLinks extends RuncibleException {
    private static final long serialVersionUID = 1L;

    TooManyLinks(String path) {
      super(
          ErrorKind.INVALID_INPUT,
          "'" + RawName.printable(path) + "' leads through too many symbolic links");
    }
  }

  private void makeImplied(Directory parent, String leaf) {
    String path = parent.child(leaf);
    if (target.format().isSeparate() && leaf.startsWith(Whiteouts.PREFIX)) {
      // By way of a symbolic link; a mark could be forged so.
      throw Whiteouts.isParent(path);
    }
    checkDepth(parent, path, leaf);
    // A path can be a few thousand of them.
    budget.entry();
    budget.name(path);
    FileCalls.makeDirectory(parent.fd, leaf, IMPLIED_MODE);
    Owner owner = target.owner(path, 0, 0);
    if (target.mustChown(parent, owner)) {
      FileCalls.chown(parent.fd, leaf, owner.uid(), owner.gid());
    }
    if (!target.modesAsAsked() || parent.setGroupId) {
      FileCalls.chmod(parent.fd, leaf, IMPLIED_MODE);
    }
    target.implied().add(path);
  }

  /** No path may be made that path names of the host cannot reach, to remove it for instance. */
  void checkDepth(Directory parent, String path, String leaf) {
    if (parent.pathLength + 1 + leaf.length() > RawName.MAX_PATH) {
      throw target.tooDeep(path);
    }
  }

  /** Removes what has a name, whatever it is. */
  void removeForReplacement(Directory parent, String leaf, Stat stat) {
    remover.remove(parent.fd, parent.inode, leaf, stat);
    if (stat.isDirectory()) {
      target.opaque().removeWithBelow(parent.child(leaf));
    }
    if (stat.isDirectory() || stat.type() == Stat.SYMLINK) {
      invalidate();
    }
  }

  /** Gives a directory what one without an entry has. */
  void resetToImplied(FileDescriptor parent, String leaf) {
    FileCalls.stat(parent, leaf).ifPresent(stat -> metadata.forget(stat.inode()));
    ExtendedAttributes.replace(target, leaf, parent, leaf, Map.of());
    if (target.keepsOwners()) {
      Owner owner = target.owner(leaf, 0, 0);
      FileCalls.chown(parent, leaf, owner.uid(), owner.gid());
    } else if (target.recordsOwners()) {
      OwnerRecord.remove(parent, leaf);
    }
    FileCalls.chmod(parent, leaf, IMPLIED_MODE);
  }

  @Override
  public void close() {
    invalidate();
    release();
  }
}
