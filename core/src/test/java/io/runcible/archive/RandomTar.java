package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes archives at random, in all formats that a layer can come in, and damages them. */
final class RandomTar {
  private static final int BLOCK = TarBytes.BLOCK;
  private static final String VALUES = "07\0 /123456789xLKgS\u0080\u00ff";

  private static final int[] FIELDS = {
    0, 99, 100, 108, 116, 124, 135, 136, 156, 157, 257, 263, 345, 386, 482, 483
  };

  private final Random random;
  private final TarBytes tar = new TarBytes();

  private RandomTar(Random random) {
    this.random = random;
  }

  static byte[] archive(Random random) {
    RandomTar archive = new RandomTar(random);
    int entries = 1 + random.nextInt(6);
    for (int i = 0; i < entries; i++) {
      archive.entry();
    }
    return archive.tar.bytes();
  }

  private boolean oneIn(int count) {
    return random.nextInt(count) == 0;
  }

  private String name(int length) {
    StringBuilder name = new StringBuilder();
    while (name.length() < length) {
      name.append((char) ('a' + random.nextInt(26)));
      if (oneIn(20)) {
        name.append('/').append((char) ('a' + random.nextInt(26)));
      } else if (oneIn(40)) {
        name.append('\u00c3').append((char) (0xa0 + random.nextInt(20)));
      } else if (oneIn(60)) {
        name.append((char) (0x80 + random.nextInt(128)));
      }
    }
    // A slash at the end would make a directory of a file.
    return name.substring(0, length - 1) + 'z';
  }

  private byte[] content() {
    byte[] content = new byte[oneIn(3) ? 0 : random.nextInt(3 * BLOCK)];
    random.nextBytes(content);
    return content;
  }

  private void entry() {
    String name = name(1 + random.nextInt(oneIn(4) ? 250 : 60));
    switch (random.nextInt(12)) {
      case 0 -> tar.add(metadata(header('5', named(name + "/"))));
      case 1 -> tar.add(metadata(header('2', named(name))).link(name(1 + random.nextInt(99))));
      case 2 ->
          tar.add(
              metadata(header('1', named(name)))
                  .link(name(1 + random.nextInt(99)))
                  .size(random.nextInt(99)));
      case 3 -> tar.add(metadata(header('6', named(name))));
      case 4 ->
          tar.add(
              metadata(header(oneIn(2) ? '3' : '4', named(name)))
                  .device(random.nextInt(4096), random.nextInt(1 << 20)));
      case 5 -> paxSparse(name);
      case 6 -> gnuSparse(name);
      case 7 -> {
        byte[] content = content();
        tar.pax(records(name, content.length)).add(metadata(header('0', "short")), content);
      }
      case 8 -> {
        tar.add(header('g', "global"), TarBytes.record("comment", ascii("ignored")));
        tar.add(metadata(header('0', named(name))), content());
      }
      default ->
          tar.add(metadata(header(oneIn(5) ? '7' : oneIn(5) ? '\0' : '0', named(name))), content());
    }
  }

  /** Says a long name in front of its entry, and returns what goes into the header. */
  private String named(String name) {
    if (name.length() > 100) {
      if (oneIn(2)) {
        tar.longName('L', name);
      } else {
        tar.pax("path", name);
      }
      return name.substring(0, 90).replace('/', '_');
    }
    return name;
  }

  private TarBytes.Header metadata(TarBytes.Header header) {
    header.mode(random.nextInt(010000)).owner(random.nextInt(100_000), random.nextInt(100_000));
    header.modified(random.nextInt(2_000_000_000));
    if (oneIn(5)) {
      header.binary(108, 8, random.nextInt(Integer.MAX_VALUE));
    }
    if (oneIn(5)) {
      header.binary(136, 12, random.nextInt(2_000_000_000));
    }
    if (oneIn(6)) {
      header.gnu();
    }
    return header;
  }

  private Map<String, byte[]> records(String name, int size) {
    Map<String, byte[]> records = new LinkedHashMap<>();
    List<String> keys =
        new ArrayList<>(
            List.of("path", "size", "uid", "gid", "mtime", "comment", "SCHILY.xattr.user.x"));
    Collections.shuffle(keys, random);
    for (String key : keys.subList(0, 1 + random.nextInt(keys.size()))) {
      records.put(
          key,
          switch (key) {
            case "path" -> name.getBytes(ISO_8859_1);
            case "size" -> ascii(Integer.toString(size));
            case "uid", "gid" -> ascii(Integer.toString(random.nextInt(Integer.MAX_VALUE)));
            case "mtime" -> ascii(random.nextInt(2_000_000_000) + (oneIn(2) ? ".5" : ""));
            default -> ascii("value " + random.nextInt());
          });
    }
    return records;
  }

  /** Regions in order, of whole blocks, with at least a block between them. */
  private long[] regions() {
    long[] regions = new long[2 * (1 + random.nextInt(30))];
    long at = (long) BLOCK * random.nextInt(3);
    for (int i = 0; i < regions.length; i += 2) {
      regions[i] = at;
      regions[i + 1] = (long) BLOCK * (1 + random.nextInt(3));
      at += regions[i + 1] + (long) BLOCK * (1 + random.nextInt(4));
    }
    return regions;
  }

