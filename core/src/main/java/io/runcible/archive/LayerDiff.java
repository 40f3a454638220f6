package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes a layer of what changed in a tree: a container's writable layer, or one tree against
 * another. Equal trees give equal bytes: in each directory first what is not a directory, sorted by
 * the bytes of the names, then the directories; times in whole seconds; no names of users, groups
 * or hosts.
 *
 * <pre>{@code
 * WrittenLayer layer =
 *     LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY)
 *         .clamp(Instant.ofEpochSecond(sourceDateEpoch))
 *         .compression(Compression.ZSTD, 3)
 *         .executor(executor)
 *         .writeTo(file);
 * }</pre>
 *
 * <p>The tree may be hostile and may change meanwhile: no symbolic link in it is followed, and
 * nothing but regular files is read. Names that vanish are left out, a file that grows is taken as
 * long as it was, and any other change ends it with FAILED_PRECONDITION.
 *
 * <p>Written are modes, owners, hard links, devices, FIFOs, names that are no text, and extended
 * attributes but for SELinux labels, NFS access lists and the marks of the overlay. Files with a
 * MiB of holes or more become sparse entries (GNU's PAX format 1.0, which the readers of all
 * engines know). Left out and reported are sockets and names that begin with {@code .wh.}, which
 * mean removal in a layer.
 *
 * <p>Not thread-safe. Needs native calls, and to read files of all owners root or a namespace that
 * maps them.
 */
public final class LayerDiff {
  private final Path upper;
  private final @Nullable Path lower;
  private final LayerFormat format;
  private final boolean copied;
  private ArchiveLimits limits = ArchiveLimits.DEFAULT;
  private Ownership ownership = Ownership.EXACT;
  private long latestSeconds = Long.MAX_VALUE;
  private Compression compression = Compression.GZIP;
  private int level = Compression.GZIP.defaultLevel();
  private Executor executor = Runnable::run;
  private Set<String> excluded = Set.of();
  private String place = "";

  private LayerDiff(Path upper, @Nullable Path lower, LayerFormat format, boolean copied) {
    this.upper = Objects.requireNonNull(upper, "upper");
    this.lower = lower;
    this.format = Objects.requireNonNull(format, "format");
    this.copied = copied;
  }

  /**
   * What was changed through an overlay mount.
   *
   * @param upper the upper directory; its own mode and owner belong to who mounted it
   * @param format OVERLAY, or OVERLAY_USERXATTR for a mount with {@code userxattr}
   * @throws RuncibleException INVALID_INPUT for PLAIN and COPY
   */
  public static LayerDiff ofOverlay(Path upper, LayerFormat format) {
    if (!format.isOverlay()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this format is not of an upper directory of an overlay");
    }
    return new LayerDiff(upper, null, format, false);
  }

  /** What makes the lower tree into the upper one. Files of equal metadata are read, both. */
  public static LayerDiff ofTrees(Path lower, Path upper) {
    Objects.requireNonNull(lower, "lower");
    return new LayerDiff(upper, lower, LayerFormat.PLAIN, false);
  }

  /**
   * What was changed in a copy of a tree. As of an overlay, the mode and owner of its root belong
   * to who made it, and {@linkplain #ownership owners} are what they became in the copy, while
   * those of the original are the layers'. Files of equal metadata are read, both.
   *
   * @param original as it still is
   */
  public static LayerDiff ofCopy(Path original, Path copy) {
    Objects.requireNonNull(original, "original");
    return new LayerDiff(copy, original, LayerFormat.PLAIN, true);
  }

  /** A whole tree, its root included. */
  public static LayerDiff ofTree(Path tree) {
    return new LayerDiff(tree, null, LayerFormat.PLAIN, false);
  }

  /** Makes later times this one, as {@code SOURCE_DATE_EPOCH} asks for. Default: none is late. */
  public LayerDiff clamp(Instant latest) {
    latestSeconds = latest.getEpochSecond();
    return this;
  }

