package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerTarget.Owner;
import io.runcible.archive.ParentDirectories.Directory;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes what an entry says. Metadata in the order that keeps it: the owner first, because changing
 * it clears capabilities and set-id bits, then attributes, mode and times.
 */
final class EntryWriter {
  private static final int BUFFER = 256 * 1024;
  private static final int SPECIAL_BITS = 07000;
  private static final Spares<ByteBuffer> SPARES = new Spares<>(4);

  private final LayerTarget target;
  private final ParentDirectories parents;
  private final DirectoryMetadata directories;
  private @Nullable ByteBuffer buffer;
  private long bytes;

  EntryWriter(LayerTarget target, ParentDirectories parents, DirectoryMetadata directories) {
    this.target = target;
    this.parents = parents;
    this.directories = directories;
  }

  /** Content written so far. */
  long bytes() {
    return bytes;
  }

  /** Makes a file from the content at hand. */
  void file(TarEntry entry, TarReader content, Directory parent, String path, String leaf)
      throws IOException {
    int wanted = entry.mode();
    int first = target.unprivileged() ? wanted & 0777 | 0200 : wanted & 0777;
    try (FileDescriptor file =
        replacing(parent, path, leaf, () -> FileCalls.createFile(parent.fd(), leaf, first))) {
      write(entry, content, file);
      Owner owner = target.owner(path, entry.uid(), entry.gid());
      if (target.mustChown(parent, owner)) {
        chown(path, entry, () -> FileCalls.chown(file, owner.uid(), owner.gid()));
      }
      if (!entry.attributes().isEmpty()) {
        ExtendedAttributes.set(target, path, file, target.attributes(entry, path));
      }
      if (recordsOwner(entry)) {
        ExtendedAttributes.recordOwner(target, path, file, OwnerRecord.bytes(entry));
      }
      if (wanted != first || !target.modesAsAsked()) {
        FileCalls.chmod(file, wanted);
      }
      FileCalls.setTimes(file, entry.modifiedSeconds(), entry.modifiedNanos());
    }
  }

  private void write(TarEntry entry, TarReader content, FileDescriptor file) throws IOException {
    SparseMap sparse = entry.sparse();
    if (sparse == null) {
      copy(content, file, entry.size());
      return;
    }
    for (int i = 0; i < sparse.count(); i++) {
      FileContent.seek(file, sparse.offset(i));
      copy(content, file, sparse.length(i));
    }
    FileContent.truncate(file, entry.size());
  }

  private void copy(TarReader content, FileDescriptor file, long length) throws IOException {
    ByteBuffer buffer = buffer();
    for (long left = length; left > 0; ) {
      buffer.clear().limit((int) Math.min(left, BUFFER));
      while (buffer.hasRemaining()) {
        content.read(buffer);
      }
      left -= buffer.flip().remaining();
      bytes += buffer.remaining();
      FileContent.write(file, buffer);
    }
  }

  private ByteBuffer buffer() {
    ByteBuffer present = buffer;
    if (present == null) {
      ByteBuffer spare = SPARES.take();
      present = spare != null ? spare : ByteBuffer.allocateDirect(BUFFER);
      buffer = present;
    }
    return present;
  }

  /** Says that no content comes for a while. */
  void release() {
    ByteBuffer present = buffer;
    if (present != null) {
      buffer = null;
      SPARES.give(present);
    }
  }

  /** Makes a directory, or gives an existing one the metadata of the entry. */
  void directory(TarEntry entry, Directory parent, String path, String leaf) {
    int wanted = entry.mode();
    int first = target.unprivileged() ? wanted & 01777 | 0700 : wanted & 01777;
    Stat existing = FileCalls.stat(parent.fd(), leaf).orElse(null);
    boolean made = existing == null || !existing.isDirectory();
    if (existing == null || made) {
      makeDirectory(parent, path, leaf, first, existing);
    } else {
      target.openToOwner(parent.fd(), leaf, existing); // For its attributes.
      // Its group and mode may be known to the cache.
      parents.invalidate();
    }
    Owner owner = target.owner(path, entry.uid(), entry.gid());
    if (made ? target.mustChown(parent, owner) : differs(owner, existing)) {
      chown(path, entry, () -> FileCalls.chown(parent.fd(), leaf, owner.uid(), owner.gid()));
    }
    if (made) {
      ExtendedAttributes.set(target, path, parent.fd(), leaf, target.attributes(entry, path));
    } else {
      ExtendedAttributes.replace(target, path, parent.fd(), leaf, target.attributes(entry, path));
    }
    if (recordsOwner(entry)) {
      ExtendedAttributes.recordOwner(target, path, parent.fd(), leaf, OwnerRecord.bytes(entry));
    } else if (!made && target.recordsOwners()) {
      OwnerRecord.remove(parent.fd(), leaf);
    }
    int now = target.unprivileged() ? wanted | 0700 : wanted;
    boolean exact = target.modesAsAsked() && now == first && !parent.setGroupId();
    if (!made || !exact) {
      FileCalls.chmod(parent.fd(), leaf, now);
    }
    directories.set(
        present(parent, leaf).inode(),
        path,
        entry.modifiedSeconds(),
        entry.modifiedNanos(),
        now == wanted ? DirectoryMetadata.KEEP_MODE : wanted);
  }

  /** In a tree that others change it may be gone again. */
  private static Stat present(Directory parent, String leaf) {
    return FileCalls.stat(parent.fd(), leaf).orElseThrow(() -> TreeEntries.changed(leaf));
  }

