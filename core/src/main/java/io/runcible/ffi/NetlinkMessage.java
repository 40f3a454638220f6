package io.runcible.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * One netlink request as it is put together: a header, a fixed part, attributes that may nest, all
 * padded to four bytes, in the byte order of the machine (netlink(7), rtnetlink(7)).
 */
final class NetlinkMessage {
  static final int HEADER = 16;
  static final int ATTRIBUTE_HEADER = 4;

  /** No request of ours comes near it; a larger one fails with a buffer overflow. */
  private static final int CAPACITY = 4096;

  private static final int SEQUENCE_AT = 8;

  private final ByteBuffer buffer = ByteBuffer.allocate(CAPACITY).order(ByteOrder.nativeOrder());

  /** A message without anything behind its header. */
  NetlinkMessage(int type, int flags) {
    buffer.putInt(0).putShort((short) type).putShort((short) flags).putInt(0).putInt(0);
  }

  /** Adds bytes of a fixed part. */
  NetlinkMessage bytes(int... values) {
    for (int value : values) {
      buffer.put((byte) value);
    }
    return this;
  }

  /** Adds 16 bits of a fixed part. */
  NetlinkMessage shorts(int value) {
    buffer.putShort((short) value);
    return this;
  }

  /** Adds 32-bit numbers of a fixed part. */
  NetlinkMessage ints(int... values) {
    for (int value : values) {
      buffer.putInt(value);
    }
    return this;
  }

  NetlinkMessage attribute(int type, byte[] value) {
    buffer.putShort((short) (ATTRIBUTE_HEADER + value.length)).putShort((short) type).put(value);
    pad();
    return this;
  }

  NetlinkMessage attribute(int type, int value) {
    buffer.putShort((short) (ATTRIBUTE_HEADER + 4)).putShort((short) type).putInt(value);
    return this;
  }

  /** A NUL-terminated text. */
  NetlinkMessage attribute(int type, String value) {
    return attribute(type, (value + "\0").getBytes(StandardCharsets.US_ASCII));
  }

  /** Opens an attribute that others follow inside; returns what {@link #end} needs. */
  int begin(int type) {
    int at = buffer.position();
    buffer.putShort((short) 0).putShort((short) type);
    return at;
  }

  NetlinkMessage end(int begun) {
    buffer.putShort(begun, (short) (buffer.position() - begun));
    pad();
    return this;
  }

  private void pad() {
    while (buffer.position() % 4 != 0) {
      buffer.put((byte) 0);
    }
  }

  /** The whole message. */
  byte[] encode(int sequence) {
    buffer.putInt(0, buffer.position()).putInt(SEQUENCE_AT, sequence);
    byte[] message = new byte[buffer.position()];
    buffer.get(0, message);
    return message;
  }
}
