package io.runcible.serve;

import java.util.Optional;

/**
 * Part of a blob (RFC 9110, section 14).
 *
 * @param start the first byte
 * @param end the byte after the last
 */
record ByteRange(long start, long end) {
  private static final String UNIT = "bytes=";
  private static final int MAX_DIGITS = 18;

  /**
   * Reads the header {@code Range}. Empty when there is none to follow: a request with several
   * ranges, or with none that can be read, is answered as if it had no such header. A range that
   * begins after the end of the blob has {@link #isSatisfiable} false.
   */
  static Optional<ByteRange> parse(String header, long size) {
    int dash = header.indexOf('-');
    if (!header.startsWith(UNIT) || dash < 0) {
      return Optional.empty();
    }
    String first = header.substring(UNIT.length(), dash).strip();
    String last = header.substring(dash + 1).strip();
    if (first.isEmpty() && isNumber(last)) {
      long suffix = Math.min(size, Long.parseLong(last));
      return Optional.of(new ByteRange(size - suffix, size));
    }
    if (!isNumber(first) || !(last.isEmpty() || isNumber(last))) {
      return Optional.empty();
    }
    long start = Long.parseLong(first);
    long end = last.isEmpty() ? size : Long.parseLong(last) + 1;
    if (!last.isEmpty() && end <= start) {
      return Optional.empty();
    }
    return Optional.of(new ByteRange(start, Math.min(end, size)));
  }

  private static boolean isNumber(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_DIGITS
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  boolean isSatisfiable() {
    return start < end;
  }

  long length() {
    return end - start;
  }
}
