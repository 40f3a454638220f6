package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes tar: ustar headers (POSIX.1-1988) with extended ones (POSIX.1-2001) only where something
 * does not fit. Equal entries make equal bytes, and nothing of the host gets in. Where both headers
 * can say a thing they say the same, so that no two readers take it for different things.
 *
 * <p>Names are raw, as in {@link TarEntry}.
 */
final class TarWriter {
  private static final int BLOCK = TarHeader.BLOCK;

  /** More of extended header for one entry is refused by readers, this package's among them. */
  private static final int MAX_EXTENDED = 1 << 20;

  private static final int NAME = 100;
  private static final int LONGEST_SHORT_ID = 07777777;
  private static final long LONGEST_SHORT_SIZE = 077777777777L;
  private static final byte[] ZEROS = new byte[2 * BLOCK];

  private final OutputStream out;
  private final byte[] header = new byte[BLOCK];

  /** Content of the present entry that has to come. */
  private long remaining;

  private int padding;

  TarWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * What to write.
   *
   * @param size of a file, holes included; otherwise 0
   * @param sparse where the content of a file with holes belongs
   */
  record Entry(
      EntryType type,
      String name,
      String linkName,
      int mode,
      long uid,
      long gid,
      long size,
      long modifiedSeconds,
      int deviceMajor,
      int deviceMinor,
      Map<String, byte[]> attributes,
      @Nullable SparseMap sparse) {}

  /** Begins an entry. Its content, of a sparse file that of its regions, has to be written next. */
  void begin(Entry entry) throws IOException {
    if (remaining != 0) {
      throw new IllegalStateException("the content of the entry before is not complete");
    }
    out.write(ZEROS, 0, padding);
    byte[] map = entry.sparse == null ? ZEROS : sparseMap(entry.sparse, entry.size);
    long stored = entry.sparse == null ? entry.size : entry.sparse.stored();
    long size = entry.sparse == null ? stored : Math.addExact(stored, map.length);
    String name = entry.type == EntryType.DIRECTORY ? entry.name + "/" : entry.name;
    byte[] extended = extended(entry, name, size);
    if (extended.length > 0) {
      if (extended.length > MAX_EXTENDED) {
        throw RawName.invalid(entry.name, "its extended attributes take over a MiB");
      }
      fill('x', "PaxHeaders/" + RawName.leaf(entry.name), 0644, 0, 0, extended.length, 0);
      seal();
      out.write(extended);
      out.write(ZEROS, 0, -extended.length & BLOCK - 1);
    }
    // Under its own name a reader that knows no holes would take the map for content.
    String shown = entry.sparse == null ? name : "GNUSparseFile.0/" + RawName.leaf(name);
    fill(type(entry.type), shown, entry.mode, entry.uid, entry.gid, size, entry.modifiedSeconds);
    text(157, NAME, entry.linkName);
    if (entry.type == EntryType.CHARACTER_DEVICE || entry.type == EntryType.BLOCK_DEVICE) {
      number(329, 8, entry.deviceMajor, LONGEST_SHORT_ID);
      number(337, 8, entry.deviceMinor, LONGEST_SHORT_ID);
    }
    seal();
    if (entry.sparse != null) {
      out.write(map);
    }
    remaining = stored;
    padding = (int) (-size & BLOCK - 1);
  }

  private static char type(EntryType type) {
    return switch (type) {
      case FILE -> '0';
      case HARD_LINK -> '1';
      case SYMLINK -> '2';
      case CHARACTER_DEVICE -> '3';
      case BLOCK_DEVICE -> '4';
      case DIRECTORY -> '5';
      case FIFO -> '6';
    };
  }

  /** Content of the present entry. */
  void write(byte[] bytes, int offset, int length) throws IOException {
    if (length > remaining) {
      throw new IllegalStateException("more content than the entry has");
    }
    out.write(bytes, offset, length);
    remaining -= length;
  }

  /** Writes the end of the archive; the stream stays open. */
  void finish() throws IOException {
    out.write(ZEROS, 0, padding);
    padding = 0;
    out.write(ZEROS, 0, 2 * BLOCK);
  }