  private static long stored(long[] regions) {
    long stored = 0;
    for (int i = 1; i < regions.length; i += 2) {
      stored += regions[i];
    }
    return stored;
  }

  private static long end(long[] regions) {
    return regions[regions.length - 2] + regions[regions.length - 1];
  }

  private byte[] bytes(long length) {
    byte[] content = new byte[(int) length];
    random.nextBytes(content);
    return content;
  }

  private void paxSparse(String name) {
    long[] regions = regions();
    if (oneIn(2)) {
      // A hole at the end is marked by a region without content.
      regions = Arrays.copyOf(regions, regions.length + 2);
      regions[regions.length - 2] = regions[regions.length - 4] + regions[regions.length - 3] + 999;
    }
    long size = end(regions);
    byte[] content = bytes(stored(regions));
    StringBuilder map = new StringBuilder();
    switch (random.nextInt(2)) {
      case 0 -> {
        for (long number : regions) {
          map.append(map.length() == 0 ? "" : ",").append(number);
        }
        tar.pax(
                "GNU.sparse.name", name,
                "GNU.sparse.size", Long.toString(size),
                "GNU.sparse.numblocks", Integer.toString(regions.length / 2),
                "GNU.sparse.map", map.toString())
            .add(header('0', "GNUSparseFile.1/x"), content);
      }
      default -> {
        map.append(regions.length / 2).append('\n');
        for (long number : regions) {
          map.append(number).append('\n');
        }
        byte[] text = ascii(map.toString());
        byte[] all = Arrays.copyOf(text, text.length + (-text.length & BLOCK - 1) + content.length);
        System.arraycopy(content, 0, all, all.length - content.length, content.length);
        tar.pax(
                "GNU.sparse.major",
                "1",
                "GNU.sparse.minor",
                "0",
                "GNU.sparse.name",
                name,
                "GNU.sparse.realsize",
                Long.toString(size))
            .add(header('0', "GNUSparseFile.1/x"), all);
      }
    }
  }

  private void gnuSparse(String name) {
    long[] regions = regions();
    byte[] content = bytes(stored(regions));
    TarBytes.Header header = metadata(header('S', named(name))).gnu();
    int inHeader = Math.min(8, regions.length);
    for (int i = 0; i < inHeader; i++) {
      header.octal(386 + 12 * i, 12, regions[i]);
    }
    header.octal(483, 12, end(regions));
    header.text(482, 1, regions.length > 8 ? "\1" : "");
    tar.add(header.size(content.length));
    for (int done = inHeader; done < regions.length; ) {
      byte[] block = new byte[BLOCK];
      int here = Math.min(42, regions.length - done);
      for (int i = 0; i < here; i++) {
        byte[] digits = ascii(String.format("%011o", regions[done + i]));
        System.arraycopy(digits, 0, block, 12 * i, digits.length);
      }
      done += here;
      block[504] = (byte) (done < regions.length ? 1 : 0);
      tar.raw(block);
    }
    tar.content(content);
  }

  /**
   * Changes a few bytes, drops or repeats blocks, or cuts the end off; mostly with good checksums.
   */
  static byte[] damage(byte[] archive, Random random) {
    byte[] damaged = archive.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(damaged.length);
      switch (random.nextInt(6)) {
        case 0 -> damaged = Arrays.copyOf(damaged, at);
        case 1 -> damaged = without(damaged, at / BLOCK * BLOCK);
        case 2 -> damaged[at] = (byte) random.nextInt();
        case 3 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
        default -> {
          // A field of a header.
          int field = FIELDS[random.nextInt(FIELDS.length)];
          damaged[Math.min(damaged.length - 1, at / BLOCK * BLOCK + field)] =
              (byte) VALUES.charAt(random.nextInt(VALUES.length()));
        }
      }
      if (damaged.length == 0) {
        return damaged;
      }
    }
    if (random.nextInt(10) > 0) {
      seal(damaged, archive);
    }
    return damaged;
  }

  private static byte[] without(byte[] bytes, int at) {
    int end = Math.min(bytes.length, at + BLOCK);
    byte[] rest = new byte[bytes.length - (end - at)];
    System.arraycopy(bytes, 0, rest, 0, at);
    System.arraycopy(bytes, end, rest, at, bytes.length - end);
    return rest;
  }

  /** Makes the checksums right of what was a header and still looks like one. */
  private static void seal(byte[] damaged, byte[] archive) {
    for (int at = 0; at + BLOCK <= Math.min(damaged.length, archive.length); at += BLOCK) {
      boolean was = archive[at + 257] == 'u' && archive[at + 258] == 's';
      if (was && !Arrays.equals(damaged, at, at + BLOCK, archive, at, at + BLOCK)) {
        Arrays.fill(damaged, at + 148, at + 156, (byte) ' ');
        int sum = 0;
        for (int i = at; i < at + BLOCK; i++) {
          sum += damaged[i] & 0xff;
        }
        byte[] digits = ascii(String.format("%06o\0 ", sum));
        System.arraycopy(digits, 0, damaged, at + 148, 8);
      }
    }
  }
}
