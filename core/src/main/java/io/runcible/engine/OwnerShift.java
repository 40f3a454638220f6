package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

  private static final Set<String> ACCESS_LISTS =
      Set.of("system.posix_acl_access", "system.posix_acl_default");

  /** In bytes: a version, and then entries of a tag, permissions and an id. */
  private static final int LIST_HEADER = 4;

  private static final int LIST_ENTRY = 8;
  private static final int NAMED_USER = 0x02;
  private static final int NAMED_GROUP = 0x08;

  private final FileDescriptor root;
  private final IdMaps ids;

  /** Of files with several names, whose they were: the names may be one file or several by now. */
  private final Map<Long, Owners> linked = new HashMap<>();

  /**
   * Whose a file is.
   *
   * @param lists its access control lists, by attribute
   */
  private record Owners(int uid, int gid, Map<String, ByteBuffer> lists) {
    static Owners of(FileDescriptor parent, String name, Stat stat) {
      Map<String, ByteBuffer> lists = new HashMap<>();
      if (stat.isDirectory() || stat.isRegular()) {
        for (String attribute : AttributeCalls.names(parent, name)) {
          if (ACCESS_LISTS.contains(attribute)) {
            AttributeCalls.get(parent, name, attribute)
                .ifPresent(list -> lists.put(attribute, ByteBuffer.wrap(list)));
          }
        }
      }
      return new Owners(stat.uid(), stat.gid(), lists);
    }

    Owners outside(IdMaps ids) {
      Map<String, ByteBuffer> outside = new HashMap<>();
      lists.forEach(
          (attribute, list) ->
              outside.put(attribute, ByteBuffer.wrap(OwnerShift.outside(bytes(list), ids))));
      return new Owners(
          OwnerShift.outside(ids.uids(), uid), OwnerShift.outside(ids.gids(), gid), outside);
    }
  }

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
    give(root, ".", top);
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
    Owners before = Owners.of(parent, name, stat);
    if (stat.links() > 1 && !stat.isDirectory()) {
      Owners first = linked.putIfAbsent(stat.inode(), before);
      if (first != null && !first.equals(before)) {
        return; // It was given by another name.
      }
    }
    Owners after = before.outside(ids);
    if (after.equals(before)) {
      return;
    }
    boolean program = stat.isRegular() && (stat.permissions() & EXECUTABLE) != 0;
    byte[] capability = program ? AttributeCalls.get(parent, name, CAPABILITY).orElse(null) : null;
    FileCalls.chown(parent, name, after.uid(), after.gid());
    after.lists().forEach((list, value) -> AttributeCalls.set(parent, name, list, bytes(value)));
    // The kernel takes both from a file that gets another owner.
    if (stat.isRegular() && (stat.permissions() & SET_ID) != 0) {
      FileCalls.chmod(parent, name, stat.permissions());
    }
    if (capability != null) {
      AttributeCalls.set(parent, name, CAPABILITY, ofRoot(capability, outside(ids.uids(), 0)));
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** The same access control list, with the ids that its named users and groups are outside. */
  static byte[] outside(byte[] list, IdMaps ids) {
    ByteBuffer shifted = ByteBuffer.wrap(list.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = LIST_HEADER; at + LIST_ENTRY <= list.length; at += LIST_ENTRY) {
      int tag = shifted.getShort(at);
      int id = at + LIST_ENTRY - Integer.BYTES;
      if (tag == NAMED_USER) {
        shifted.putInt(id, outside(ids.uids(), shifted.getInt(id)));
      } else if (tag == NAMED_GROUP) {
        shifted.putInt(id, outside(ids.gids(), shifted.getInt(id)));
      }
    }
    return shifted.array();
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