  private static byte[] extended(Entry entry, String name, long size) {
    TreeMap<String, byte[]> records = new TreeMap<>();
    if (entry.sparse != null) {
      records.put("GNU.sparse.major", ascii("1"));
      records.put("GNU.sparse.minor", ascii("0"));
      records.put("GNU.sparse.name", name.getBytes(ISO_8859_1));
      records.put("GNU.sparse.realsize", ascii(Long.toString(entry.size)));
    } else if (needsRecord(name)) {
      records.put("path", name.getBytes(ISO_8859_1));
    }
    if (needsRecord(entry.linkName)) {
      records.put("linkpath", entry.linkName.getBytes(ISO_8859_1));
    }
    if (entry.uid > LONGEST_SHORT_ID) {
      records.put("uid", ascii(Long.toString(entry.uid)));
    }
    if (entry.gid > LONGEST_SHORT_ID) {
      records.put("gid", ascii(Long.toString(entry.gid)));
    }
    if (size > LONGEST_SHORT_SIZE) {
      records.put("size", ascii(Long.toString(size)));
    }
    if (entry.modifiedSeconds < 0 || entry.modifiedSeconds > LONGEST_SHORT_SIZE) {
      records.put("mtime", ascii(Long.toString(entry.modifiedSeconds)));
    }
    entry.attributes.forEach((key, value) -> records.put("SCHILY.xattr." + key, value));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    records.forEach((key, value) -> all.writeBytes(record(key, value)));
    return all.toByteArray();
  }

  /** A name that is too long, or text but not ASCII. What is no text must not become a record. */
  private static boolean needsRecord(String name) {
    if (name.length() > NAME) {
      return true;
    }
    if (name.chars().allMatch(c -> c < 0x80)) {
      return false;
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name.getBytes(ISO_8859_1)));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** {@code "length key=value\n"}, where the length counts its own digits. */
  private static byte[] record(String key, byte[] value) {
    byte[] rest = (" " + key + "=").getBytes(ISO_8859_1);
    int fixed = rest.length + value.length + 1;
    int length = fixed + 1;
    while (length != fixed + Integer.toString(length).length()) {
      length = fixed + Integer.toString(length).length();
    }
    ByteBuffer record = ByteBuffer.allocate(length);
    record.put(ascii(Integer.toString(length))).put(rest).put(value).put((byte) '\n');
    return record.array();
  }

  /** The map that stands before the content (GNU's format 1.0). */
  private static byte[] sparseMap(SparseMap sparse, long size) {
    StringBuilder map = new StringBuilder();
    boolean hole = sparse.end() < size;
    map.append(sparse.count() + (hole ? 1 : 0)).append('\n');
    for (int i = 0; i < sparse.count(); i++) {
      map.append(sparse.offset(i)).append('\n').append(sparse.length(i)).append('\n');
    }
    if (hole) {
      map.append(size).append("\n0\n");
    }
    byte[] text = ascii(map.toString());
    return Arrays.copyOf(text, text.length + (-text.length & BLOCK - 1));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private void fill(
      char type, String name, int mode, long uid, long gid, long size, long modifiedSeconds) {
    Arrays.fill(header, (byte) 0);
    text(0, NAME, name);
    number(100, 8, mode, LONGEST_SHORT_ID);
    number(108, 8, uid, LONGEST_SHORT_ID);
    number(116, 8, gid, LONGEST_SHORT_ID);
    number(124, 12, size, LONGEST_SHORT_SIZE);
    number(136, 12, modifiedSeconds, LONGEST_SHORT_SIZE);
    header[156] = (byte) type;
    text(257, 6, "ustar");
    text(263, 2, "00");
  }

  /** As much of a text as there is room for; an extended header has the rest. */
  private void text(int offset, int length, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, Math.min(bytes.length, length));
  }

  /** Octal digits, or base 256 if they are not enough. */
  private void number(int offset, int length, long value, long max) {
    if (value >= 0 && value <= max) {
      String digits = Long.toOctalString(value);
      text(offset, length - 1, "0".repeat(length - 1 - digits.length()) + digits);
      return;
    }
    for (int i = 0; i < length; i++) {
      int shift = 8 * (length - 1 - i);
      header[offset + i] = (byte) (shift > 56 ? value >> 63 : value >> shift);
    }
    header[offset] |= (byte) 0x80;
  }

  private void seal() throws IOException {
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    number(148, 7, sum, LONGEST_SHORT_ID);
    header[154] = 0;
    out.write(header);
  }
}
