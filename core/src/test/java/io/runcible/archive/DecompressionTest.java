package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.IgzipInflater;
import io.runcible.ffi.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecompressionTest {
  /** Which implementations are under test. */
  enum Codecs {
    JAVA,
    PURE,
    NATIVE;

    private RawInflater inflater() {
      return switch (this) {
        case JAVA -> RawInflater.jdk();
        case PURE -> new PureInflater();
        case NATIVE -> RawInflater.fastest();
      };
    }

    InputStream open(InputStream content, ArchiveLimits limits) throws IOException {
      if (this == NATIVE) {
        HostTools.require(
            IgzipInflater.isAvailable() && ZstdDecompressor.isAvailable(),
            "libisal2 and libzstd1 are missing: apt-get install libisal2 libzstd1");
      }
      return Decompression.open(content, new ArchiveBudget(limits), this::inflater, this == NATIVE);
    }

    byte[] read(byte[] content) throws IOException {
      try (InputStream in = open(new ByteArrayInputStream(content), ArchiveLimits.DEFAULT)) {
        return in.readAllBytes();
      }
    }

    /** The bytes, or a word for why there are none. */
    Object outcome(byte[] content) throws IOException {
      try {
        return read(content);
      } catch (RuncibleException e) {
        return e.kind();
      }
    }
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  private static byte[] zstd(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
      zstd.write(plain);
    }
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Arrays.stream(parts).forEach(out::writeBytes);
    return out.toByteArray();
  }

  /** Content of several kinds: none, noise, text, runs, and a mixture. */
  private static byte[] content(Random random, int length) {
    byte[] content = new byte[length];
    int kind = random.nextInt(4);
    if (kind == 0) {
      random.nextBytes(content);
    } else if (kind == 1) {
      for (int i = 0; i < length; i++) {
        content[i] = (byte) ("the quick brown fox".charAt(i % 19) + random.nextInt(40) / 39);
      }
    } else if (kind == 2) {
      for (int i = 0; i < length; i++) {
        content[i] = (byte) (random.nextInt(100) == 0 ? random.nextInt() : 0);
      }
    }
    return content;
  }

  private static void assertCorrupt(Codecs codecs, byte[] content, String... words) {
    assertThatThrownBy(() -> codecs.read(content))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA))
        .hasMessageContainingAll(words);
  }

  @ParameterizedTest
  @EnumSource
  void plainContentComesAsItIs(Codecs codecs) throws IOException {
    for (String text : List.of("", "a", "abc", "abcd", "some more text")) {
      assertThat(codecs.read(text.getBytes(UTF_8))).isEqualTo(text.getBytes(UTF_8));
    }
  }

  @Test
  void compressionIsToldByContent() throws IOException {
    assertThat(Compression.detect(gzip(new byte[1]))).isEqualTo(Compression.GZIP);
    assertThat(Compression.detect(zstd(new byte[1]))).isEqualTo(Compression.ZSTD);
    assertThat(Compression.detect(new byte[] {0x5f, 0x2a, 0x4d, 0x18})).isEqualTo(Compression.ZSTD);
    assertThat(Compression.detect(new byte[] {0x1f})).isEqualTo(Compression.NONE);
    assertThat(Compression.detect(new byte[0])).isEqualTo(Compression.NONE);
  }

  @Test
  void contentIsClosedWithTheStreamAndWhenOpeningFails() throws IOException {
    for (byte[] content : List.of(gzip(new byte[9]), zstd(new byte[9]), new byte[9])) {
      for (Codecs codecs : Codecs.values()) {
        boolean[] closed = {false};
        InputStream in =
            new ByteArrayInputStream(content) {
              @Override
              public void close() {
                closed[0] = true;
              }
            };
        codecs.open(in, ArchiveLimits.DEFAULT).close();
        assertThat(closed[0]).isTrue();
      }
    }
    boolean[] closed = {false};
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("reset");
          }

          @Override
          public void close() {
            closed[0] = true;
          }
        };
    assertThatThrownBy(() -> Decompression.open(failing)).hasMessage("reset");
    assertThat(closed[0]).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void failureOfTheSourceIsPassedOn(Codecs codecs) throws IOException {
    byte[] noise = new byte[500_000];
    new Random(3).nextBytes(noise);
    for (byte[] content : List.of(gzip(noise), zstd(noise))) {
      InputStream first = new ByteArrayInputStream(content, 0, 300_000);
      InputStream throwing =
          new InputStream() {
            @Override
            public int read() throws IOException {
              throw new IOException("connection reset");
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
              if (first.available() == 0) {
                throw new IOException("connection reset");
              }
              return first.read(bytes, offset, length);
            }
          };
      try (InputStream in = codecs.open(throwing, ArchiveLimits.DEFAULT)) {
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOf(IOException.class)
            .hasMessage("connection reset");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void corruptionThatTheSourceFoundIsPassedOn(Codecs codecs) throws IOException {
    byte[] packed = zstd(new byte[10]);
    RuncibleException found = new RuncibleException(ErrorKind.CORRUPT_DATA, "wrong digest");
    InputStream source =
        new ByteArrayInputStream(packed) {
          @Override
          public synchronized int read(byte[] bytes, int offset, int length) {
            if (available() == 0) {
              throw found;
            }
            return super.read(bytes, offset, length);
          }
        };
    try (InputStream in = codecs.open(source, ArchiveLimits.DEFAULT)) {
      assertThatThrownBy(in::readAllBytes).isSameAs(found);
    }
  }

  @Nested
  class Gzip {
    private static final int CORRUPTIONS = 400;

    @ParameterizedTest
    @EnumSource
    void contentOfEveryKindComesBack(Codecs codecs) throws IOException {
      Random random = new Random(42);
      for (int length : new int[] {0, 1, 7, 1000, 65_535, 65_536, 65_537, 300_000, 2_000_000}) {
        byte[] plain = content(random, length);
        assertThat(codecs.read(gzip(plain))).isEqualTo(plain);
      }
    }

    @ParameterizedTest
    @EnumSource
    void streamMayTrickleAndBeReadByteByByte(Codecs codecs) throws IOException {
      byte[] plain = content(new Random(5), 5000);
      for (int chunk = 1; chunk < 30; chunk++) {
        int most = chunk;
        InputStream trickle =
            new ByteArrayInputStream(join(gzip(plain), gzip(plain))) {
              @Override
              public synchronized int read(byte[] bytes, int offset, int length) {
                return super.read(bytes, offset, Math.min(length, most));
              }
            };
        try (InputStream in = codecs.open(trickle, ArchiveLimits.DEFAULT)) {
          ByteArrayOutputStream all = new ByteArrayOutputStream();
          for (int b = in.read(); b >= 0; b = in.read()) {
            all.write(b);
          }
          assertThat(all.toByteArray()).isEqualTo(join(plain, plain));
        }
      }
    }

    @ParameterizedTest
    @EnumSource
    void membersFollowEachOther(Codecs codecs) throws IOException {
      Random random = new Random(6);
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      ByteArrayOutputStream plain = new ByteArrayOutputStream();
      for (int i = 0; i < 300; i++) {
        byte[] part = content(random, random.nextInt(2000));
        packed.writeBytes(gzip(part));
        plain.writeBytes(part);
      }
      packed.writeBytes(gzip(new byte[0]));
      assertThat(codecs.read(packed.toByteArray())).isEqualTo(plain.toByteArray());
    }

    private byte[] member(int flags, byte[] fields) {
      byte[] plain = "hello".getBytes(UTF_8);
      Deflater deflater = new Deflater(9, true);
      deflater.setInput(plain);
      deflater.finish();
      byte[] packed = new byte[100];
      int length = deflater.deflate(packed);
      deflater.end();
      CRC32 crc = new CRC32();
      crc.update(plain);
      byte[] trailer = new byte[8];
      for (int i = 0; i < 4; i++) {
        trailer[i] = (byte) (crc.getValue() >> 8 * i);
      }
      trailer[4] = 5;
      byte[] header = {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 0, 3};
      return join(header, fields, Arrays.copyOf(packed, length), trailer);
    }

    @ParameterizedTest
    @EnumSource
    void optionalFieldsAreSkippedAndTheirChecksumVerified(Codecs codecs) throws IOException {
      byte[] extra = {4, 0, 'A', 'B', 0, 0};
      byte[] names = "name\0comment\0".getBytes(UTF_8);
      byte[] hello = "hello".getBytes(UTF_8);
      assertThat(codecs.read(member(4 | 8 | 16, join(extra, names)))).isEqualTo(hello);

      byte[] header = Arrays.copyOf(member(4 | 8 | 16 | 2, join(extra, names)), 10 + 6 + 13);
      CRC32 crc = new CRC32();
      crc.update(header);
      byte[] sum = {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)};
      assertThat(codecs.read(member(4 | 8 | 16 | 2, join(extra, names, sum)))).isEqualTo(hello);
      sum[0] ^= 1;
      assertCorrupt(codecs, member(4 | 8 | 16 | 2, join(extra, names, sum)), "header");
    }

    @ParameterizedTest
    @EnumSource
    void strangeHeadersAreCorrupt(Codecs codecs) {
      assertCorrupt(codecs, member(0x20, new byte[0]), "gzip", "flags");
      byte[] method = member(0, new byte[0]);
      method[2] = 7;
      assertCorrupt(codecs, method, "gzip", "method");
      byte[] endless = new byte[200_000];
      Arrays.fill(endless, (byte) 'x');
      assertCorrupt(codecs, member(8, endless), "gzip", "too long");
    }

    @ParameterizedTest
    @EnumSource
    void checksumAndLengthAreVerified(Codecs codecs) throws IOException {
      byte[] packed = gzip("some content".getBytes(UTF_8));
      byte[] checksum = packed.clone();
      checksum[packed.length - 8] ^= 1;
      assertCorrupt(codecs, checksum, "gzip", "checksum");
      byte[] length = packed.clone();
      length[packed.length - 1] ^= 1;
      assertCorrupt(codecs, length, "gzip", "length");
    }

    @ParameterizedTest
    @EnumSource
    void somethingElseBehindTheEndIsCorrupt(Codecs codecs) throws IOException {
      byte[] packed = gzip("some content".getBytes(UTF_8));
      assertCorrupt(codecs, join(packed, new byte[1]), "gzip");
      assertCorrupt(codecs, join(packed, "garbage".getBytes(UTF_8)), "follows its end");
    }

    @ParameterizedTest
    @EnumSource
    void everyTruncationIsCorrupt(Codecs codecs) throws IOException {
      byte[] packed = gzip(content(new Random(1), 3000));
      for (int length = 3; length < packed.length; length++) {
        assertCorrupt(codecs, Arrays.copyOf(packed, length), "gzip", "truncated");
      }
      byte[] two = join(packed, packed);
      for (int length = packed.length + 1; length < packed.length + 40; length++) {
        assertCorrupt(codecs, Arrays.copyOf(two, length), "gzip", "truncated");
      }
    }

    @Test
    void implementationsJudgeDamageAlike() throws IOException {
      for (int seed = 0; seed < CORRUPTIONS; seed++) {
        Random random = new Random(seed);
        byte[] packed = gzip(content(random, random.nextInt(100_000)));
        for (int i = random.nextInt(3); i >= 0; i--) {
          packed[random.nextInt(packed.length)] ^= (byte) (1 << random.nextInt(8));
        }
        packed = random.nextInt(4) == 0 ? Arrays.copyOf(packed, packed.length / 2) : packed;
        for (Codecs codecs : List.of(Codecs.NATIVE, Codecs.PURE)) {
          assertThat(codecs.outcome(packed))
              .as("seed %d, %s", seed, codecs)
              .isEqualTo(Codecs.JAVA.outcome(packed));
        }
      }
    }
  }

  @Nested
  class Zstd {
    private static final int CORRUPTIONS = 400;

    @ParameterizedTest
    @EnumSource
    void contentOfEveryKindComesBack(Codecs codecs) throws IOException {
      Random random = new Random(42);
      for (int length : new int[] {0, 1, 7, 1000, 65_536, 131_072, 131_073, 300_000, 2_000_000}) {
        byte[] plain = content(random, length);
        assertThat(codecs.read(zstd(plain))).isEqualTo(plain);
      }
    }

    @ParameterizedTest
    @EnumSource
    void framesFollowEachOtherAndSomeAreSkipped(Codecs codecs) throws IOException {
      byte[] skippable = {0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
      byte[] plain = content(new Random(1), 200_000);
      assertThat(codecs.read(join(zstd(plain), skippable, zstd(plain), zstd(new byte[0]))))
          .isEqualTo(join(plain, plain));
    }

    @ParameterizedTest
    @EnumSource
    void streamMayTrickle(Codecs codecs) throws IOException {
      byte[] plain = content(new Random(7), 3000);
      for (int chunk = 1; chunk < 30; chunk++) {
        int most = chunk;
        InputStream trickle =
            new ByteArrayInputStream(join(zstd(plain), zstd(plain))) {
              @Override
              public synchronized int read(byte[] bytes, int offset, int length) {
                return super.read(bytes, offset, Math.min(length, most));
              }
            };
        try (InputStream in = codecs.open(trickle, ArchiveLimits.DEFAULT)) {
          assertThat(in.readAllBytes()).isEqualTo(join(plain, plain));
        }
      }
    }

    @ParameterizedTest
    @EnumSource
    void everyTruncationIsCorrupt(Codecs codecs) throws IOException {
      byte[] packed = zstd(content(new Random(1), 3000));
      for (int length = 4; length < packed.length; length++) {
        assertCorrupt(codecs, Arrays.copyOf(packed, length), "zstd");
      }
    }

    @ParameterizedTest
    @EnumSource
    void garbageBehindTheEndIsCorrupt(Codecs codecs) throws IOException {
      assertCorrupt(codecs, join(zstd(new byte[10]), "garbage!".getBytes(UTF_8)), "zstd");
    }

    @ParameterizedTest
    @EnumSource
    void windowBeyondTheLimitIsRefused(Codecs codecs) {
      // A frame header that asks for a window of 2 GiB, and an empty last block.
      byte[] frame = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0x00, (byte) (21 << 3), 0x01, 0, 0};
      assertCorrupt(codecs, frame, "zstd");
    }

    @Test
    void damageNeverGivesOtherBytesThanTheReferenceDoes() throws IOException {
      for (int seed = 0; seed < CORRUPTIONS; seed++) {
        Random random = new Random(seed);
        byte[] packed = zstd(content(random, 1 + random.nextInt(100_000)));
        for (int i = random.nextInt(3); i >= 0; i--) {
          packed[4 + random.nextInt(packed.length - 4)] ^= (byte) (1 << random.nextInt(8));
        }
        packed = random.nextInt(4) == 0 ? Arrays.copyOf(packed, packed.length / 2) : packed;
        Object java = Codecs.JAVA.outcome(packed);
        // aircompressor overlooks a flag that it has no use for, and nothing in the content.
        Object expected = Codecs.NATIVE.outcome(packed);
        if (expected instanceof byte[] || !(java instanceof byte[])) {
          assertThat(java).as("seed %d", seed).isEqualTo(expected);
        }
      }
    }
  }

  @Nested
  class Ratio {
    @ParameterizedTest
    @ValueSource(ints = {10, 900})
    void bombStopsAtTheLimit(int ratio) throws IOException {
      byte[] packed = gzip(new byte[8 << 20]);
      byte[][] members = new byte[320][];
      Arrays.fill(members, packed);
      byte[] bomb = join(members);
      ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxRatio(ratio);
      try (InputStream in = Decompression.open(new ByteArrayInputStream(bomb), limits)) {
        byte[] some = new byte[1 << 18];
        long total = 0;
        try {
          for (int n = in.read(some); n >= 0; n = in.read(some)) {
            total += n;
          }
          throw new AssertionError("a bomb went off");
        } catch (RuncibleException e) {
          assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
          assertThat(e).hasMessageContaining(ratio + " to one").hasMessageContaining("limit");
        }
        assertThat(total).isLessThanOrEqualTo(ArchiveLimits.RATIO_FLOOR);
      }
    }

    @Test
    void contentThatIsReadAgainIsABombTogether() throws IOException {
      byte[] packed = gzip(new byte[64 << 20]);
      ArchiveBudget budget = new ArchiveBudget(ArchiveLimits.DEFAULT.withMaxRatio(900));
      drain(packed, budget);
      for (int i = 1; i < 16; i++) {
        drain(packed, budget.again());
      }
      assertThatThrownBy(() -> drain(packed, budget.again()))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
          .hasMessageContaining("900 to one");
    }

    @Test
    void contentThatIsGivenBackIsNotCounted() throws IOException {
      byte[] packed = gzip(new byte[64 << 20]);
      ArchiveBudget budget = new ArchiveBudget(ArchiveLimits.DEFAULT.withMaxRatio(900));
      drain(packed, budget);
      for (int i = 0; i < 16; i++) {
        ArchiveBudget attempt = budget.again();
        drain(packed, attempt);
        attempt.giveBack();
      }
      for (int i = 1; i < 16; i++) {
        drain(packed, budget.again());
      }
      budget.part().giveBack();
      assertThatThrownBy(() -> drain(packed, budget.again())).hasMessageContaining("900 to one");
    }

    private static void drain(byte[] packed, ArchiveBudget budget) throws IOException {
      try (InputStream in = Decompression.open(new ByteArrayInputStream(packed), budget)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
    }
  }
}
