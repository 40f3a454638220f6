package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LowerLayers.Found;
import io.runcible.archive.ParentDirectories.Directory;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an overlay layer can get only when the layers below it are complete. */
final class CrossLayerWork {
  private static final int BLOCK = 512;

  private final LayerTarget target;
  private final ArchiveBudget budget;
  private final ParentDirectories parents;
  private final DirectoryMetadata directories;
  private final EntryWriter writer;
  private final List<Link> links = new ArrayList<>();

  /** A hard link to a file that this layer does not have. */
  private record Link(String path, String to) {}

  CrossLayerWork(
      LayerTarget target,
      ArchiveBudget budget,
      ParentDirectories parents,
      DirectoryMetadata directories,
      EntryWriter writer) {
    this.target = target;
    this.budget = budget;
    this.parents = parents;
    this.directories = directories;
    this.writer = writer;
  }

  /** Notes a hard link for later; it replaces what its name has now, and nothing that comes. */
  void defer(String to, Directory parent, String leaf) {
    FileCalls.stat(parent.fd(), leaf)
        .filter(stat -> !target.isWhiteout(parent.fd(), leaf, stat))
        .ifPresent(stat -> parents.removeForReplacement(parent, leaf, stat));
    String path = parent.child(leaf);
    budget.name(path);
    budget.name(to);
    links.add(new Link(path, to));
  }

  void complete(LowerLayers lower) {
    for (Link link : links) {
      LayerTarget.checkInterrupt();
      complete(link, lower);
      parents.release();
    }
    for (String path : List.copyOf(target.implied())) {
      LayerTarget.checkInterrupt();
      complete(path, lower);
      parents.release();
    }
  }

  private void complete(Link link, LowerLayers lower) {
    Directory parent = parents.open(RawName.parent(link.path));
    String leaf = RawName.leaf(link.path);
    Stat there = FileCalls.stat(parent.fd(), leaf).orElse(null);
    if (there != null && !target.isWhiteout(parent.fd(), leaf, there)) {
      return;
    }
    String fromLeaf = RawName.leaf(link.to);
    Directory from = parents.find(RawName.parent(link.to));
    Stat present = from == null ? null : FileCalls.stat(from.fd(), fromLeaf).orElse(null);
    if (from == null || present == null) {
      from = copyUp(link, lower);
    } else if (target.isWhiteout(from.fd(), fromLeaf, present)) {
      throw missing(link.path, link.to);
    }
    writer.link(from, link.to, parent, link.path, leaf);
  }

  private Directory copyUp(Link link, LowerLayers lower) {
    String leaf = RawName.leaf(link.to);
    @Nullable Directory parent = parents.openAround(RawName.parent(link.to));
    // By the path that the links of this layer lead to.
    @Nullable Found found = parent == null ? null : lower.find(parent.child(leaf));
    if (parent == null || found == null) {
      throw missing(link.path, link.to);
    }
    Stat stat = found.stat();
    switch (stat.type()) {
      case Stat.REGULAR -> copyContent(found, parent, leaf);
      case Stat.SYMLINK ->
          FileCalls.makeSymlink(
              parent.fd(), leaf, FileCalls.readLink(found.parent(), found.leaf()));
      case Stat.DIRECTORY -> throw RawName.invalid(link.path, "it is a hard link to a directory");
      default ->
          FileCalls.makeNode(
              parent.fd(), leaf, stat.mode(), stat.deviceMajor(), stat.deviceMinor());
    }
    copyMetadata(link.to, found, parent.fd(), leaf);
    FileCalls.setTimes(parent.fd(), leaf, stat.modifiedSeconds(), stat.modifiedNanos());
    return parent;
  }

  static RuncibleException missing(String path, String to) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        "'"
            + RawName.printable(path)
            + "' is a hard link to '"
            + RawName.printable(to)
            + "', which neither this layer nor one below has");
  }

  /** A layer of a few bytes can ask for all that lies below. */
  private void copyContent(Found found, Directory parent, String leaf) {
    budget.content(Math.min(found.stat().size(), found.stat().blocks() * BLOCK));
    try (FileDescriptor from = FileCalls.openFileInRoot(found.parent(), found.leaf());
        FileDescriptor to = FileCalls.createFile(parent.fd(), leaf, 0600)) {
      FileContent.copy(from, to);
    }
  }

  private void copyMetadata(String path, Found found, FileDescriptor parent, String leaf) {
    Stat stat = found.stat();
    if (target.keepsOwners()) {
      FileCalls.chown(parent, leaf, stat.uid(), stat.gid());
    }
    Map<String, byte[]> attributes = new HashMap<>();
    for (String name : AttributeCalls.names(found.parent(), found.leaf())) {
      if (!ExtendedAttributes.isMark(name)) {
        AttributeCalls.get(found.parent(), found.leaf(), name)
            .ifPresent(value -> attributes.put(name, value));
      }
    }
    ExtendedAttributes.set(target, path, parent, leaf, attributes);
    byte[] owner = attributes.get(OwnerRecord.ATTRIBUTE);
    if (owner != null && target.recordsOwners()) {
      ExtendedAttributes.recordOwner(target, path, parent, leaf, owner);
    }
    if (stat.type() != Stat.SYMLINK) {
      FileCalls.chmod(parent, leaf, stat.permissions());
    }
  }

  /** Gives a directory without an entry what it has below. */
  private void complete(String path, LowerLayers lower) {
    Directory directory = parents.find(path);
    if (directory == null) {
      return;
    }
    @Nullable Found found = path.isEmpty() ? lower.root() : lower.find(path);
    if (found != null && found.stat().isDirectory()) {
      copyMetadata(path, found, directory.fd(), ".");
      directories.set(
          directory.inode(),
          path,
          found.stat().modifiedSeconds(),
          found.stat().modifiedNanos(),
          DirectoryMetadata.KEEP_MODE);
      parents.invalidate();
    } else if (path.isEmpty()) {
      // The directory came from who unpacks, with a mode of their own liking.
      parents.resetToImplied(directory, ".");
    }
  }
}
