package io.runcible.archive;

import java.util.Arrays;

/** The regions of a sparse file that have content, in ascending order and apart from each other. */
final class SparseMap {
  /** Four MiB of map; a file with more holes than that was made to fill memory. */
  static final int MAX_REGIONS = 1 << 18;

  private long[] numbers = new long[8];
  private int count;
  private long end;
  private long stored;

  /**
   * Adds a region.
   *
   * @return why it cannot be, or an empty string
   */
  String add(long offset, long length) {
    if (offset < end || length < 0 || offset + length < offset) {
      return "its sparse map is not in order";
    }
    end = offset + length;
    if (length == 0) {
      // Marks the end of a file that ends in a hole.
      return "";
    }
    if (count == MAX_REGIONS) {
      return "its sparse map has more than " + MAX_REGIONS + " regions";
    }
    if (count * 2 == numbers.length) {
      numbers = Arrays.copyOf(numbers, numbers.length * 2);
    }
    numbers[count * 2] = offset;
    numbers[count * 2 + 1] = length;
    count++;
    stored += length;
    return "";
  }

  int count() {
    return count;
  }

  long offset(int region) {
    return numbers[region * 2];
  }

  long length(int region) {
    return numbers[region * 2 + 1];
  }

  /** Where the last region ends. */
  long end() {
    return end;
  }

  /** The length of all regions together. */
  long stored() {
    return stored;
  }
}
