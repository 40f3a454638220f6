package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Writes a part of a tree as a tar: a file, or a directory with all below it on the same file
 * system. Of what is mounted below there is the directory alone. The tree may be hostile and may
 * change meanwhile, see {@link LayerDiff}; sockets are left out.
 */
public final class TreeArchive {
  private final Path root;
  private final String path;
  private final String given;
  private Ownership ownership = Ownership.EXACT;
  private boolean harmless;
  private Set<String> excluded = Set.of();

  private TreeArchive(Path root, String given) {
    this.root = Objects.requireNonNull(root, "root");
    this.given = given;
    this.path = RawName.ofText(given.isEmpty() ? "/" : given);
  }

  /**
   * A part of a tree.
   *
   * @param root the root of the tree, by which the kernel resolves all paths and links
   * @param path in the tree. A symbolic link at its end is taken itself, unless a slash follows.
   *     With {@code /.} at the end, the entries are named from there and not from its name
   */
  public static TreeArchive of(Path root, String path) {
    return new TreeArchive(root, path);
  }

  /**
   * Sets what becomes of owners; EXACT by default. What a mapping does not have belongs to nobody
   * (65534), as a container sees it.
   */
  public TreeArchive ownership(Ownership wanted) {
    ownership = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /** Leaves out what is dangerous on a host: set-id bits, devices and extended attributes. */
  public TreeArchive harmless() {
    harmless = true;
    return this;
  }

  /** Leaves these paths of the tree out, with all below them. */
  public TreeArchive exclude(Set<String> paths) {
    excluded = Set.copyOf(paths);
    return this;
  }

  /**
   * Writes the tar. Blocks.
   *
   * @param out not closed
   * @return what was left out, at most the first thousand
   * @throws RuncibleException NOT_FOUND if there is no such path, INVALID_INPUT when it is over the
   *     limits of {@link ArchiveLimits#DEFAULT}, FAILED_PRECONDITION when it changed, UNAVAILABLE
   *     when writing fails, PERMISSION_DENIED
   */
  public List<SkippedEntry> writeTo(OutputStream out) {
    try (FileDescriptor tree = FileCalls.openDirectory(root)) {
      TarWriter tar = new TarWriter(out);
      Walk walk = new Walk(tar);
      walk.run(tree);
      tar.finish();
      return walk.entries.skipped();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the archive could not be written: " + e.getMessage(), e);
    }
  }

  private RuncibleException missing(NativeException e) {
    return new RuncibleException(
        e.kind(), "cannot read '" + given + "' of the tree: " + e.getMessage(), e);
  }

  private final class Walk {
    private final TreeEntries entries;
    private final String top;
    private final Deque<String> pending = new ArrayDeque<>();
    private long fileSystem;

    Walk(TarWriter tar) {
      boolean content = path.isEmpty() || given.equals(".") || given.endsWith("/.");
      top = content ? "" : RawName.leaf(path);
      Set<String> named = new HashSet<>();
      excluded.forEach(one -> named.add(nameOf(RawName.ofText(one))));
      entries =
          new TreeEntries(
              tar,
              new DiffOptions(
                  ArchiveLimits.DEFAULT, ownership, Long.MAX_VALUE, "", false, harmless, named));
    }

    /** What a path of the tree is in the archive; only those below the path matter. */
    private String nameOf(String clean) {
      String prefix = path.isEmpty() ? "" : path + "/";
      return clean.startsWith(prefix) ? RawName.child(top, clean.substring(prefix.length())) : "/";
    }

    void run(FileDescriptor tree) throws IOException {
      if (path.isEmpty()) {
        directories(tree);
        return;
      }
      String parentPath = RawName.parent(path);
      try (FileDescriptor parent =
          FileCalls.openDirectoryInRoot(tree, parentPath.isEmpty() ? "." : parentPath)) {
        String leaf = RawName.leaf(path);
        Stat stat =
            FileCalls.stat(parent, leaf)
                .orElseThrow(
                    () ->
                        new RuncibleException(
                            ErrorKind.NOT_FOUND, "there is no '" + given + "' in the tree"));
        boolean followed = given.endsWith("/") || given.endsWith("/.");
        if (stat.isDirectory() || followed) {
          try (FileDescriptor directory = FileCalls.openDirectoryInRoot(tree, path)) {
            directories(directory);
          }
        } else {
          entries.leaf(parent, leaf, leaf, stat);
        }
      } catch (NativeException e) {
        throw missing(e);
      }
    }

    private void directories(FileDescriptor base) throws IOException {
      fileSystem = FileCalls.stat(base).fileSystem();
      pending.push("");
      while (!pending.isEmpty()) {
        String below = pending.pop();
        try (FileDescriptor directory = TreeReads.openDirectory(base, below)) {
          directory(directory, below);
        } catch (NativeException e) {
          if (e.errno() != Errno.ENOENT || below.isEmpty()) {
            throw TreeEntries.failed(RawName.child(path, below), e);
          }
          // Gone since it was listed.
        }
      }
    }

    private void directory(FileDescriptor directory, String below) throws IOException {
      Stat stat = FileCalls.stat(directory);
      String name = below.isEmpty() ? top : RawName.child(top, below);
      entries.directory(name, directory, stat, entries.attributes(name, directory, "."));
      if (stat.fileSystem() != fileSystem) {
        return;
      }
      List<String> directories = new ArrayList<>();
      for (String leaf : entries.list(directory)) {
        String child = RawName.child(name, leaf);
        Stat found = FileCalls.stat(directory, leaf).orElse(null);
        if (found == null || !entries.representable(child, leaf)) {
          continue;
        }
        if (found.isDirectory()) {
          directories.add(RawName.child(below, leaf));
        } else {
          leaf(directory, leaf, child, found);
        }
      }
      for (int i = directories.size() - 1; i >= 0; i--) {
        pending.push(directories.get(i));
      }
    }

    private void leaf(FileDescriptor directory, String leaf, String name, Stat stat)
        throws IOException {
      try {
        entries.leaf(directory, leaf, name, stat);
      } catch (NativeException e) {
        if (e.errno() != Errno.ENOENT) {
          throw TreeEntries.failed(name, e);
        }
      }
    }
  }
}
