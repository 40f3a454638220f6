package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes what a tree has as entries of a layer, or of another archive. */
class TreeEntries {
  static final String WHITEOUT = ".wh.";

  private static final String OPAQUE = ".wh..wh..opq";
  private static final int BUFFER = 256 * 1024;
  private static final int BLOCK = 512;

  /** What the kernel shows for an id that a user namespace does not have. */
  private static final int NOBODY = 65534;

  private static final int MAX_SKIPPED = 1000;

  /** Fewer bytes of holes are written as zeros, which every reader of tar understands. */
  private static final long MIN_HOLES = 1 << 20;

  private static final int MAX_REGIONS = 1 << 16;

  private final TarWriter tar;
  private final DiffOptions options;

  /** Of files with several names the one that was written first. */
  private final Map<Inode, String> linked = new HashMap<>();

  private final List<Unchanged> unchanged = new ArrayList<>();
  private final List<SkippedEntry> skipped = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
  private final byte[] bytes = new byte[BUFFER];
  private long entries;
  private long total;

  private record Inode(long fileSystem, long number) {
    static Inode of(Stat stat) {
      return new Inode(stat.fileSystem(), stat.inode());
    }
  }

  /** Who something belongs to in the layer. */
  private record Owner(long uid, long gid) {
    static final Owner ROOT = new Owner(0, 0);
  }

  private record Unchanged(String path, Stat stat) {}

  TreeEntries(TarWriter tar, DiffOptions options) {
    this.tar = tar;
    this.options = options;
  }

  List<SkippedEntry> skipped() {
    return skipped;
  }

  private void skip(String path, String what) {
    if (skipped.size() < MAX_SKIPPED) {
      skipped.add(new SkippedEntry(path, what));
    }
  }

