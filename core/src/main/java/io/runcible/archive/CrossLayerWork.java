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
  private final MadeNames made;
  private final List<Link> links = new ArrayList<>();

  /** The last of them with each path. */
  private final Map<String, Link> lastLinks = new HashMap<>();

  /** Where the copies of lower files lie, by the paths of the files. */
  private final Map<String, String> copies = new HashMap<>();

  /**
   * A hard link to a file that this layer does not have; both paths are without its symbolic links.
   *
   * @param own how much of the file's path were directories of this layer when it was named
   * @param again whether it names another such link, which has the file by then
   */
  private record Link(String path, String to, int own, boolean again) {}

  /**
   * Does nothing yet.
   *
   * @param made gets the names of links that are still to be made
   */
  CrossLayerWork(
      LayerTarget target,
      ArchiveBudget budget,
      ParentDirectories parents,
      DirectoryMetadata directories,
      EntryWriter writer,
      MadeNames made) {
    this.target = target;
    this.budget = budget;
    this.parents = parents;
    this.directories = directories;
    this.writer = writer;
    this.made = made;
  }

  /** Notes a hard link for later. A whiteout has its name until then, unless an entry takes it. */
  void defer(String given, Directory parent, String leaf) {
    String path = parent.child(leaf);
    Link link = link(path, given);
    parents.checkDepth(parent, path, leaf);
    budget.name(path);
    budget.name(link.to);
    FileCalls.stat(parent.fd(), leaf)
        .ifPresent(stat -> parents.removeForReplacement(parent, leaf, stat));
    target.makeWhiteout(parent.fd(), leaf);
    made.add(parent.inode(), leaf);
    links.add(link);
    lastLinks.put(path, link);
  }

  /** To where lower layers have what shows at a path now. */
  private Link link(String linkPath, String given) {
    Directory parent = parents.openWherePossible(RawName.parent(given));
    if (parent == null) {
      throw missing(linkPath, given);
    }
    String leaf = RawName.leaf(given);
    String path = parent.child(leaf);
    @Nullable Link link = made.contains(parent.inode(), leaf) ? lastLinks.get(path) : null;
    boolean hidden = link != null ? path.startsWith(linkPath + "/") : isHidden(parent, leaf, path);
    if (hidden) {
      throw missing(linkPath, given);
    }
    if (link != null) {
      return new Link(linkPath, link.to, link.own, true);
    }
    return new Link(linkPath, path, target.ownLength(parent.path()), false);
  }

  private boolean isHidden(Directory parent, String leaf, String path) {
    boolean taken = FileCalls.stat(parent.fd(), leaf).isPresent() && !target.isMarkedOnly(path);
    return taken || parents.isBelowOpaque(path);
  }

  /** Makes the links for which their names still wait. */
  void completeLinks(LowerLayers lower) {
    for (Link link : links) {
      LayerTarget.checkInterrupt();
      complete(link, lower);
      parents.release();
    }
  }

  private void complete(Link link, LowerLayers lower) {
    @Nullable Found found = lower.follow(link.to, link.own);
    if (found == null || !link.again && found.path().startsWith(link.path + "/")) {
      throw missing(link.path, link.to);
    }
    if (found.stat().isDirectory()) {
      throw RawName.invalid(link.path, "it is a hard link to a directory");
    }
    Directory parent = parents.find(RawName.parent(link.path));
    if (parent == null || !isAwaited(link, parent)) {
      return;
    }
    String copy = copies.get(found.path());
    if (copy == null) {
      copy = copy(found, link, parent);
      budget.name(found.path());
      copies.put(found.path(), copy);
    }
    if (!copy.equals(link.path)) {
      Directory from = parents.open(RawName.parent(copy));
      writer.link(from, copy, parent, link.path, RawName.leaf(link.path));
    }
  }

  private boolean isAwaited(Link link, Directory parent) {
    return parent.path().equals(RawName.parent(link.path))
        && made.contains(parent.inode(), RawName.leaf(link.path))
        && link.equals(lastLinks.get(link.path));
  }

  /**
   * Copies a lower file to its own place, or to that of the link if it does not show any more.
   *
   * @return the path of the copy
   */
  private String copy(Found found, Link link, Directory linkParent) {
    String path = found.path();
    String leaf = RawName.leaf(path);
    Directory parent = parents.openWherePossible(RawName.parent(path));
    boolean shows =
        parent != null
            && parent.path().equals(RawName.parent(path))
            && FileCalls.stat(parent.fd(), leaf).isEmpty()
            && !parents.isBelowOpaque(path);
    if (parent != null && shows) {
      copy(found, parent, leaf);
      return path;
    }
    String linkLeaf = RawName.leaf(link.path);
    FileCalls.unlink(linkParent.fd(), linkLeaf);
    copy(found, linkParent, linkLeaf);
    return link.path;
  }

  private void copy(Found found, Directory parent, String leaf) {
    Stat stat = found.stat();
    switch (stat.type()) {
      case Stat.REGULAR -> copyContent(found, parent, leaf);
      case Stat.SYMLINK ->
          FileCalls.makeSymlink(
              parent.fd(), leaf, FileCalls.readLink(found.parent(), found.leaf()));
      default ->
          FileCalls.makeNode(
              parent.fd(), leaf, stat.mode(), stat.deviceMajor(), stat.deviceMinor());
    }
    copyMetadata(parent.child(leaf), found, parent.fd(), leaf);
    FileCalls.setTimes(parent.fd(), leaf, stat.modifiedSeconds(), stat.modifiedNanos());
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

  /** Gives directories without an entry what they have below. */
  void completeDirectories(LowerLayers lower) {
    for (String path : List.copyOf(target.implied())) {
      LayerTarget.checkInterrupt();
      complete(path, lower);
      parents.release();
    }
  }

  private void complete(String path, LowerLayers lower) {
    Directory directory = parents.find(path);
    if (directory == null || !directory.path().equals(path)) {
      return;
    }
    @Nullable Found found = null;
    if (!parents.isBelowOpaque(path)) {
      found = path.isEmpty() ? lower.root() : lower.find(path);
    }
    if (found != null && found.stat().isDirectory()) {
      copyMetadata(path, found, directory.fd(), ".");
      // Also the mode: the directory may be opened once more, by an owner whom it keeps out.
      directories.set(
          directory.inode(),
          path,
          found.stat().modifiedSeconds(),
          found.stat().modifiedNanos(),
          found.stat().permissions());
      parents.invalidate();
    } else if (path.isEmpty()) {
      // The directory came from who unpacks, with a mode of their own liking.
      parents.resetToImplied(directory.fd(), ".");
    }
  }
}
