package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The attributes of a netlink answer. The last one of a type counts. */
final class NetlinkAttributes {
  /** The two highest bits say that it nests, or its byte order. */
  private static final int TYPE_MASK = 0x3fff;

  private final Map<Integer, byte[]> values = new HashMap<>();

  private NetlinkAttributes() {}

  /**
   * Reads the attributes from the position of a buffer to its limit.
   *
   * @throws RuncibleException CORRUPT_DATA if one of them says that it is longer than what is there
   */
  static NetlinkAttributes parse(ByteBuffer buffer) {
    NetlinkAttributes attributes = new NetlinkAttributes();
    while (buffer.remaining() >= NetlinkMessage.ATTRIBUTE_HEADER) {
      int start = buffer.position();
      int length = Short.toUnsignedInt(buffer.getShort());
      int type = buffer.getShort() & TYPE_MASK;
      if (length < NetlinkMessage.ATTRIBUTE_HEADER || length > buffer.limit() - start) {
        throw NetlinkSocket.corrupt("an attribute of " + length + " bytes");
      }
      byte[] value = new byte[length - NetlinkMessage.ATTRIBUTE_HEADER];
      buffer.get(value);
      attributes.values.put(type, value);
      buffer.position(Math.min(buffer.limit(), start + NetlinkSocket.align(length)));
    }
    return attributes;
  }

  Optional<byte[]> bytes(int type) {
    return Optional.ofNullable(values.get(type));
  }

  OptionalInt number(int type) {
    byte[] value = values.get(type);
    if (value == null) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(
          ByteBuffer.wrap(value).order(java.nio.ByteOrder.nativeOrder()).getInt());
    } catch (BufferUnderflowException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "a netlink number has " + value.length + " bytes", e);
    }
  }

  /** A text up to its NUL, or to its end. */
  Optional<String> text(int type) {
    return bytes(type)
        .map(
            value -> {
              String all = new String(value, StandardCharsets.UTF_8);
              int end = all.indexOf('\0');
              return end < 0 ? all : all.substring(0, end);
            });
  }
}
