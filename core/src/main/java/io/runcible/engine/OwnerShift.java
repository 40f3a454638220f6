package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives the files of a root file system to the ids that those of its image are in a user namespace:
 * for an ordinary user, to whom the kernel shows no files with other owners. On an overlay that
 * copies them all.
 */
final class OwnerShift {
  private static final int SET_ID = 06000;
  private static final int EXECUTABLE = 0111;
  private static final int NOBODY = 65534;
  private static final String CAPABILITY = "security.capability";
  private static final int CAPABILITY_SIZE = 20;
  private static final int REVISION = 3;

  private final FileDescriptor root;
  private final IdMaps ids;

  /** Of files with several names, whose they were: the names may be one file or several by now. */
  private final Map<Long, Stat> linked = new HashMap<>();

  private OwnerShift(FileDescriptor root, IdMaps ids) {
    this.root = root;
    this.ids = ids;
  }

  /** Without recursion, since a tree can be deep. */
  static void run(Path tree, IdMaps ids) {
    try (FileDescriptor root = FileCalls.openDirectory(tree)) {
      new OwnerShift(root, ids).run();
    } catch (NativeException e) {
      throw new RuncibleException(
          e.kind(), "cannot give the files of '" + tree + "' to its users: " + e.getMessage(), e);
    }
  }

  private void run() {
    Stat top = FileCalls.stat(root);
    Deque<String> waiting = new ArrayDeque<>(List.of("."));
    while (!waiting.isEmpty()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new RuncibleException(ErrorKind.CANCELLED, "giving files away was interrupted");
      }
      String path = waiting.pop();
      try (FileDescriptor directory = FileCalls.openChildDirectory(root, path)) {
        for (String name : FileCalls.list(directory)) {
          Stat stat = FileCalls.stat(directory, name).orElseThrow();
          if (stat.isDirectory()) {
            waiting.push(path + "/" + name);
          }
          give(directory, name, stat);
        }
      }
    }
    FileCalls.chown(root, uid(top), gid(top));
  }

  private int uid(Stat stat) {
    return outside(ids.uids(), stat.uid());
  }

  private int gid(Stat stat) {
    return outside(ids.gids(), stat.gid());
  }

  /** What the namespace lacks belongs to nobody. */
  static int outside(List<IdRange> ranges, int inside) {
    long id = Integer.toUnsignedLong(inside);
    for (IdRange range : ranges) {
      if (id >= range.inside() && id - range.inside() < range.count()) {
        return (int) (range.outside() + id - range.inside());
      }
    }
    return outside(ranges, inside == NOBODY ? 0 : NOBODY);
  }

  private void give(FileDescriptor parent, String name, Stat stat) {
    if (stat.links() > 1 && !stat.isDirectory()) {
      Stat before = linked.putIfAbsent(stat.inode(), stat);
      if (before != null && (before.uid() != stat.uid() || before.gid() != stat.gid())) {
        return; // It was given by another name.
      }
    }
    if (uid(stat) == stat.uid() && gid(stat) == stat.gid()) {
      return;
    }
    boolean program = stat.isRegular() && (stat.permissions() & EXECUTABLE) != 0;
    byte[] capability = program ? FileCalls.attribute(parent, name, CAPABILITY).orElse(null) : null;
    FileCalls.chown(parent, name, uid(stat), gid(stat));
    // The kernel takes both from a file that gets another owner.
    if (stat.isRegular() && (stat.permissions() & SET_ID) != 0) {
      FileCalls.chmod(parent, name, stat.permissions());
    }
    if (capability != null) {
      FileCalls.setAttribute(parent, name, CAPABILITY, ofRoot(capability, outside(ids.uids(), 0)));
    }
  }

  /** The same capabilities, for a namespace whose root is this id: revision 3 of the attribute. */
  static byte[] ofRoot(byte[] capability, int root) {
    if (capability.length != CAPABILITY_SIZE) {
      return capability;
    }
    byte[] ofRoot = Arrays.copyOf(capability, CAPABILITY_SIZE + Integer.BYTES);
    ofRoot[3] = REVISION;
    for (int i = 0; i < Integer.BYTES; i++) {
      ofRoot[CAPABILITY_SIZE + i] = (byte) (root >>> (Byte.SIZE * i));
    }
    return ofRoot;
  }
}
