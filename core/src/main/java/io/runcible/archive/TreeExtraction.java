package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ParentDirectories.Directory;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Puts the files of a tar into a tree that somebody else may be changing, a running container for
 * instance. The kernel resolves every path inside the tree, symbolic links too. A directory is
 * merged with one that is there; nothing else replaces a directory, and a directory nothing else.
 * Missing parents inside the archive are made. What was written before a failure stays.
 */
public final class TreeExtraction {
  private final Path root;
  private final String given;
  private final String path;
  private Ownership ownership = Ownership.EXACT;

  private TreeExtraction(Path root, String given) {
    this.root = Objects.requireNonNull(root, "root");
    this.given = given;
    this.path = RawName.ofText(given.isEmpty() ? "/" : given);
  }

  /**
   * Into a tree.
   *
   * @param root the root of the tree
   * @param path in the tree; links are followed
   */
  public static TreeExtraction into(Path root, String path) {
    return new TreeExtraction(root, path);
  }

  /** Sets what becomes of owners; EXACT by default. */
  public TreeExtraction ownership(Ownership wanted) {
    ownership = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Unpacks the archive into the directory at the path. Blocks.
   *
   * @param tar uncompressed; read to its end and not closed
   * @return what was left out, at most the first thousand
   * @throws RuncibleException NOT_FOUND or FAILED_PRECONDITION if there is no such directory,
   *     FAILED_PRECONDITION if something is in the way, CORRUPT_DATA or INVALID_INPUT for an
   *     archive that is damaged or over the limits of {@link ArchiveLimits#DEFAULT}, UNAVAILABLE if
   *     the stream fails or the disk is full, PERMISSION_DENIED, CANCELLED
   */
  public List<SkippedEntry> unpack(InputStream tar) {
    return run(tar, false);
  }

  /**
   * Copies what the archive has one of, as {@code cp -r}: into the directory at the path; where
   * there is none, in its parent and with its name. The name {@code .} means the content of a
   * directory. Blocks.
   *
   * @param tar as {@link #unpack}; its first entry is what is copied, and the others lie in it
   * @throws RuncibleException as {@link #unpack}
   */
  public List<SkippedEntry> copy(InputStream tar) {
    return run(tar, true);
  }

  private List<SkippedEntry> run(InputStream tar, boolean copy) {
    ArchiveBudget budget = new ArchiveBudget(ArchiveLimits.DEFAULT);
    try (LayerTarget target =
            new LayerTarget(FileCalls.openDirectory(root), LayerFormat.PLAIN, ownership);
        Unpacking unpacking = new Unpacking(target, budget)) {
      target.enterThread();
      unpacking.run(new TarReader(tar, budget), copy);
      return target.takeSkipped();
    } catch (InterruptedIOException e) {
      throw new RuncibleException(ErrorKind.CANCELLED, "copying was interrupted", e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the archive could not be read: " + e.getMessage(), e);
    }
  }

  /** Where entries go. */
  private record Place(String from, String to) {
    String of(String clean) {
      if (from.isEmpty()) {
        return to.isEmpty() ? clean : clean.isEmpty() ? to : RawName.child(to, clean);
      }
      if (clean.equals(from)) {
        return to;
      }
      if (!clean.startsWith(from + "/")) {
        throw RawName.invalid(clean, "it is not part of '" + RawName.printable(from) + "'");
      }
      return RawName.child(to, clean.substring(from.length() + 1));
    }
  }

  private final class Unpacking implements AutoCloseable {
    private final DirectoryMetadata directories;
    private final ParentDirectories parents;
    private final EntryWriter writer;

    Unpacking(LayerTarget target, ArchiveBudget budget) {
      directories = new DirectoryMetadata(budget, false);
      TreeRemover remover = new TreeRemover(target, new MadeNames());
      parents = new ParentDirectories(target, budget, directories, remover);
      writer = new EntryWriter(target, parents, directories);
    }

    void run(TarReader tar, boolean copy) throws IOException {
      TarEntry first = tar.next();
      if (first == null) {
        return;
      }
      Place place = copy ? place(first) : new Place("", requireDirectory());
      for (TarEntry entry = first; entry != null; entry = tar.next()) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException();
        }
        parents.release();
        String clean = RawName.clean(entry.name());
        String to = place.of(clean);
        try {
          apply(entry, tar, place, to, clean.isEmpty());
        } catch (NativeException e) {
          throw new RuncibleException(
              e.kind(), "cannot write '/" + RawName.printable(to) + "': " + e.getMessage(), e);
        }
      }
      directories.apply(parents);
    }

    private String requireDirectory() {
      Stat stat = look(path);
      if (stat == null) {
        throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no directory '" + given + "'");
      }
      if (!stat.isDirectory()) {
        throw inTheWay(path, "it is no directory");
      }
      return path;
    }

    private Place place(TarEntry first) {
      String name = RawName.clean(first.name());
      boolean directory = first.type() == EntryType.DIRECTORY;
      Stat stat = look(path);
      if (stat != null && stat.isDirectory()) {
        return new Place("", path);
      }
      if (stat != null && directory) {
        throw inTheWay(path, "a directory does not replace it");
      }
      String parent = RawName.parent(path);
      Stat above = look(parent);
      boolean expectsDirectory = given.endsWith("/") || given.endsWith("/.");
      if (above == null || !above.isDirectory() || expectsDirectory && !directory) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND,
            "there is no directory '" + (expectsDirectory ? given : "/" + parent) + "'");
      }
      if (name.isEmpty()) {
        // The content of a directory goes into a new one.
        parents.open(path);
        parents.invalidate();
      }
      return new Place(name, path);
    }

