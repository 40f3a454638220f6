package io.runcible.archive;

import static io.runcible.archive.HuffmanTable.CODE;
import static io.runcible.archive.HuffmanTable.END;
import static io.runcible.archive.HuffmanTable.LITERAL;
import static io.runcible.archive.HuffmanTable.SPECIAL;
import static io.runcible.archive.HuffmanTable.TAKEN;
import static io.runcible.archive.HuffmanTable.VALUE;

import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * The two codes of a deflate block, and how a block says them (RFC 1951, sections 3.2.5 to 3.2.7).
 */
final class DeflateCodes {
  static final int LITERAL_BITS = 10;
  static final int DISTANCE_BITS = 8;

  private static final int LENGTH_BITS = 7;
  private static final int LENGTHS = 19;
  private static final int MAX_LITERALS = 286;
  private static final int MAX_DISTANCES = 30;
  private static final int FIXED_LITERALS = 288;
  private static final int FIXED_DISTANCES = 32;
  private static final int END_OF_BLOCK = 256;

  private static final byte[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private static final int[] LITERAL_MEANINGS = literalMeanings();
  private static final int[] DISTANCE_MEANINGS = distanceMeanings();
  private static final int[] LENGTH_MEANINGS = lengthMeanings();

  private static final HuffmanTable FIXED_LITERAL_CODE = fixedLiteralCode();
  private static final HuffmanTable FIXED_DISTANCE_CODE = fixedDistanceCode();

  private final HuffmanTable literalCode = literalTable();
  private final HuffmanTable distanceCode = distanceTable();
  private final HuffmanTable lengthCode = new HuffmanTable(LENGTH_BITS, LENGTH_MEANINGS);

  private final byte[] lengths = new byte[MAX_LITERALS + MAX_DISTANCES];
  private int literalCount;
  private int distanceCount;
  private int lengthCount;
  private int known;
  private boolean lengthCodeKnown;
  private HuffmanTable literals = literalCode;
  private HuffmanTable distances = distanceCode;

  HuffmanTable literals() {
    return literals;
  }

  HuffmanTable distances() {
    return distances;
  }

  /** Those of a block that says none. Making them anew would let an empty block cost much. */
  void fix() {
    literals = FIXED_LITERAL_CODE;
    distances = FIXED_DISTANCE_CODE;
  }

  /** Begins to read those of a block; false if that needs more input first. */
  boolean begin(BitInput input) throws DataFormatException {
    if (!input.has(14)) {
      return false;
    }
    literalCount = input.take(5) + 257;
    distanceCount = input.take(5) + 1;
    lengthCount = input.take(4) + 4;
    if (literalCount > MAX_LITERALS || distanceCount > MAX_DISTANCES) {
      throw new DataFormatException("too many length or distance symbols");
    }
    known = 0;
    lengthCodeKnown = false;
    Arrays.fill(lengths, 0, LENGTHS, (byte) 0);
    return true;
  }

  /** Reads them; false if that needs more input first. */
  boolean read(BitInput input) throws DataFormatException {
    if (!lengthCodeKnown) {
      if (!readLengthCode(input)) {
        return false;
      }
      known = 0;
      lengthCodeKnown = true;
    }
    while (known < literalCount + distanceCount) {
      if (!readLength(input)) {
        return false;
      }
    }
    if (lengths[END_OF_BLOCK] == 0) {
      throw new DataFormatException("a block cannot end");
    }
    if (!literalCode.build(lengths, 0, literalCount, true)) {
      throw new DataFormatException("invalid set of literals and lengths");
    }
    if (!distanceCode.build(lengths, literalCount, distanceCount, true)) {
      throw new DataFormatException("invalid set of distances");
    }
    literals = literalCode;
    distances = distanceCode;
    return true;
  }

  private boolean readLengthCode(BitInput input) throws DataFormatException {
    for (; known < lengthCount; known++) {
      if (!input.has(3)) {
        return false;
      }
      lengths[ORDER[known]] = (byte) input.take(3);
    }
    if (!lengthCode.build(lengths, 0, LENGTHS, false)) {
      throw new DataFormatException("invalid set of code lengths");
    }
    return true;
  }

  /** One, or one that is repeated. */
  private boolean readLength(BitInput input) throws DataFormatException {
    input.refill();
    int entry = lengthCode.entries[(int) input.held & (1 << LENGTH_BITS) - 1];
    int taken = entry & TAKEN;
    if (taken > input.count) {
      return false;
    }
    int codeBits = entry >>> CODE & TAKEN;
    int symbol = entry >>> VALUE;
    if (symbol < 16) {
      input.drop(taken);
      lengths[known++] = (byte) symbol;
      return true;
    }
    byte repeated = 0;
    if (symbol == 16) {
      if (known == 0) {
        throw new DataFormatException("the length before the first one is repeated");
      }
      repeated = lengths[known - 1];
    }
    input.drop(codeBits);
    int times = input.take(taken - codeBits) + (symbol == 18 ? 11 : 3);
    if (known + times > literalCount + distanceCount) {
      throw new DataFormatException("a length is repeated too often");
    }
    Arrays.fill(lengths, known, known + times, repeated);
    known += times;
    return true;
  }

  private static HuffmanTable literalTable() {
    return new HuffmanTable(LITERAL_BITS, LITERAL_MEANINGS);
  }

  private static HuffmanTable distanceTable() {
    return new HuffmanTable(DISTANCE_BITS, DISTANCE_MEANINGS);
  }

  private static HuffmanTable fixedLiteralCode() {
    byte[] lengths = new byte[FIXED_LITERALS];
    Arrays.fill(lengths, 0, 144, (byte) 8);
    Arrays.fill(lengths, 144, 256, (byte) 9);
    Arrays.fill(lengths, 256, 280, (byte) 7);
    Arrays.fill(lengths, 280, FIXED_LITERALS, (byte) 8);
    HuffmanTable table = literalTable();
    table.build(lengths, 0, FIXED_LITERALS, false);
    return table;
  }

  private static HuffmanTable fixedDistanceCode() {
    byte[] lengths = new byte[FIXED_DISTANCES];
    Arrays.fill(lengths, (byte) 5);
    HuffmanTable table = distanceTable();
    table.build(lengths, 0, FIXED_DISTANCES, false);
    return table;
  }

  private static int[] literalMeanings() {
    int[] meanings = new int[FIXED_LITERALS];
    for (int i = 0; i < END_OF_BLOCK; i++) {
      meanings[i] = LITERAL | i << VALUE;
    }
    meanings[END_OF_BLOCK] = SPECIAL | END;
    int length = 3;
    for (int i = 0; i < 28; i++) {
      int extra = Math.max(0, i / 4 - 1);
      meanings[END_OF_BLOCK + 1 + i] = length << VALUE | extra;
      length += 1 << extra;
    }
    meanings[285] = 258 << VALUE;
    meanings[286] = SPECIAL;
    meanings[287] = SPECIAL;
    return meanings;
  }

  private static int[] distanceMeanings() {
    int[] meanings = new int[FIXED_DISTANCES];
    int distance = 1;
    for (int i = 0; i < MAX_DISTANCES; i++) {
      int extra = Math.max(0, i / 2 - 1);
      meanings[i] = distance << VALUE | extra;
      distance += 1 << extra;
    }
    meanings[30] = SPECIAL;
    meanings[31] = SPECIAL;
    return meanings;
  }

  private static int[] lengthMeanings() {
    int[] meanings = new int[LENGTHS];
    for (int i = 0; i < LENGTHS; i++) {
      meanings[i] = i << VALUE;
    }
    meanings[16] |= 2;
    meanings[17] |= 3;
    meanings[18] |= 7;
    return meanings;
  }
}
