package io.runcible.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Ids in extended attributes: in access control lists, and whose root a capability is for. */
public final class AttributeIds {
  private static final String CAPABILITY = "security.capability";

  /** Of a capability that says whose it is, and of one that does not. */
  private static final int OWNED_SIZE = 24;

  private static final int PLAIN_SIZE = 20;
  private static final int REVISION = 3;
  private static final int PLAIN_REVISION = 2;

  /** An access list, in bytes: a version, and then entries of a tag, permissions and an id. */
  private static final String ACCESS_LIST = "system.posix_acl_";

  private static final int LIST_HEADER = 4;
  private static final int LIST_ENTRY = 8;
  private static final int NAMED_USER = 0x02;
  private static final int NAMED_GROUP = 0x08;

  private AttributeIds() {}

  /**
   * What a value of an image is on the host.
   *
   * @param uids the host's id for one of the image; negative if there is none
   * @return null if it names an id that there is not here
   */
  public static byte @Nullable [] outside(
      String name, byte[] value, LongUnaryOperator uids, LongUnaryOperator gids) {
    if (name.equals(CAPABILITY)) {
      return ownedCapability(value, uids);
    }
    return name.startsWith(ACCESS_LIST) ? accessList(value, uids, gids, false) : value;
  }

  /** One without an owner is root's inside; the kernel takes it for the host's root's. */
  private static byte @Nullable [] ownedCapability(byte[] value, LongUnaryOperator uids) {
    boolean plain = value.length == PLAIN_SIZE && value[3] == PLAIN_REVISION;
    if (!plain && (value.length != OWNED_SIZE || value[3] != REVISION)) {
      return value;
    }
    byte[] owned = Arrays.copyOf(value, OWNED_SIZE);
    owned[3] = REVISION;
    ByteBuffer numbers = ByteBuffer.wrap(owned).order(ByteOrder.LITTLE_ENDIAN);
    long root = uids.applyAsLong(Integer.toUnsignedLong(numbers.getInt(PLAIN_SIZE)));
    numbers.putInt(PLAIN_SIZE, (int) root);
    return root < 0 ? null : owned;
  }

  /**
   * What a value of the host is inside; the same if it names no id, or one that there is not
   * inside.
   *
   * @param uids the image's id for one of the host; negative if there is none
   */
  public static byte[] inside(
      String name, byte[] value, LongUnaryOperator uids, LongUnaryOperator gids) {
    if (name.equals(CAPABILITY)) {
      return capability(value, uids);
    }
    byte[] list = name.startsWith(ACCESS_LIST) ? accessList(value, uids, gids, true) : null;
    return list == null ? value : list;
  }

  /** One of root inside is one without an owner there. */
  private static byte[] capability(byte[] value, LongUnaryOperator uids) {
    if (value.length != OWNED_SIZE || value[3] != REVISION) {
      return value;
    }
    int root = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt(PLAIN_SIZE);
    if (uids.applyAsLong(Integer.toUnsignedLong(root)) != 0) {
      return value;
    }
    byte[] plain = Arrays.copyOf(value, PLAIN_SIZE);
    plain[3] = PLAIN_REVISION;
    return plain;
  }

  /**
   * A list with other ids.
   *
   * @param keeps whether an id that there is not stays as it is; otherwise the result is null
   */
  private static byte @Nullable [] accessList(
      byte[] value, LongUnaryOperator uids, LongUnaryOperator gids, boolean keeps) {
    ByteBuffer list = ByteBuffer.wrap(value.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = LIST_HEADER; at + LIST_ENTRY <= value.length; at += LIST_ENTRY) {
      int place = at + LIST_ENTRY - Integer.BYTES;
      short tag = list.getShort(at);
      if (tag != NAMED_USER && tag != NAMED_GROUP) {
        continue;
      }
      long id =
          (tag == NAMED_USER ? uids : gids).applyAsLong(Integer.toUnsignedLong(list.getInt(place)));
      if (id >= 0) {
        list.putInt(place, (int) id);
      } else if (!keeps) {
        return null;
      }
    }
    return list.array();
  }
}
