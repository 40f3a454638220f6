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
 * Unpacks one layer into a directory. The kernel resolves every path inside that directory, so
 * nothing in the layer reaches beyond it, whatever names and links it has.
 *
 * <p>Two steps: {@link #apply} reads the archive, and {@link #complete} does what needs the layers
 * below: attributes of directories that the layer has no entry for, hard links to files of lower
 * layers. So layers can be unpacked in parallel, and are then completed from the lowest up. A layer
 * that failed in either step is to be thrown away.
 *
 * <pre>{@code
 * try (LayerApplier layer =
 *     LayerApplier.open(directory, LayerFormat.OVERLAY, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
 *   layer.apply(tar);
 *   LayerResult result = layer.complete(lowerTopmostFirst);
 * }
 * }</pre>
 *
 * <p>The rules: of several entries with one name the last counts, and a directory that comes again
 * gets new metadata; what is in the way of an entry is replaced, with all below it; missing parents
 * are made, and parents that are symbolic links are followed inside the directory; whiteouts
 * concern lower layers only, in any order; a hard link names the file that lower layers and the
 * entries before it leave at a path, whatever becomes of that path later. Set-id bits, capabilities
 * and other extended attributes are kept, but for SELinux labels and NFS access lists. Devices and
 * attributes that may not be made here are left out and reported, and so are attributes that are
 * marks of the overlay.
 *
 * <p>Files are made fastest on a thread whose own umask is 0. One thread at a time.
 */
public final class LayerApplier implements AutoCloseable {
  private final LayerTarget target;
  private final ArchiveBudget budget;
  private final MadeNames made = new MadeNames();
  private final DirectoryMetadata directories;
  private final ParentDirectories parents;
  private final EntryWriter writer;
  private final Whiteouts whiteouts;
  private final CrossLayerWork crossLayer;
  private long entries;

  private LayerApplier(LayerTarget target, ArchiveBudget budget) {
    this.target = target;
    this.budget = budget;
    TreeRemover remover = new TreeRemover(target, made);
    directories = new DirectoryMetadata(budget, true);
    parents = new ParentDirectories(target, budget, directories, remover);
    writer = new EntryWriter(target, parents, directories);
    whiteouts = new Whiteouts(target, budget, parents, remover);
    crossLayer = new CrossLayerWork(target, budget, parents, directories, writer, made);
    if (target.format().isSeparate()) {
      target.implied().add("");
    }
  }

  /**
   * Opens the directory of a layer.
   *
   * @param directory exists; for PLAIN it holds the layers below, for the others it is empty and
   *     nobody else's
   * @param limits of which entries and sizes are held here
   * @throws RuncibleException NOT_FOUND and others if it cannot be opened, UNSUPPORTED where native
   *     calls cannot be made
   */
  public static LayerApplier open(
      Path directory, LayerFormat format, Ownership ownership, ArchiveLimits limits) {
    return open(directory, format, ownership, new ArchiveBudget(limits));
  }

  /**
   * The same for one of several layers, whose entries and sizes count together.
   *
   * @see #open(Path, LayerFormat, Ownership, ArchiveLimits)
   */
  public static LayerApplier open(
      Path directory, LayerFormat format, Ownership ownership, ArchiveBudget budget) {
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(ownership, "ownership");
    Objects.requireNonNull(budget, "budget");
    return new LayerApplier(
        new LayerTarget(FileCalls.openDirectory(directory), format, ownership), budget);
  }

  /**
   * Reads the whole archive, to the end of the stream.
   *
   * @param tar uncompressed, see {@link Decompression}; the caller closes it
   * @throws RuncibleException CORRUPT_DATA for a damaged archive or a hard link to nothing,
   *     INVALID_INPUT for one that is over a limit or breaks the rules for layers, UNAVAILABLE if
   *     the stream fails or the disk is full, PERMISSION_DENIED, CANCELLED when interrupted; what
   *     the stream throws by itself is passed on
   */
  public void apply(InputStream tar) {
    target.enterThread();
    try {
      TarReader reader = new TarReader(tar, budget);
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException();
        }
        entries++;
        apply(entry, reader);
      }
      writer.release();
    } catch (InterruptedIOException e) {
      throw new RuncibleException(ErrorKind.CANCELLED, "unpacking was interrupted", e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the layer could not be read: " + e.getMessage(), e);
    }
  }

  private void apply(TarEntry entry, TarReader content) throws IOException {
    parents.release();
    String path = RawName.clean(entry.name());
    try {
      if (path.isEmpty()) {
        root(entry);
      } else if (!whiteouts.apply(path)) {
        ordinary(entry, content, path);
      }
    } catch (NativeException e) {
      throw new RuncibleException(
          e.kind(), "cannot unpack '" + RawName.printable(path) + "': " + e.getMessage(), e);
    }
  }

  private void root(TarEntry entry) {
    if (entry.type() != EntryType.DIRECTORY) {
      throw RawName.invalid(entry.name(), "it would replace the root by a " + entry.type());
    }
    writer.directory(entry, parents.open(""), "", ".");
    target.implied().remove("");
  }

  private void ordinary(TarEntry entry, TarReader content, String given) throws IOException {
    String leaf = RawName.leaf(given);
    String parentPath = RawName.parent(given);
    Directory parent = parents.open(parentPath);
    String path = parent.child(leaf);
    if (!parent.path().equals(parentPath) && Whiteouts.isBehindMark(parent.path())) {
      throw Whiteouts.isParent(path);
    }
    target.hasContent(parent.path());
    switch (entry.type()) {
      case FILE -> writer.file(entry, content, parent, path, leaf);
      case DIRECTORY -> {
        writer.directory(entry, parent, path, leaf);
        target.hasEntry(path);
      }
      case SYMLINK -> writer.symlink(entry, parent, path, leaf);
      case HARD_LINK -> hardLink(entry, parent, path, leaf);
      default -> writer.node(entry, parent, path, leaf);
    }
    if (!target.format().isSeparate()) {
      made.add(parent.inode(), leaf);
    }
  }

  private void hardLink(TarEntry entry, Directory parent, String path, String leaf) {
    String to = RawName.clean(entry.linkName());
    if (Whiteouts.isBehindMark(to)) {
      throw CrossLayerWork.missing(path, to);
    }
    String fromLeaf = RawName.leaf(to);
    @Nullable Directory from = parents.find(RawName.parent(to));
    Stat stat =
        from == null || to.isEmpty() ? null : FileCalls.stat(from.fd(), fromLeaf).orElse(null);
    boolean directory = stat != null && stat.isDirectory();
    boolean markedOnly = from != null && target.isMarkedOnly(from.child(fromLeaf));
    if (to.isEmpty() || directory && !markedOnly) {
      throw RawName.invalid(path, "it is a hard link to a directory");
    }
    boolean present =
        from != null && stat != null && !directory && !target.isWhiteout(from.fd(), fromLeaf, stat);
    if (from != null && present) {
      writer.link(from, to, parent, path, leaf);
    } else if (target.format().isSeparate()) {
      crossLayer.defer(to, parent, leaf);
    } else {
      throw CrossLayerWork.missing(path, to);
    }
  }

  /**
   * Does what needs the layers below, and sets the times of directories. The layer is whole
   * afterwards, but not durable: nothing is synced.
   *
   * @param lowerTopmostFirst directories of the layers below, complete and in the same format, for
   *     COPY also in one of an overlay; not looked at for PLAIN, where they are in the same
   *     directory
   * @throws RuncibleException CORRUPT_DATA for a hard link to nothing; others as {@link #apply}:
   *     what is copied from lower layers counts, too
   */
  public LayerResult complete(List<Path> lowerTopmostFirst) {
    target.enterThread();
    if (target.format().isSeparate()) {
      try (LowerLayers lower = new LowerLayers(target, lowerTopmostFirst)) {
        crossLayer.completeLinks(lower);
      }
      // A layer that hides all below it has nothing else to get from there.
      List<Path> visible = whiteouts.opaqueRoot() ? List.of() : lowerTopmostFirst;
      try (LowerLayers lower = new LowerLayers(target, visible)) {
        crossLayer.completeDirectories(lower);
        whiteouts.removeIdle(lower);
      }
    }
    directories.apply(parents);
    return new LayerResult(
        entries,
        writer.bytes(),
        List.copyOf(target.implied()),
        target.takeSkipped(),
        target.skippedCount(),
        whiteouts.opaqueRoot());
  }

  /**
   * Removes everything in the directory, whoever made it: for a layer that failed.
   *
   * @throws RuncibleException what the file system answers
   */
  public void discard() {
    parents.invalidate();
    parents.release();
    new TreeRemover(target, new MadeNames())
        .removeEarlierContent(
            target.root(), FileCalls.stat(target.root()).inode(), parents::resetToImplied);
  }

  /** Closes the directory. */
  @Override
  public void close() {
    parents.close();
    target.close();
  }
}
