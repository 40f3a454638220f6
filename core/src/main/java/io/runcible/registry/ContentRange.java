package io.runcible.registry;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The header {@code Content-Range} of a partial answer (RFC 9110, section 14.4).
 *
 * @param first the position of the first byte
 * @param last the position of the last byte
 * @param total the size of the whole, or -1 when it is not told
 */
record ContentRange(long first, long last, long total) {
  private static final String UNIT = "bytes ";
  private static final int MAX_DIGITS = 18;

  static Optional<ContentRange> parse(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
      return Optional.empty();
    }
    int dash = header.indexOf('-');
    int slash = header.indexOf('/');
    if (dash < 0 || slash < dash) {
      return Optional.empty();
    }
    long first = length(header.substring(UNIT.length(), dash));
    long last = length(header.substring(dash + 1, slash));
    String total = header.substring(slash + 1);
    boolean unknown = total.equals("*");
    if (first < 0 || last < first || (!unknown && length(total) <= last)) {
      return Optional.empty();
    }
    return Optional.of(new ContentRange(first, last, unknown ? -1 : length(total)));
  }

  /** Whether it is the part of a whole of some size from a position to before another. */
  boolean is(long position, long end, long size) {
    return first == position && last == end - 1 && (total < 0 || total == size);
  }

  /** A number of bytes in a header; -1 when it is absent or not a plain number of 64 bits. */
  static long length(@Nullable String header) {
    if (header == null || header.isEmpty() || header.length() > MAX_DIGITS) {
      return -1;
    }
    boolean digits = header.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Long.parseLong(header) : -1;
  }
}