    /** What the path leads to; null if nothing. */
    private @Nullable Stat look(String clean) {
      if (parents.find(clean) != null) {
        Directory found = Objects.requireNonNull(parents.find(clean));
        return FileCalls.stat(found.fd());
      }
      Directory parent = parents.find(RawName.parent(clean));
      return parent == null ? null : FileCalls.stat(parent.fd(), RawName.leaf(clean)).orElse(null);
    }

    private void apply(TarEntry entry, TarReader content, Place place, String to, boolean top)
        throws IOException {
      if (to.isEmpty() || top && entry.type() == EntryType.DIRECTORY) {
        if (entry.type() != EntryType.DIRECTORY) {
          throw RawName.invalid(entry.name(), "it would replace the directory by another thing");
        }
        return; // The directory at the path is there, and keeps its own metadata.
      }
      String leaf = RawName.leaf(to);
      Directory parent = parents.openAround(RawName.parent(to));
      if (parent == null) {
        throw inTheWay(RawName.parent(to), "it is no directory");
      }
      Stat existing = FileCalls.stat(parent.fd(), leaf).orElse(null);
      boolean directory = entry.type() == EntryType.DIRECTORY;
      if (existing != null && existing.isDirectory() != directory) {
        throw inTheWay(to, directory ? "a directory does not replace it" : "it is a directory");
      }
      switch (entry.type()) {
        case FILE -> writer.file(entry, content, parent, to, leaf);
        case DIRECTORY -> writer.directory(entry, parent, to, leaf);
        case SYMLINK -> writer.symlink(entry, parent, to, leaf);
        case HARD_LINK -> hardLink(place.of(RawName.clean(entry.linkName())), parent, to, leaf);
        default -> writer.node(entry, parent, to, leaf);
      }
    }

    private void hardLink(String from, Directory parent, String to, String leaf) {
      Directory directory = parents.find(RawName.parent(from));
      Stat stat =
          directory == null
              ? null
              : FileCalls.stat(directory.fd(), RawName.leaf(from)).orElse(null);
      if (directory == null || stat == null) {
        throw CrossLayerWork.missing(to, from);
      }
      if (stat.isDirectory()) {
        throw RawName.invalid(to, "it is a hard link to a directory");
      }
      writer.link(directory, from, parent, to, leaf);
    }

    private RuncibleException inTheWay(String clean, String why) {
      return new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "'/" + RawName.printable(clean) + "' is in the way: " + why);
    }

    @Override
    public void close() {
      parents.close();
    }
  }
}
