package io.runcible.archive;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.runcible.ErrorKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Compressed layers that blow up, end early or are damaged, to be unpacked within these limits. */
final class HostileStreams {
  static final ArchiveLimits LIMITS =
      ArchiveLimits.DEFAULT
          .withMaxEntries(3_000)
          .withMaxTotalBytes(4 << 20)
          .withMaxFileBytes(64L << 30);

  private static final int MIB = 1 << 20;

  private final List<HostileLayers.Case> cases = new ArrayList<>();

  private HostileStreams() {}

  /** Wraps a stream so that what is written to it comes out compressed. */
  private interface Packer {
    OutputStream around(OutputStream out) throws IOException;
  }

  /** Made once: packing takes longer than what is then done with it. */
  private static final class Made {
    static final List<HostileLayers.Case> ALL;

    static {
      HostileStreams table = new HostileStreams();
      try {
        table.packed("gzip", GZIPOutputStream::new);
        table.packed("zstd", ZstdOutputStream::new);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ALL = List.copyOf(table.cases);
    }
  }

  static List<HostileLayers.Case> all() {
    return Made.ALL;
  }

  private void packed(String format, Packer packer) throws IOException {
    refused(format + " of one file over the total", pack(packer, content(1, 5 * MIB)), "limit");
    refused(format + " of many files over the total", pack(packer, content(6, MIB)), "limit");
    refused(format + " of too many entries", pack(packer, content(3_001, 0)), "limit");
    byte[] sound = pack(packer, noise());
    damaged(format + " cut in the middle", Arrays.copyOf(sound, sound.length / 2));
    damaged(format + " cut before its check sum", Arrays.copyOf(sound, sound.length - 3));
    byte[] changed = sound.clone();
    changed[sound.length / 2] ^= 0x10;
    damaged(format + " with a changed bit", changed);
    damaged(format + " of its magic alone", Arrays.copyOf(sound, 4));
    damaged(format + " of another", pack(packer, sound));
  }

  private void refused(String name, byte[] layer, String reason) {
    cases.add(
        new HostileLayers.Case(name, null, layer, ErrorKind.INVALID_INPUT, reason, null, null));
  }

  private void damaged(String name, byte[] layer) {
    cases.add(new HostileLayers.Case(name, null, layer, ErrorKind.CORRUPT_DATA, "", null, null));
  }

  private static byte[] content(int files, int size) {
    TarBytes tar = new TarBytes();
    String zeros = "\0".repeat(size);
    for (int i = 0; i < files; i++) {
      tar.file("f" + i, zeros);
    }
    return tar.bytes();
  }

  /** Content that does not pack, so that a damaged byte is one of its own. */
  private static byte[] noise() {
    Random random = new Random(7);
    TarBytes tar = new TarBytes();
    for (int i = 0; i < 20; i++) {
      tar.file(
          "f" + i,
          random
              .ints(5000, 'a', 'z')
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString());
    }
    return tar.bytes();
  }

  private static byte[] pack(Packer packer, byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream packed = packer.around(out)) {
      packed.write(plain);
    }
    return out.toByteArray();
  }
}
