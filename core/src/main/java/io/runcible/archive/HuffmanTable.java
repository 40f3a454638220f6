package io.runcible.archive;

import java.util.Arrays;

/**
 * A Huffman code of deflate (RFC 1951, section 3.2.2) as a table: the next bits of the stream are
 * the index of an entry, which says how many of them it takes and what they mean. A code that is
 * longer than the index leads to a table of its own, for the bits that follow.
 *
 * <p>An entry has the number of bits that it takes, those behind the code included, in bits 0 to 5;
 * that of the code alone, or of the index of the further table, in bits 8 to 12; and its value, the
 * least one if bits follow, or where the further table starts, from bit 16 on.
 */
final class HuffmanTable {
  /** The value is a byte. */
  static final int LITERAL = 1 << 31;

  /** The value is no number: a further table, the end of a block, or nothing that there may be. */
  static final int SPECIAL = 1 << 15;

  static final int FURTHER = 1 << 14;
  static final int END = 1 << 13;

  static final int TAKEN = 0x3f;
  static final int VALUE = 16;
  static final int CODE = 8;

  private static final int MAX_LENGTH = 15;

  final int[] entries;
  private final int indexBits;
  private final int[] meanings;
  private final int[] counts = new int[MAX_LENGTH + 1];
  private final int[] starts = new int[MAX_LENGTH + 1];
  private final short[] sorted;

  /**
   * Without a code yet.
   *
   * @param meanings the entry of each symbol, where its code has no bits
   */
  HuffmanTable(int indexBits, int[] meanings) {
    this.indexBits = indexBits;
    this.meanings = meanings;
    sorted = new short[meanings.length];
    // A further table for so many bits has 2^bits entries, and bits + 1 symbols at least.
    int bits = MAX_LENGTH - indexBits;
    entries = new int[(1 << indexBits) + meanings.length * (1 << bits) / (bits + 1)];
  }

  /**
   * Makes it the table of a code.
   *
   * @param lengths of the codes of the symbols; 0 for one that has none
   * @param single whether the only code may have one bit, of which one value means nothing; none at
   *     all may be, too
   * @return false if there is no such code
   */
  boolean build(byte[] lengths, int from, int count, boolean single) {
    Arrays.fill(counts, 0);
    for (int i = 0; i < count; i++) {
      counts[lengths[from + i]]++;
    }
    int longest = MAX_LENGTH;
    while (longest > 0 && counts[longest] == 0) {
      longest--;
    }
    int unused = 1;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      unused = (unused << 1) - counts[length];
      if (unused < 0) {
        return false;
      }
    }
    if (unused > 0) {
      if (!single || longest > 1) {
        return false;
      }
      Arrays.fill(entries, 0, 1 << indexBits, SPECIAL);
    }
    sort(lengths, from, count);
    fill(lengths, from, count - counts[0], longest);
    return true;
  }

  /** By length, and by number among those of one length. */
  private void sort(byte[] lengths, int from, int count) {
    starts[1] = 0;
    for (int length = 1; length < MAX_LENGTH; length++) {
      starts[length + 1] = starts[length] + counts[length];
    }
    for (int i = 0; i < count; i++) {
      int length = lengths[from + i];
      if (length != 0) {
        sorted[starts[length]++] = (short) i;
      }
    }
  }

  /** The first bit of a code is the lowest of the index. */
  private void fill(byte[] lengths, int from, int coded, int longest) {
    int size = 1 << indexBits;
    int code = 0;
    int further = 0;
    int furtherBits = 0;
    int end = size;
    int prefix = -1;
    for (int i = 0; i < coded; i++) {
      int symbol = sorted[i];
      int length = lengths[from + symbol];
      if (length <= indexBits) {
        put(0, size, code, meanings[symbol], length);
      } else {
        if ((code & size - 1) != prefix) {
          prefix = code & size - 1;
          further = end;
          furtherBits = furtherBits(length, longest);
          end += 1 << furtherBits;
          entries[prefix] = SPECIAL | FURTHER | further << VALUE | furtherBits << CODE | indexBits;
        }
        put(further, 1 << furtherBits, code >>> indexBits, meanings[symbol], length - indexBits);
      }
      counts[length]--;
      code = next(code, length);
    }
  }

  /** Wherever the bits behind the code are. */
  private void put(int start, int size, int code, int meaning, int length) {
    int entry = meaning + (length << CODE) + length;
    for (int i = code; i < size; i += 1 << length) {
      entries[start + i] = entry;
    }
  }

  /** As many as all the codes with this beginning need. */
  private int furtherBits(int length, int longest) {
    int bits = length - indexBits;
    int unused = 1 << bits;
    while (bits + indexBits < longest) {
      unused -= counts[bits + indexBits];
      if (unused <= 0) {
        break;
      }
      bits++;
      unused <<= 1;
    }
    return bits;
  }

  /** One more, with the bits the other way round. */
  private static int next(int code, int length) {
    int bit = 1 << length - 1;
    while ((code & bit) != 0) {
      bit >>= 1;
    }
    return bit == 0 ? 0 : (code & bit - 1) + bit;
  }
}
