package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.RuncibleException;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The extended headers of one entry (POSIX.1-2001), and GNU's sparse keywords among them. */
final class PaxHeaders {
  private static final String SCHILY_ATTRIBUTE = "SCHILY.xattr.";
  private static final String LIBARCHIVE_ATTRIBUTE = "LIBARCHIVE.xattr.";
  private static final long MAX_ID = 0xfffffffeL;
  private static final int ABSENT = -1;

  private @Nullable String path;
  private @Nullable String linkPath;
  private long size = ABSENT;
  private long uid = ABSENT;
  private long gid = ABSENT;
  private boolean modified;
  private long modifiedSeconds;
  private int modifiedNanos;
  private Map<String, byte[]> attributes = Map.of();

  private @Nullable String sparseName;
  private @Nullable SparseMap sparseMap;
  private long sparseSize = ABSENT;
  private long sparseOffset = ABSENT;
  private boolean sparseMapInContent;
  private long position;

  void clear() {
    path = null;
    linkPath = null;
    size = ABSENT;
    uid = ABSENT;
    gid = ABSENT;
    modified = false;
    attributes = Map.of();
    sparseName = null;
    sparseMap = null;
    sparseSize = ABSENT;
    sparseOffset = ABSENT;
    sparseMapInContent = false;
  }

  /** Reads records of the form {@code "length key=value\n"}. */
  void read(byte[] data, int length, long at) {
    position = at;
    int start = 0;
    while (start < length) {
      int digits = start;
      int record = 0;
      while (digits < length && data[digits] >= '0' && data[digits] <= '9' && record <= length) {
        record = record * 10 + data[digits++] - '0';
      }
      int end = start + record;
      if (digits == start || record > length - start || end <= digits + 1) {
        throw corrupt("the length of an extended header is wrong");
      }
      if (data[digits] != ' ' || data[end - 1] != '\n') {
        throw corrupt("an extended header has no end");
      }
      int equals = digits + 1;
      while (equals < end - 1 && data[equals] != '=') {
        equals++;
      }
      if (equals == end - 1 || equals == digits + 1) {
        throw corrupt("an extended header has no keyword");
      }
      String key = new String(data, digits + 1, equals - digits - 1, ISO_8859_1);
      record(key, data, equals + 1, end - 1);
      start = end;
    }
  }

  private void record(String key, byte[] data, int from, int to) {
    if (key.startsWith(SCHILY_ATTRIBUTE)) {
      attribute(key.substring(SCHILY_ATTRIBUTE.length()), Arrays.copyOfRange(data, from, to));
    } else if (key.startsWith(LIBARCHIVE_ATTRIBUTE)) {
      String name = unescape(key.substring(LIBARCHIVE_ATTRIBUTE.length()));
      if (!attributes.containsKey(name)) {
        attribute(name, base64(new String(data, from, to - from, ISO_8859_1)));
      }
    } else if (key.startsWith("GNU.sparse.")) {
      sparse(key, new String(data, from, to - from, ISO_8859_1));
    } else {
      standard(key, new String(data, from, to - from, ISO_8859_1));
    }
  }

  /** An empty value takes back what an earlier record said. */
  private void standard(String key, String value) {
    switch (key) {
      case "path" -> path = value.isEmpty() ? null : name(key, value);
      case "linkpath" -> linkPath = value.isEmpty() ? null : name(key, value);
      case "size" -> size = value.isEmpty() ? ABSENT : number(key, value, Long.MAX_VALUE);
      case "uid" -> uid = value.isEmpty() ? ABSENT : number(key, value, MAX_ID);
      case "gid" -> gid = value.isEmpty() ? ABSENT : number(key, value, MAX_ID);
      case "mtime" -> time(value);
      default -> {
        // Names of owners, access times, comments: of no use here.
      }
    }
  }

  private String name(String key, String value) {
    if (value.indexOf('\0') >= 0) {
      throw corrupt("the " + key + " of an extended header has a NUL character");
    }
    return value;
  }

  private long number(String key, String value, long max) {
    long number = 0;
    for (int i = 0; i < value.length(); i++) {
      int digit = value.charAt(i) - '0';
      if (digit < 0 || digit > 9 || number > (Long.MAX_VALUE - digit) / 10) {
        throw corrupt("the " + key + " of an extended header is no number in range");
      }
      number = number * 10 + digit;
    }
    if (value.isEmpty() || number > max) {
      throw corrupt("the " + key + " of an extended header is no number in range");
    }
    return number;
  }

