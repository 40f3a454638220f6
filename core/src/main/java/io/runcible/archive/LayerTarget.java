package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.Stat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a layer goes, by which rules, and what is to be reported of it. */
final class LayerTarget implements AutoCloseable {
  private static final int MAX_SKIPPED = 1000;
  private static final byte[] OPAQUE = {'y'};

  /** A mark of {@link LayerFormat#COPY}; nothing has such a name, so the link leads nowhere. */
  private static final String GONE_MARK = ".wh..wh..gone";

  private static final List<String> OPAQUE_ATTRIBUTES =
      List.of(
          LayerFormat.OVERLAY.opaqueAttribute(), LayerFormat.OVERLAY_USERXATTR.opaqueAttribute());

  private final FileDescriptor root;
  private final LayerFormat format;
  private final Ownership ownership;
  private final int uid = NativeAccess.effectiveUid();
  private final int gid = NativeAccess.effectiveGid();
  private final Set<String> implied = new LinkedHashSet<>();
  private final Set<String> removed = new LinkedHashSet<>();
  private final PathSet markedOnly = new PathSet();
  private final PathSet opaque = new PathSet();
  private final List<SkippedEntry> skipped = new ArrayList<>();
  private long skippedCount;

  /** Where {@link #hasContent} has nothing to do. */
  private @Nullable String contentKnown;

  private @Nullable Boolean modesAsAsked;

  LayerTarget(FileDescriptor root, LayerFormat format, Ownership ownership) {
    this.root = root;
    this.format = format;
    this.ownership = ownership;
  }

  FileDescriptor root() {
    return root;
  }

  LayerFormat format() {
    return format;
  }

  boolean keepsOwners() {
    return ownership.changesOwners();
  }

  boolean recordsOwners() {
    return ownership == Ownership.RECORD;
  }

  /** An owner on this host, the numbers as system calls take them. */
  record Owner(int uid, int gid) {}