  /** Whether a layer can have something with this name; notes it if not. */
  boolean representable(String path, String name) {
    if (options.excluded().contains(path)) {
      return false;
    }
    if (options.layer() && name.startsWith(WHITEOUT)) {
      skip(path, "its name would mean removal in a layer");
      return false;
    }
    if (path.length() >= RawName.MAX_PATH) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + RawName.printable(path) + "' lies too deep for a layer");
    }
    return true;
  }

  /** The names in a directory, sorted. */
  List<String> list(FileDescriptor directory) {
    List<String> names = TreeReads.list(directory, options.limits().maxEntries());
    names.sort(null);
    return names;
  }

  /** What a lower layer has with this name is gone. */
  void whiteout(String parent, String name) throws IOException {
    mark(RawName.child(parent, WHITEOUT + name));
  }

  /** What lower layers have in this directory is gone. */
  void opaque(String path) throws IOException {
    mark(RawName.child(path, OPAQUE));
  }

  private void mark(String name) throws IOException {
    count(name, 0);
    tar.begin(new TarWriter.Entry(EntryType.FILE, name, "", 0, 0, 0, 0, 0, 0, 0, Map.of(), null));
  }

  /** A directory, without what is in it. */
  void directory(String path, FileDescriptor directory, Stat stat, Map<String, byte[]> attributes)
      throws IOException {
    Owner owner = owner(path, directory, ".", stat);
    String name = path.isEmpty() ? "." : path;
    begin(EntryType.DIRECTORY, name, "", stat, owner, 0, attributes, null);
  }

  /** Anything but a directory. */
  void leaf(FileDescriptor parent, String leaf, String path, Stat stat) throws IOException {
    switch (stat.type()) {
      case Stat.REGULAR -> file(parent, leaf, path);
      case Stat.SYMLINK -> {
        if (!isLinked(path, stat)) {
          String to = FileCalls.readLink(parent, leaf);
          begin(
              EntryType.SYMLINK,
              path,
              to,
              stat,
              owner(path, stat),
              0,
              attributes(path, parent, leaf),
              null);
        }
      }
      case Stat.CHARACTER_DEVICE -> node(EntryType.CHARACTER_DEVICE, parent, leaf, path, stat);
      case Stat.BLOCK_DEVICE -> node(EntryType.BLOCK_DEVICE, parent, leaf, path, stat);
      case Stat.FIFO -> node(EntryType.FIFO, parent, leaf, path, stat);
      default -> skip(path, "a socket, which no archive can hold");
    }
  }

  private void node(EntryType type, FileDescriptor parent, String leaf, String path, Stat stat)
      throws IOException {
    if (options.harmless()) {
      skip(path, "a " + type);
    } else if (!isLinked(path, stat)) {
      begin(type, path, "", stat, owner(path, stat), 0, attributes(path, parent, leaf), null);
    }
  }

  private void file(FileDescriptor parent, String leaf, String path) throws IOException {
    try (TreeReads.@Nullable OpenFile open = TreeReads.openFile(parent, leaf)) {
      if (open == null) {
        throw changed(path);
      }
      FileDescriptor file = open.file();
      Stat stat = open.stat();
      if (isLinked(path, stat)) {
        return;
      }
      boolean holes = stat.blocks() * BLOCK + MIN_HOLES <= stat.size();
      SparseMap sparse = holes ? sparseMap(file, path, stat.size()) : null;
      Owner owner = owner(path, parent, leaf, stat);
      begin(
          EntryType.FILE,
          path,
          "",
          stat,
          owner,
          stat.size(),
          attributes(path, parent, leaf),
          sparse);
      if (sparse == null) {
        copy(file, path, stat.size());
        return;
      }
      for (int i = 0; i < sparse.count(); i++) {
        FileContent.seek(file, sparse.offset(i));
        copy(file, path, sparse.length(i));
      }
    }
  }

  /** The second and later names of a file are links to the first that was written. */
  private boolean isLinked(String path, Stat stat) throws IOException {
    if (stat.links() <= 1) {
      return false;
    }
    String first = linked.putIfAbsent(Inode.of(stat), path);
    if (first != null) {
      begin(EntryType.HARD_LINK, path, first, stat, owner(path, stat), 0, Map.of(), null);
    }
    return first != null;
  }

  /** A name that lower layers have, too. If another name of the same file is new, it links them. */
  void unchanged(String path, Stat stat) {
    if (stat.links() > 1) {
      unchanged.add(new Unchanged(path, stat));
    }
  }

  /** Writes the links between names that changed and names that did not. */
  void finish() throws IOException {
    for (Unchanged name : unchanged) {
      String first = linked.get(Inode.of(name.stat));
      if (first != null) {
        Owner owner = owner(name.path, name.stat);
        begin(EntryType.HARD_LINK, name.path, first, name.stat, owner, 0, Map.of(), null);
      }
    }
  }

  private static SparseMap sparseMap(FileDescriptor file, String path, long size) {
    SparseMap map = new SparseMap();
    long at = 0;
    while (at < size) {
      long start = TreeReads.nextData(file, at);
      if (start < 0 || start >= size) {
        break;
      }
      boolean last = map.count() == MAX_REGIONS - 1;
      at = last ? size : Math.min(size, TreeReads.nextHole(file, start));
      if (at <= start || !map.add(start, at - start).isEmpty()) {
        throw changed(path);
      }
    }
    FileContent.seek(file, 0);
    return map;
  }

  /** A file that grew meanwhile is taken as long as it was. */
  private void copy(FileDescriptor file, String path, long length) throws IOException {
    for (long left = length; left > 0; ) {
      buffer.clear().limit((int) Math.min(left, BUFFER));
      int count = FileContent.read(file, buffer);
      if (count == 0) {
        throw changed(path);
      }
      buffer.flip().get(bytes, 0, count);
      tar.write(bytes, 0, count);
      left -= count;
    }
  }

  private void begin(
      EntryType type,
      String path,
      String linkName,
      Stat stat,
      Owner owner,
      long size,
      Map<String, byte[]> attributes,
      @Nullable SparseMap sparse)
      throws IOException {
    count(path, sparse == null ? size : sparse.stored());
    boolean device = type == EntryType.CHARACTER_DEVICE || type == EntryType.BLOCK_DEVICE;
    int modes = options.harmless() ? 0777 : 07777;
    tar.begin(
        new TarWriter.Entry(
            type,
            path,
            linkName,
            type == EntryType.SYMLINK ? 0777 : stat.permissions() & modes,
            owner.uid,
            owner.gid,
            size,
            Math.min(stat.modifiedSeconds(), options.latestSeconds()),
            device ? stat.deviceMajor() : 0,
            device ? stat.deviceMinor() : 0,
            attributes,
            sparse));
  }

  private Owner owner(String path, Stat stat) {
    Ownership ownership = options.ownership();
    if (!ownership.changesOwners()) {
      return Owner.ROOT;
    }
    long uid = ownership.insideUid(Integer.toUnsignedLong(stat.uid()));
    long gid = ownership.insideGid(Integer.toUnsignedLong(stat.gid()));
    if ((uid < 0 || gid < 0) && options.layer()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + RawName.printable(path)
              + "' belongs to "
              + Integer.toUnsignedLong(stat.uid())
              + ":"
              + Integer.toUnsignedLong(stat.gid())
              + " of this host, which the mapping of ids does not have");
    }
    return new Owner(uid < 0 ? NOBODY : uid, gid < 0 ? NOBODY : gid);
  }

  /** The same of a file or directory, which may have a record of it. */
  private Owner owner(String path, FileDescriptor parent, String leaf, Stat stat) {
    if (options.ownership() != Ownership.RECORD) {
      return owner(path, stat);
    }
    OwnerRecord owner = OwnerRecord.of(parent, leaf);
    return owner == null ? Owner.ROOT : new Owner(owner.uid(), owner.gid());
  }

  void count(String path, long size) {
    ArchiveLimits limits = options.limits();
    total += size;
    if (++entries > limits.maxEntries()) {
      throw ArchiveLimits.exceeded("more than " + limits.maxEntries() + " entries");
    }
    if (size > limits.maxFileBytes() || total > limits.maxTotalBytes()) {
      throw ArchiveLimits.exceeded(
          "with '" + RawName.printable(path) + "' there are " + total + " bytes of content");
    }
  }

  /** The attributes of a name that belong in a layer. */
  Map<String, byte[]> attributes(String path, FileDescriptor parent, String leaf) {
    return attributes(path, parent, leaf, options.ownership());
  }

  /**
   * The same of another tree.
   *
   * @param ownership what the ids in it are
   */
  Map<String, byte[]> attributes(
      String path, FileDescriptor parent, String leaf, Ownership ownership) {
    List<String> names = options.harmless() ? List.of() : AttributeCalls.names(parent, leaf);
    if (names.isEmpty()) {
      return Map.of();
    }
    Map<String, byte[]> attributes = new HashMap<>();
    for (String name : names) {
      refuseReference(path, name);
      if (!ExtendedAttributes.isForeign(name)) {
        AttributeCalls.get(parent, leaf, name)
            .ifPresent(
                value -> attributes.put(name, MappedAttributes.inside(name, value, ownership)));
      }
    }
    return attributes;
  }

  /** What says that its content lies elsewhere in a lower layer cannot be read here. */
  private void refuseReference(String path, String attribute) {
    String marks = options.marks();
    if (!marks.isEmpty()
        && (attribute.equals(marks + "redirect") || attribute.equals(marks + "metacopy"))) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "'"
              + RawName.printable(path)
              + "' refers to a lower layer ("
              + attribute
              + "): the overlay was mounted with redirect_dir or metacopy on; mount it with"
              + " redirect_dir=off,metacopy=off to make layers of its changes");
    }
  }

  static RuncibleException changed(String path) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "'"
            + RawName.printable(path)
            + "' changed while it was read; stop or pause what writes there");
  }

  /** What a failure to read means for a tree that others may change. */
  static RuncibleException failed(String path, NativeException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EINVAL -> {
        // EINVAL is what readlink says of anything but a symbolic link.
        RuncibleException changed = changed(path);
        changed.addSuppressed(e);
        yield changed;
      }
      default -> unreadable(path, e);
    };
  }

  private static RuncibleException unreadable(String path, NativeException e) {
    return new RuncibleException(
        e.kind(), "cannot read '" + RawName.printable(path) + "': " + e.getMessage(), e);
  }
}
