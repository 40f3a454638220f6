package io.runcible.archive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Takes the ids of a host out of extended attributes, for a layer. */
final class MappedAttributes {
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

  private MappedAttributes() {}

  /** What a value is inside; the same if it names no id, or one that there is not inside. */
  static byte[] inside(String name, byte[] value, Ownership ownership) {
    if (ownership.isMapped() && name.equals(CAPABILITY)) {
      return capability(value, ownership);
    }
    return ownership.isMapped() && name.startsWith(ACCESS_LIST)
        ? accessList(value, ownership)
        : value;
  }

  /** One of root inside is one without an owner there. */
  private static byte[] capability(byte[] value, Ownership ownership) {
    if (value.length != OWNED_SIZE || value[3] != REVISION) {
      return value;
    }
    int root = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt(PLAIN_SIZE);
    if (ownership.insideUid(Integer.toUnsignedLong(root)) != 0) {
      return value;
    }
    byte[] plain = Arrays.copyOf(value, PLAIN_SIZE);
    plain[3] = PLAIN_REVISION;
    return plain;
  }

  private static byte[] accessList(byte[] value, Ownership ownership) {
    ByteBuffer list = ByteBuffer.wrap(value.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = LIST_HEADER; at + LIST_ENTRY <= value.length; at += LIST_ENTRY) {
      int place = at + LIST_ENTRY - Integer.BYTES;
      long outside = Integer.toUnsignedLong(list.getInt(place));
      long inside =
          switch (list.getShort(at)) {
            case NAMED_USER -> ownership.insideUid(outside);
            case NAMED_GROUP -> ownership.insideGid(outside);
            default -> -1;
          };
      if (inside >= 0) {
        list.putInt(place, (int) inside);
      }
    }
    return list.array();
  }
}