  /** Who an entry belongs to here. */
  Owner owner(String path, long entryUid, long entryGid) {
    long hostUid = ownership.outsideUid(entryUid);
    long hostGid = ownership.outsideGid(entryGid);
    if (hostUid < 0 || hostGid < 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + RawName.printable(path)
              + "' belongs to "
              + entryUid
              + ":"
              + entryGid
              + ", which the mapping of ids does not have");
    }
    return new Owner((int) hostUid, (int) hostGid);
  }

  /** The attributes of an entry as they are on this host. */
  Map<String, byte[]> attributes(TarEntry entry, String path) {
    if (!ownership.isMapped() || entry.attributes().isEmpty()) {
      return entry.attributes();
    }
    Map<String, byte[]> here = new LinkedHashMap<>();
    entry
        .attributes()
        .forEach(
            (name, value) -> {
              byte[] mapped = MappedAttributes.outside(name, value, ownership);
              if (mapped != null) {
                here.put(name, mapped);
              } else {
                skip(
                    path,
                    "extended attribute "
                        + RawName.printable(name)
                        + ": it names an id that the mapping of ids does not have");
              }
            });
    return here;
  }

  /** Whether permission bits bind this process. */
  boolean unprivileged() {
    return uid != 0;
  }

  /** Lets the owner of a directory do everything with it, where that is not root. */
  void openToOwner(FileDescriptor parent, String leaf, Stat stat) {
    if (unprivileged() && (stat.permissions() & 0700) != 0700) {
      FileCalls.chmod(parent, leaf, stat.permissions() | 0700);
    }
  }

  /** Says that the calling thread does the work from now on, which may have a mask of its own. */
  void enterThread() {
    modesAsAsked = null;
  }

  /** Whether the mode at creation is the mode of the file. */
  boolean modesAsAsked() {
    Boolean known = modesAsAsked;
    if (known == null) {
      known = ThreadUmask.isClear();
      modesAsAsked = known;
    }
    return known;
  }

  /** Whether a file that was just made in a directory has to be given to its owner. */
  boolean mustChown(ParentDirectories.Directory parent, Owner wanted) {
    return keepsOwners()
        && (wanted.uid != uid || wanted.gid != (parent.setGroupId() ? parent.gid() : gid));
  }

  /** Directories without an entry of their own, so far. */
  Set<String> implied() {
    return implied;
  }

  /** Those of them, and not there any more, that a whiteout has the name of. */
  Set<String> removed() {
    return removed;
  }

  /** Notes one of them that is made for a mark: there may be a file of a lower layer instead. */
  void addMarkedOnly(String path) {
    markedOnly.add(path);
    contentKnown = null;
  }

  /** Whether a directory was made for marks, and has had nothing else. */
  boolean isMarkedOnly(String path) {
    return markedOnly.contains(path);
  }

  /** How much of the path of a directory are such that were not made for marks alone. */
  int ownLength(String path) {
    return markedOnly.lengthBefore(path);
  }

  /** Notes that a directory stands for itself, whatever those above it do. */
  void removeMarkedOnly(String path) {
    markedOnly.remove(path);
  }

  /** Directories that hide what lower layers have there, by their paths without symbolic links. */
  PathSet opaque() {
    return opaque;
  }

  /** Notes that a directory has an entry, after the {@linkplain #hasContent same} of its parent. */
  void hasEntry(String path) {
    implied.remove(path);
    removed.remove(path);
    markedOnly.remove(path);
  }

  /** Notes that something lies in a directory. */
  void hasContent(String path) {
    if (!path.equals(contentKnown)) {
      markedOnly.removeWithAbove(path);
      contentKnown = path;
    }
  }

  /** The first of what was left out, which is forgotten here. */
  List<SkippedEntry> takeSkipped() {
    List<SkippedEntry> taken = List.copyOf(skipped);
    skipped.clear();
    return taken;
  }

  long skippedCount() {
    return skippedCount;
  }

  void skip(String name, String what) {
    skippedCount++;
    if (skipped.size() < MAX_SKIPPED) {
      skipped.add(new SkippedEntry(name, what));
    }
  }

  void makeWhiteout(FileDescriptor parent, String leaf) {
    if (format.isOverlay()) {
      FileCalls.makeNode(parent, leaf, Stat.CHARACTER_DEVICE, 0, 0);
    } else {
      FileCalls.makeSymlink(parent, leaf, GONE_MARK);
      FileCalls.setTimes(parent, leaf, 0, 0); // Equal layers are equal.
    }
  }

  /** Whether a name of this layer or of one below is a whiteout. */
  boolean isWhiteout(FileDescriptor parent, String leaf, Stat stat) {
    return switch (stat.type()) {
      case Stat.CHARACTER_DEVICE ->
          format.isSeparate() && stat.deviceMajor() == 0 && stat.deviceMinor() == 0;
      case Stat.SYMLINK ->
          format == LayerFormat.COPY && isWhiteoutLink(FileCalls.readLink(parent, leaf));
      default -> false;
    };
  }

  /** Whether a symbolic link to this would be taken for a whiteout. */
  boolean isWhiteoutLink(String to) {
    return format == LayerFormat.COPY && to.equals(GONE_MARK);
  }

  void makeOpaque(FileDescriptor parent, String leaf) {
    if (format.isOverlay()) {
      AttributeCalls.set(parent, leaf, format.opaqueAttribute(), OPAQUE);
    } else if (format == LayerFormat.COPY && !isMarked(parent, leaf)) {
      try (FileDescriptor mark =
          FileCalls.createFile(parent, leaf + "/" + Whiteouts.OPAQUE, 0600)) {
        FileCalls.setTimes(mark, 0, 0);
      }
    }
  }

  /** Layers of an overlay can be below one to be copied. */
  boolean isOpaque(FileDescriptor parent, String leaf) {
    return switch (format) {
      case PLAIN -> false;
      case COPY ->
          isMarked(parent, leaf)
              || OPAQUE_ATTRIBUTES.stream().anyMatch(name -> isMarked(parent, leaf, name));
      case OVERLAY, OVERLAY_USERXATTR -> isMarked(parent, leaf, format.opaqueAttribute());
    };
  }

  private static boolean isMarked(FileDescriptor parent, String leaf) {
    return FileCalls.stat(parent, leaf + "/" + Whiteouts.OPAQUE).isPresent();
  }

  private static boolean isMarked(FileDescriptor parent, String leaf, String attribute) {
    Optional<byte[]> value = AttributeCalls.get(parent, leaf, attribute);
    return value.isPresent() && value.get().length == 1 && value.get()[0] == OPAQUE[0];
  }

  /** Ends what an archive can make long. */
  static void checkInterrupt() {
    if (Thread.currentThread().isInterrupted()) {
      throw new RuncibleException(ErrorKind.CANCELLED, "unpacking was interrupted");
    }
  }

  RuncibleException tooDeep(String path) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "'"
            + RawName.printable(path)
            + "' lies so deep that its path on this host would be over "
            + RawName.MAX_PATH
            + " bytes");
  }

  @Override
  public void close() {
    root.close();
  }
}
