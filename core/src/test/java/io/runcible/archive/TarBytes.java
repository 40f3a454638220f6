package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Builds tar archives byte by byte, wrong ones too. Names are raw: one char for each byte. */
public final class TarBytes {
  static final int BLOCK = 512;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** One header block that can be bent before it is sealed with its checksum. */
  public static final class Header {
    private final byte[] block = new byte[BLOCK];

    Header(char type, String name) {
      text(0, 100, name);
      octal(100, 8, 0644);
      octal(108, 8, 0);
      octal(116, 8, 0);
      octal(124, 12, 0);
      octal(136, 12, 1_600_000_000);
      block[156] = (byte) type;
      text(257, 8, "ustar\00000");
    }

    public Header text(int offset, int length, String text) {
      byte[] bytes = text.getBytes(ISO_8859_1);
      if (bytes.length > length) {
        throw new IllegalArgumentException(text);
      }
      Arrays.fill(block, offset, offset + length, (byte) 0);
      System.arraycopy(bytes, 0, block, offset, bytes.length);
      return this;
    }

    public Header octal(int offset, int length, long value) {
      return text(offset, length, String.format("%0" + (length - 1) + "o", value));
    }

    public Header mode(int mode) {
      return octal(100, 8, mode);
    }

    public Header owner(int uid, int gid) {
      return octal(108, 8, uid).octal(116, 8, gid);
    }

    public Header size(long size) {
      return octal(124, 12, size);
    }

    public Header modified(long seconds) {
      return octal(136, 12, seconds);
    }

    public Header link(String target) {
      return text(157, 100, target);
    }

    public Header device(int major, int minor) {
      return octal(329, 8, major).octal(337, 8, minor);
    }

    public Header gnu() {
      return text(257, 8, "ustar  \0");
    }

    /** Base 256. */
    public Header binary(int offset, int length, long value) {
      for (int i = 0; i < length; i++) {
        int shift = 8 * (length - 1 - i);
        block[offset + i] = (byte) (shift > 56 ? value >> 63 : value >> shift);
      }
      block[offset] |= (byte) 0x80;
      return this;
    }

    public byte[] sealed() {
      text(148, 8, "        ");
      int sum = 0;
      for (byte b : block) {
        sum += b & 0xff;
      }
      text(148, 8, String.format("%06o\0 ", sum));
      return block;
    }
  }

  public static Header header(char type, String name) {
    return new Header(type, name);
  }

  public TarBytes raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  public TarBytes zeros(int count) {
    return raw(new byte[count]);
  }

  /** A header as it is; content has to follow. */
  public TarBytes add(Header header) {
    return raw(header.sealed());
  }

  public TarBytes add(Header header, byte[] content) {
    return add(header.size(content.length)).content(content);
  }

  public TarBytes content(byte[] content) {
    return raw(content).zeros(-content.length & (BLOCK - 1));
  }

  public TarBytes file(String name, String content) {
    return add(header('0', name), content.getBytes(ISO_8859_1));
  }

  public TarBytes directory(String name) {
    return directory(name, 0755);
  }

  public TarBytes directory(String name, int mode) {
    return add(header('5', name).mode(mode));
  }

  public TarBytes symlink(String name, String target) {
    return add(header('2', name).mode(0777).link(target));
  }

  public TarBytes hardLink(String name, String target) {
    return add(header('1', name).link(target));
  }

  /** An extended header for the next entry. */
  public TarBytes pax(String... keysAndValues) {
    Map<String, byte[]> records = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      records.put(keysAndValues[i], keysAndValues[i + 1].getBytes(ISO_8859_1));
    }
    return pax(records);
  }

  public TarBytes pax(Map<String, byte[]> records) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    records.forEach((key, value) -> content.writeBytes(record(key, value)));
    return add(header('x', "PaxHeaders/x"), content.toByteArray());
  }

  public static byte[] record(String key, byte[] value) {
    int rest = key.length() + value.length + 3;
    int length = rest + Integer.toString(rest).length();
    if (Integer.toString(length).length() > Integer.toString(rest).length()) {
      length++;
    }
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    record.writeBytes((length + " " + key + "=").getBytes(ISO_8859_1));
    record.writeBytes(value);
    record.write('\n');
    return record.toByteArray();
  }

  public TarBytes longName(char type, String name) {
    return add(header(type, "././@LongLink").gnu(), (name + "\0").getBytes(ISO_8859_1));
  }

  /** What has been added, without an end. */
  public byte[] open() {
    return out.toByteArray();
  }

  /** The archive with its end. */
  public byte[] bytes() {
    return zeros(2 * BLOCK).open();
  }

  public InputStream stream() {
    return new ByteArrayInputStream(bytes());
  }

  public static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }
}