  /**
   * Whether owners are kept (EXACT, the default), mapped back, taken from their records (RECORD),
   * or all is owned by 0:0 (IGNORE).
   */
  public LayerDiff ownership(Ownership wanted) {
    ownership = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Leaves these out, with all below them: what others mount there, for instance.
   *
   * @param paths in the tree
   */
  public LayerDiff exclude(Collection<String> paths) {
    excluded = paths.stream().map(RawName::ofText).collect(Collectors.toUnmodifiableSet());
    return this;
  }

  /**
   * Makes a whole tree take the place of a directory: its entries are named from there, and what
   * the layers below have there is hidden.
   *
   * @param path where a layer puts it; its parents have no entries
   * @throws RuncibleException INVALID_INPUT if this is no whole tree
   */
  public LayerDiff at(String path) {
    if (format.isOverlay() || lower != null) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "only a whole tree takes the place of '" + path + "'");
    }
    place = RawName.ofText(path);
    return this;
  }

  /** How much the layer may hold. Default: {@link ArchiveLimits#DEFAULT}. */
  public LayerDiff limits(ArchiveLimits wanted) {
    limits = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * How the file is compressed. Default: gzip at its default level.
   *
   * @param wantedLevel see {@link CompressingOutputStream#open}
   */
  public LayerDiff compression(Compression wanted, int wantedLevel) {
    compression = Objects.requireNonNull(wanted, "wanted");
    level = wantedLevel;
    return this;
  }

  /** What runs the compression. Default: the calling thread. */
  public LayerDiff executor(Executor wanted) {
    executor = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Writes the layer. Blocks; can be called again.
   *
   * @param file where to; it must not exist, and does not exist after a failure
   * @throws RuncibleException ALREADY_EXISTS when the file exists, NOT_FOUND when the tree does
   *     not, INVALID_INPUT when it is over a limit, FAILED_PRECONDITION when it changed,
   *     UNSUPPORTED for an overlay with {@code redirect_dir} or {@code metacopy}, UNAVAILABLE when
   *     writing fails, PERMISSION_DENIED
   */
  public WrittenLayer writeTo(Path file) {
    return LayerFile.write(file, compression, level, executor, this::write);
  }

  /**
   * Writes the layer as a tar, not compressed.
   *
   * @param tar not closed
   * @return what was left out, at most the first thousand
   * @throws RuncibleException as {@link #writeTo(Path)}
   */
  public List<SkippedEntry> writeTo(OutputStream tar) {
    try {
      return write(tar);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the layer could not be written: " + e.getMessage(), e);
    }
  }

  private List<SkippedEntry> write(OutputStream out) throws IOException {
    TarWriter tar = new TarWriter(out);
    TreeEntries entries = new TreeEntries(tar, options());
    walk(entries);
    tar.finish();
    return entries.skipped();
  }

  private DiffOptions options() {
    return new DiffOptions(limits, ownership, latestSeconds, format.marks(), true, false, excluded);
  }

  private void walk(TreeEntries entries) throws IOException {
    try (FileDescriptor root = FileCalls.openDirectory(upper);
        @Nullable FileDescriptor below = lower == null ? null : FileCalls.openDirectory(lower)) {
      if (format.isOverlay()) {
        new OverlayWalk(root, format, entries).run();
      } else {
        new TreesWalk(below, root, entries, place, kin()).run();
      }
    }
  }

  private TreesWalk.Kin kin() {
    return copied ? new TreesWalk.Kin(Optional.of(ownership)) : TreesWalk.OF_THEIR_OWN;
  }

  /**
   * What makes one tree into the other, or {@linkplain #ofCopy was changed in a copy}, by name;
   * directories as of an overlay. Blocks: both trees are walked, and files of equal metadata are
   * read, both.
   *
   * @return sorted by path
   * @throws RuncibleException NOT_FOUND when a tree does not exist, INVALID_INPUT if there are no
   *     two trees, or more changes than a limit allows, FAILED_PRECONDITION when a tree changed,
   *     UNAVAILABLE when reading fails, PERMISSION_DENIED
   */
  public List<FileChange> changes() {
    if (lower == null) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "what changed in '" + upper + "' needs to be told from what");
    }
    return changes(List.of(lower));
  }

  /**
   * What was changed through an overlay mount, by name, without reading any content. Directories in
   * which only something else changed count only if that is listed. Blocks.
   *
   * @param lowerTopmostFirst the directories of the layers below
   * @return sorted by path
   * @throws RuncibleException as {@link #writeTo(Path)}
   */
  public List<FileChange> changes(List<Path> lowerTopmostFirst) {
    LayerTarget target = new LayerTarget(FileCalls.openDirectory(upper), format, ownership);
    try (target;
        LowerLayers lower = new LowerLayers(target, lowerTopmostFirst)) {
      ChangeEntries entries = new ChangeEntries(options(), lower);
      walk(entries);
      return entries.changes();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the changes could not be read: " + e.getMessage(), e);
    }
  }
}
