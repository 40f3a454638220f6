package io.runcible.archive;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Random deflate data (RFC 1951) as no compressor makes it: any codes, the longest included, any
 * distances, empty blocks. Now and then, a distance leads before the beginning.
 */
final class RandomDeflate {
  private static final int MAX_LENGTH = 15;
  private static final int END = 256;
  private static final int LITERALS = 286;
  private static final int DISTANCES = 30;
  private static final int[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private final Random random;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int bits;
  private int count;
  private int produced;

  private RandomDeflate(Random random) {
    this.random = random;
  }

  static byte[] make(Random random) {
    return new RandomDeflate(random).blocks();
  }

  private byte[] blocks() {
    int blocks = 1 + random.nextInt(4);
    for (int i = 1; i <= blocks; i++) {
      put(i == blocks ? 1 : 0, 1);
      int type = random.nextInt(6);
      if (type == 0) {
        stored();
      } else if (type == 1) {
        fixed();
      } else {
        dynamic();
      }
    }
    put(0, 7);
    return bytes.toByteArray();
  }

  private void put(int value, int width) {
    for (int i = 0; i < width; i++) {
      bits |= (value >>> i & 1) << count++;
      if (count == 8) {
        bytes.write(bits);
        bits = 0;
        count = 0;
      }
    }
  }

  private void code(int code, int width) {
    for (int i = width - 1; i >= 0; i--) {
      put(code >>> i & 1, 1);
    }
  }

  private void stored() {
    put(0, 2);
    put(0, 8 - count & 7);
    int length = random.nextInt(3) == 0 ? 0 : random.nextInt(70_000) & 0xffff;
    put(length, 16);
    put(length ^ 0xffff, 16);
    for (int i = 0; i < length; i++) {
      put(random.nextInt(256), 8);
    }
    produced += length;
  }

  private void fixed() {
    put(1, 2);
    int[] literals = new int[288];
    Arrays.fill(literals, 0, 144, 8);
    Arrays.fill(literals, 144, 256, 9);
    Arrays.fill(literals, 256, 280, 7);
    Arrays.fill(literals, 280, 288, 8);
    int[] distances = new int[32];
    Arrays.fill(distances, 5);
    symbols(literals, distances);
  }

  private void dynamic() {
    put(2, 2);
    int[] literals = lengths(LITERALS, END);
    int[] distances = random.nextInt(8) == 0 ? new int[1] : lengths(DISTANCES, -1);
    put(literals.length - 257, 5);
    put(distances.length - 1, 5);
    put(ORDER.length - 4, 4);
    // Lengths without repetition: sixteen codes of four bits.
    for (int symbol : ORDER) {
      put(symbol <= MAX_LENGTH ? 4 : 0, 3);
    }
    for (int length : literals) {
      code(length, 4);
    }
    for (int length : distances) {
      code(length, 4);
    }
    symbols(literals, distances);
  }

  /** A complete code for some of the symbols, or one with a single bit. */
  private int[] lengths(int most, int needed) {
    List<Integer> leaves = new ArrayList<>(List.of(0));
    int wanted = 1 + random.nextInt(most);
    boolean deep = random.nextBoolean();
    while (leaves.size() < wanted) {
      int at = deep ? leaves.size() - 1 : random.nextInt(leaves.size());
      if (leaves.get(at) == MAX_LENGTH) {
        at =
            IntStream.range(0, leaves.size())
                .filter(i -> leaves.get(i) < MAX_LENGTH)
                .findAny()
                .orElse(-1);
        if (at < 0) {
          break;
        }
      }
      int depth = leaves.remove(at) + 1;
      leaves.add(depth);
      leaves.add(depth);
    }
    leaves.replaceAll(depth -> Math.max(depth, 1));
    List<Integer> symbols = new ArrayList<>();
    random
        .ints(0, most)
        .filter(i -> i != needed)
        .distinct()
        .limit(leaves.size() - (needed < 0 ? 0 : 1))
        .forEach(symbols::add);
    if (needed >= 0) {
      symbols.add(random.nextInt(symbols.size() + 1), needed);
    }
    int last = symbols.stream().mapToInt(i -> i).max().orElseThrow();
    int[] lengths = new int[last + 1];
    for (int i = 0; i < symbols.size(); i++) {
      lengths[symbols.get(i)] = leaves.get(i);
    }
    return lengths;
  }

  private void symbols(int[] literals, int[] distances) {
    int[] literalCodes = codes(literals);
    int[] distanceCodes = codes(distances);
    int[] usable = used(literals, LITERALS);
    int[] reachable = used(distances, DISTANCES);
    for (int i = random.nextInt(3000); i > 0; i--) {
      int symbol = usable[random.nextInt(usable.length)];
      if (symbol < END) {
        code(literalCodes[symbol], literals[symbol]);
        produced++;
      } else if (symbol > END && reachable.length > 0) {
        match(symbol, literals, literalCodes, reachable, distances, distanceCodes);
      }
    }
    code(literalCodes[END], literals[END]);
  }

  private void match(
      int symbol,
      int[] literals,
      int[] literalCodes,
      int[] reachable,
      int[] distances,
      int[] distanceCodes) {
    int distanceSymbol = reachable[random.nextInt(reachable.length)];
    int width = Math.max(0, distanceSymbol / 2 - 1);
    int base = distanceSymbol < 2 ? distanceSymbol + 1 : (2 + distanceSymbol % 2 << width) + 1;
    int extra = random.nextInt(1 << width);
    if (base + extra > produced && random.nextInt(2000) != 0) {
      return;
    }
    code(literalCodes[symbol], literals[symbol]);
    int more = symbol == 285 ? 0 : Math.max(0, (symbol - 257) / 4 - 1);
    int of = random.nextInt(1 << more);
    put(of, more);
    code(distanceCodes[distanceSymbol], distances[distanceSymbol]);
    put(extra, width);
    // Not less than it gives.
    produced += symbol == 285 ? 258 : 3;
  }

  private static int[] used(int[] lengths, int most) {
    return IntStream.range(0, Math.min(lengths.length, most)).filter(i -> lengths[i] > 0).toArray();
  }

  private static int[] codes(int[] lengths) {
    int[] codes = new int[lengths.length];
    int next = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      next <<= 1;
      for (int i = 0; i < lengths.length; i++) {
        if (lengths[i] == length) {
          codes[i] = next++;
        }
      }
    }
    return codes;
  }
}
