package io.runcible.layout;

import java.nio.ByteBuffer;

/** The checksum that tar-split keeps of a file: CRC-64 with the polynomial of ISO 3309. */
final class Crc64 {
  private static final long POLYNOMIAL = 0xD800000000000000L;
  private static final long[] TABLE = new long[256];

  static {
    for (int i = 0; i < TABLE.length; i++) {
      long value = i;
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        value = (value & 1) == 0 ? value >>> 1 : (value >>> 1) ^ POLYNOMIAL;
      }
      TABLE[i] = value;
    }
  }

  private long state = -1;

  void update(byte[] bytes, int offset, int length) {
    long value = state;
    for (int i = offset; i < offset + length; i++) {
      value = TABLE[(int) (value ^ bytes[i]) & 0xff] ^ (value >>> Byte.SIZE);
    }
    state = value;
  }

  /** The highest byte first. */
  byte[] value() {
    return ByteBuffer.allocate(Long.BYTES).putLong(~state).array();
  }
}
