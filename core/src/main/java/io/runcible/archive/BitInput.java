package io.runcible.archive;

/** The bits of input that comes in pieces, the lowest of each byte first (RFC 1951, 3.1.1). */
final class BitInput {
  private static final int ENOUGH = 56;

  private static final byte[] NOTHING = {};

  byte[] bytes = NOTHING;
  int at;
  int limit;

  /** The bits that were taken from the bytes, the next one lowest, and zeros above. */
  long held;

  int count;

  void reset() {
    bytes = NOTHING;
    at = 0;
    limit = 0;
    held = 0;
    count = 0;
  }

  void give(byte[] more, int offset, int length) {
    bytes = more;
    at = offset;
    limit = offset + length;
  }

  /** Holds 56 bits at least, if there are so many. */
  void refill() {
    while (count < ENOUGH && at < limit) {
      held |= (bytes[at++] & 0xffL) << count;
      count += 8;
    }
  }

  /** Whether there are so many. */
  boolean has(int bits) {
    if (count < bits) {
      refill();
    }
    return count >= bits;
  }

  int take(int bits) {
    int taken = (int) held & (1 << bits) - 1;
    drop(bits);
    return taken;
  }

  void drop(int bits) {
    held >>>= bits;
    count -= bits;
  }

  /** To the next whole byte. */
  void align() {
    drop(count & 7);
  }

  /** How many whole bytes are left. */
  int remaining() {
    return limit - at + (count >>> 3);
  }
}