  private boolean recordsOwner(TarEntry entry) {
    return target.recordsOwners() && (entry.uid() != 0 || entry.gid() != 0);
  }

  private boolean differs(Owner owner, @Nullable Stat existing) {
    return target.keepsOwners()
        && existing != null
        && (existing.uid() != owner.uid() || existing.gid() != owner.gid());
  }

  private void makeDirectory(
      Directory parent, String path, String leaf, int mode, @Nullable Stat existing) {
    if (existing != null) {
      parents.removeForReplacement(parent, leaf, existing);
    }
    parents.checkDepth(parent, path, leaf);
    FileCalls.makeDirectory(parent.fd(), leaf, mode);
    if (existing != null) {
      // Whatever it was, it hid a lower directory of this name, which must not shine through now.
      parents.makeOpaque(parent.fd(), leaf, path);
    }
  }

  /** Makes a symbolic link, to whatever it says. */
  void symlink(TarEntry entry, Directory parent, String path, String leaf) {
    if (entry.linkName().isEmpty() || entry.linkName().indexOf('\0') >= 0) {
      throw RawName.invalid(entry.name(), "it is a symbolic link to nowhere");
    }
    if (target.isWhiteoutLink(entry.linkName())) {
      target.skip(path, "symbolic link to " + entry.linkName() + ": it is the mark of a whiteout");
      return;
    }
    replacing(
        parent,
        path,
        leaf,
        () -> {
          FileCalls.makeSymlink(parent.fd(), leaf, entry.linkName());
          return true;
        });
    finish(entry, parent, path, leaf);
  }

  /** Makes a device or FIFO, or notes that it may not be made here. */
  void node(TarEntry entry, Directory parent, String path, String leaf) {
    int type =
        switch (entry.type()) {
          case CHARACTER_DEVICE -> Stat.CHARACTER_DEVICE;
          case BLOCK_DEVICE -> Stat.BLOCK_DEVICE;
          default -> Stat.FIFO;
        };
    int major = entry.deviceMajor();
    int minor = entry.deviceMinor();
    if (target.format().isSeparate() && type == Stat.CHARACTER_DEVICE && major == 0 && minor == 0) {
      target.skip(path, "device 0:0: an overlay would take it for a whiteout");
      return;
    }
    boolean made =
        replacing(
            parent,
            path,
            leaf,
            () -> {
              try {
                FileCalls.makeNode(parent.fd(), leaf, type | entry.mode() & 0777, major, minor);
                return true;
              } catch (NativeException e) {
                if (e.errno() != Errno.EPERM) {
                  throw e;
                }
                target.skip(path, entry.type() + " " + major + ":" + minor + ": not permitted");
                return false;
              }
            });
    if (made) {
      finish(entry, parent, path, leaf);
    }
  }

  /** Owner, attributes, mode and times of a name that was just made and is neither file nor dir. */
  private void finish(TarEntry entry, Directory parent, String path, String leaf) {
    Owner owner = target.owner(path, entry.uid(), entry.gid());
    if (target.mustChown(parent, owner)) {
      chown(path, entry, () -> FileCalls.chown(parent.fd(), leaf, owner.uid(), owner.gid()));
    }
    ExtendedAttributes.set(target, path, parent.fd(), leaf, target.attributes(entry, path));
    boolean exact = target.modesAsAsked() && (entry.mode() & SPECIAL_BITS) == 0;
    if (entry.type() != EntryType.SYMLINK && !exact) {
      FileCalls.chmod(parent.fd(), leaf, entry.mode());
    }
    FileCalls.setTimes(parent.fd(), leaf, entry.modifiedSeconds(), entry.modifiedNanos());
  }

  /** Makes another name of an existing file. */
  void link(Directory from, String fromPath, Directory parent, String path, String leaf) {
    String fromLeaf = RawName.leaf(fromPath);
    Stat stat = present(from, fromLeaf);
    Stat existing = FileCalls.stat(parent.fd(), leaf).orElse(null);
    if (existing != null && existing.inode() == stat.inode()) {
      return;
    }
    replacing(
        parent,
        path,
        leaf,
        () -> {
          try {
            FileCalls.makeLink(from.fd(), fromLeaf, parent.fd(), leaf);
          } catch (NativeException e) {
            // What was in the way had the target in it.
            throw e.errno() == Errno.ENOENT ? CrossLayerWork.missing(path, fromPath) : e;
          }
          return true;
        });
  }

  /** Makes something; what is in its way goes. */
  private <T> T replacing(Directory parent, String path, String leaf, Supplier<T> make) {
    parents.checkDepth(parent, path, leaf);
    try {
      return make.get();
    } catch (NativeException e) {
      if (e.errno() != Errno.EEXIST) {
        throw e;
      }
    }
    FileCalls.stat(parent.fd(), leaf)
        .ifPresent(stat -> parents.removeForReplacement(parent, leaf, stat));
    return make.get();
  }

  private static void chown(String path, TarEntry entry, Runnable call) {
    try {
      call.run();
    } catch (NativeException e) {
      if (e.errno() != Errno.EPERM && e.errno() != Errno.EINVAL) {
        throw e;
      }
      throw new RuncibleException(
          ErrorKind.PERMISSION_DENIED,
          "'"
              + RawName.printable(path)
              + "' cannot be given to "
              + entry.uid()
              + ":"
              + entry.gid()
              + "; unpack as root, in a user namespace that maps these ids, or with"
              + " Ownership.IGNORE",
          e);
    }
  }
}