  private void time(String value) {
    modified = !value.isEmpty();
    if (!modified) {
      return;
    }
    boolean negative = value.startsWith("-");
    int point = value.indexOf('.');
    String whole = value.substring(negative ? 1 : 0, point < 0 ? value.length() : point);
    String fraction = point < 0 ? "" : value.substring(point + 1);
    long seconds = number("mtime", whole, Long.MAX_VALUE);
    // Digits beyond the nanosecond are cut off, after a look that they are digits.
    String nine = (fraction + "000000000").substring(0, 9);
    int nanos = (int) number("mtime", nine, 999_999_999);
    for (int i = 9; i < fraction.length(); i++) {
      if (fraction.charAt(i) < '0' || fraction.charAt(i) > '9') {
        throw corrupt("the mtime of an extended header is no number in range");
      }
    }
    modifiedSeconds = negative ? -seconds - (nanos > 0 ? 1 : 0) : seconds;
    modifiedNanos = negative && nanos > 0 ? 1_000_000_000 - nanos : nanos;
  }

  private void attribute(String name, byte[] value) {
    if (name.isEmpty() || name.indexOf('\0') >= 0 || name.length() > RawName.MAX_COMPONENT) {
      throw corrupt("the name of an extended attribute is empty, too long or has a NUL character");
    }
    if (attributes.isEmpty()) {
      attributes = new LinkedHashMap<>();
    }
    attributes.put(name, value);
  }

  private byte[] base64(String value) {
    try {
      return Base64.getDecoder().decode(value.replace("=", ""));
    } catch (IllegalArgumentException e) {
      throw corrupt("the value of an extended attribute is not base64");
    }
  }

  private String unescape(String name) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '%' && i + 2 < name.length()) {
        int high = Character.digit(name.charAt(i + 1), 16);
        int low = Character.digit(name.charAt(i + 2), 16);
        if (high < 0 || low < 0) {
          throw corrupt("the name of an extended attribute has a wrong escape");
        }
        c = (char) (high << 4 | low);
        i += 2;
      }
      plain.append(c);
    }
    return plain.toString();
  }

  private void sparse(String key, String value) {
    switch (key) {
      case "GNU.sparse.name" -> sparseName = value.isEmpty() ? null : name(key, value);
      case "GNU.sparse.size", "GNU.sparse.realsize" ->
          sparseSize = number(key, value, Long.MAX_VALUE);
      case "GNU.sparse.offset" -> {
        if (sparseOffset >= 0) {
          throw corrupt("a sparse map has an offset without a length");
        }
        sparseOffset = number(key, value, Long.MAX_VALUE);
      }
      case "GNU.sparse.numbytes" -> {
        if (sparseOffset < 0) {
          throw corrupt("a sparse map has a length without an offset");
        }
        region(sparseOffset, number(key, value, Long.MAX_VALUE));
        sparseOffset = ABSENT;
      }
      case "GNU.sparse.map" -> {
        sparseMap = new SparseMap();
        String[] numbers = value.split(",", -1);
        if (numbers.length % 2 != 0) {
          throw corrupt("a sparse map has an offset without a length");
        }
        for (int i = 0; i < numbers.length; i += 2) {
          region(
              number(key, numbers[i], Long.MAX_VALUE), number(key, numbers[i + 1], Long.MAX_VALUE));
        }
      }
      case "GNU.sparse.major" -> {
        long major = number(key, value, Long.MAX_VALUE);
        if (major > 1) {
          throw corrupt("the sparse format " + major + " is unknown");
        }
        sparseMapInContent = major == 1;
      }
      default -> {
        // The number of regions, which the map says itself, and the minor version.
      }
    }
  }

  private void region(long offset, long length) {
    if (sparseMap == null) {
      sparseMap = new SparseMap();
    }
    String error = sparseMap.add(offset, length);
    if (!error.isEmpty()) {
      throw corrupt(error);
    }
  }

  private RuncibleException corrupt(String reason) {
    return TarReader.corrupt(position, reason);
  }

  @Nullable String path() {
    return sparseName != null ? sparseName : path;
  }

  @Nullable String linkPath() {
    return linkPath;
  }

  /** Negative if not said; so are the ids. */
  long size() {
    return size;
  }

  long uid() {
    return uid;
  }

  long gid() {
    return gid;
  }

  boolean hasModified() {
    return modified;
  }

  long modifiedSeconds() {
    return modifiedSeconds;
  }

  int modifiedNanos() {
    return modifiedNanos;
  }

  Map<String, byte[]> attributes() {
    return attributes;
  }

  boolean isSparse() {
    return sparseMap != null || sparseMapInContent;
  }

  /** Whether something is said of a sparse file, and not all of it. */
  boolean isHalfSparse() {
    return sparseOffset >= 0
        || !isSparse() && (sparseName != null || sparseSize >= 0)
        || isSparse() && sparseSize < 0;
  }

  /** Whether the map stands before the content (format 1.0). */
  boolean sparseMapInContent() {
    return sparseMapInContent;
  }

  @Nullable SparseMap sparseMap() {
    return sparseMap;
  }

  long sparseSize() {
    return sparseSize;
  }
}
