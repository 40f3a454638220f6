package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.RuncibleException;

/**
 * One header block: ustar (POSIX.1-1988), old GNU, star or version 7. Filled anew for each block.
 */
final class TarHeader {
  static final int BLOCK = 512;

  private static final int MAGIC = 257;
  private static final int CHECKSUM = 148;
  private static final int CHECKSUM_LENGTH = 8;
  private static final int SPARSE = 386;
  private static final int SPARSE_EXTENDED = 482;
  private static final int SPARSE_REAL_SIZE = 483;
  private static final int EXTENSION_ENTRIES = 21;
  private static final int EXTENSION_EXTENDED = 504;

  private static final long MAX_ID = 0xfffffffeL;

  /** Some write the type of the file, too. */
  private static final long MAX_MODE = 0xffffffffL;

  private static final int MAX_MAJOR = (1 << 12) - 1;
  private static final int MAX_MINOR = (1 << 20) - 1;

  private byte[] block = new byte[0];
  private int start;
  private long position;

  private char type;
  private boolean gnu;
  private String name = "";
  private String linkName = "";
  private int mode;
  private long uid;
  private long gid;
  private long size;
  private long modifiedSeconds;
  private int deviceMajor;
  private int deviceMinor;

  /**
   * Reads a block that stays unchanged until the next call.
   *
   * @param position where the block is in the archive, for messages
   */
  void read(byte[] bytes, int offset, long position) {
    this.block = bytes;
    this.start = offset;
    this.position = position;
    verifyChecksum();
    boolean posix = matches(MAGIC, "ustar\0");
    gnu = matches(MAGIC, "ustar  \0");
    type = (char) (block[start + 156] & 0xff);
    name = text(0, 100);
    if (posix) {
      // star keeps times in the last bytes of the prefix.
      String prefix = text(345, matches(508, "tar\0") ? 131 : 155);
      name = prefix.isEmpty() ? name : prefix + "/" + name;
    }
    linkName = text(157, 100);
    mode = (int) (within(number(100, 8, "mode"), MAX_MODE, "mode") & 07777);
    uid = within(number(108, 8, "uid"), MAX_ID, "uid");
    gid = within(number(116, 8, "gid"), MAX_ID, "gid");
    size = within(number(124, 12, "size"), Long.MAX_VALUE, "size");
    modifiedSeconds = number(136, 12, "time");
    boolean device = type == '3' || type == '4';
    if (device && !posix && !gnu) {
      throw corrupt("a device in a format that has none");
    }
    deviceMajor = device ? (int) within(number(329, 8, "major"), MAX_MAJOR, "device major") : 0;
    deviceMinor = device ? (int) within(number(337, 8, "minor"), MAX_MINOR, "device minor") : 0;
  }

  private void verifyChecksum() {
    int unsigned = 0;
    int signed = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean own = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LENGTH;
      byte b = own ? (byte) ' ' : block[start + i];
      unsigned += b & 0xff;
      signed += b;
    }
    long stated = number(CHECKSUM, CHECKSUM_LENGTH, "checksum");
    // Some old implementations summed signed bytes.
    if (stated != unsigned && stated != signed) {
      throw corrupt("the checksum of a header is wrong, or this is no tar archive");
    }
  }

  private boolean matches(int offset, String expected) {
    for (int i = 0; i < expected.length(); i++) {
      if (block[start + offset + i] != expected.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private String text(int offset, int length) {
    int from = start + offset;
    int end = from;
    while (end < from + length && block[end] != 0) {
      end++;
    }
    return new String(block, from, end - from, ISO_8859_1);
  }

  private long number(int offset, int length, String what) {
    int first = block[start + offset];
    if ((first & 0x80) != 0) {
      return binary(offset, length, what);
    }
    int at = start + offset;
    int end = at + length;
    boolean empty = false;
    while (at < end && (block[at] == ' ' || block[at] == 0)) {
      empty |= block[at] == 0;
      at++;
    }
    if (empty && at < end) {
      // Some take the NUL for the end of the number, some go on.
      throw corrupt("the " + what + " of a header begins with a NUL");
    }
    return octal(at, end, what);
  }

  private long octal(int from, int end, String what) {
    int at = from;
    long value = 0;
    for (; at < end && block[at] != ' ' && block[at] != 0; at++) {
      int digit = block[at] - '0';
      if (digit < 0 || digit > 7) {
        throw corrupt("the " + what + " of a header is no number, or this is no tar archive");
      }
      value = value << 3 | digit;
    }
    while (at < end && block[at] == ' ') {
      at++;
    }
    if (at < end && block[at] != 0) {
      // Some take the blank for the end of the number, some refuse it.
      throw corrupt("the " + what + " of a header goes on after a blank");
    }
    return value;
  }

  /** Base 256, two's complement, in all bits but the first. */
  private long binary(int offset, int length, String what) {
    int from = start + offset;
    boolean negative = (block[from] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = 0; i < length; i++) {
      // The first byte carries the mark that this is base 256, which is no digit.
      int digit = i == 0 ? block[from] & 0x7f | (negative ? 0x80 : 0) : block[from + i] & 0xff;
      if (value << 8 >> 8 != value) {
        throw corrupt("the " + what + " of a header does not fit in 64 bits");
      }
      value = value << 8 | digit;
    }
    return value;
  }

  private long within(long value, long max, String what) {
    if (value < 0 || value > max) {
      throw corrupt("the " + what + " of a header is out of range: " + value);
    }
    return value;
  }

  private RuncibleException corrupt(String reason) {
    return TarReader.corrupt(position, reason);
  }

  /** The regions in an old GNU sparse header. */
  void sparseRegions(SparseMap map) {
    regions(map, start + SPARSE, 4);
  }

  boolean sparseExtended() {
    return block[start + SPARSE_EXTENDED] != 0;
  }

  long sparseRealSize() {
    return within(number(SPARSE_REAL_SIZE, 12, "sparse size"), Long.MAX_VALUE, "sparse size");
  }

  /**
   * Reads a block of more regions.
   *
   * @return whether another one follows
   */
  boolean sparseExtension(byte[] bytes, int offset, long at, SparseMap map) {
    this.block = bytes;
    this.start = offset;
    this.position = at;
    regions(map, offset, EXTENSION_ENTRIES);
    return block[offset + EXTENSION_EXTENDED] != 0;
  }

  private void regions(SparseMap map, int from, int count) {
    for (int i = 0; i < count; i++) {
      int at = from + i * 24;
      if (block[at + 12] == 0) {
        return;
      }
      String error =
          map.add(number(at - start, 12, "sparse map"), number(at - start + 12, 12, "sparse map"));
      if (!error.isEmpty()) {
        throw corrupt(error);
      }
    }
  }

  char type() {
    return type;
  }

  /** Whether this is GNU's own format, older than POSIX. */
  boolean isGnu() {
    return gnu;
  }

  String name() {
    return name;
  }

  String linkName() {
    return linkName;
  }

  int mode() {
    return mode;
  }

  long uid() {
    return uid;
  }

  long gid() {
    return gid;
  }

  long size() {
    return size;
  }

  long modifiedSeconds() {
    return modifiedSeconds;
  }

  int deviceMajor() {
    return deviceMajor;
  }

  int deviceMinor() {
    return deviceMinor;
  }
}
