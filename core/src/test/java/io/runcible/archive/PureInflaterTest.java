package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Rounds;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

/** Beside zlib. */
class PureInflaterTest {
  private enum End {
    FINISHED,
    TRUNCATED,
    CORRUPT
  }

  /** What came of some data; of corrupt data only that it is. */
  private record Outcome(End end, int left, String bytes) {
    static Outcome of(End end, int left, ByteArrayOutputStream bytes) {
      return new Outcome(end, left, bytes.size() + " " + Arrays.hashCode(bytes.toByteArray()));
    }
  }

  private static Outcome inflate(RawInflater inflater, byte[] data, Random random) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int most = 1 + random.nextInt(random.nextBoolean() ? 20 : 100_000);
    int at = 0;
    try {
      while (!inflater.finished()) {
        byte[] room = new byte[1 + random.nextInt(most)];
        int offset = random.nextInt(room.length);
        int count = inflater.inflate(room, offset, room.length - offset);
        bytes.write(room, offset, count);
        if (count == 0 && !inflater.finished()) {
          assertThat(inflater.needsInput()).isTrue();
          if (at == data.length) {
            return Outcome.of(End.TRUNCATED, 0, bytes);
          }
          int given = Math.min(data.length - at, 1 + random.nextInt(most));
          // What was given before is another's, but for the bytes that may be given back.
          inflater.setInput(Arrays.copyOfRange(data, at, at + given), 0, given);
          at += given;
        }
      }
      return Outcome.of(End.FINISHED, data.length - at + inflater.remaining(), bytes);
    } catch (DataFormatException e) {
      return new Outcome(End.CORRUPT, 0, "");
    } finally {
      inflater.close();
    }
  }

  private static void assertSame(byte[] data, long seed) {
    Outcome expected = inflate(RawInflater.jdk(), data, new Random(seed));
    Outcome actual = inflate(new PureInflater(), data, new Random(seed + 1));
    assertThat(actual).as("seed %d", seed).isEqualTo(expected);
  }

  private static byte[] damaged(byte[] data, Random random) {
    byte[] damaged =
        random.nextInt(3) == 0 ? Arrays.copyOf(data, random.nextInt(data.length)) : data;
    for (int i = random.nextInt(3); i > 0 && damaged.length > 0; i--) {
      int near = random.nextBoolean() ? damaged.length : Math.min(damaged.length, 80);
      damaged[random.nextInt(near)] ^= (byte) (1 << random.nextInt(8));
    }
    return damaged;
  }

  @Test
  void oddDataGivesWhatZlibGives() {
    long first = Rounds.seed("pure-inflater", 0);
    for (long seed = first; seed < first + Rounds.of(300, 20_000); seed++) {
      Random random = new Random(seed);
      byte[] data = RandomDeflate.make(random);
      assertSame(data, seed);
      assertSame(damaged(data, random), seed);
    }
  }

  @Test
  void dataOfACompressorGivesWhatZlibGives() {
    long first = Rounds.seed("pure-inflater-compressed", 0);
    for (long seed = first; seed < first + Rounds.of(100, 5_000); seed++) {
      Random random = new Random(seed);
      byte[] data = compressed(random);
      assertThat(inflate(RawInflater.jdk(), data, random).end).isEqualTo(End.FINISHED);
      assertSame(data, seed);
      assertSame(damaged(data, random), seed);
    }
  }

  private static byte[] compressed(Random random) {
    Deflater deflater = new Deflater(random.nextInt(10), true);
    deflater.setStrategy(
        List.of(Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY)
            .get(random.nextInt(3)));
    deflater.setInput(content(random));
    byte[] packed = new byte[500_000];
    int length = 0;
    if (random.nextBoolean()) {
      length = deflater.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH);
    }
    deflater.finish();
    while (!deflater.finished()) {
      length += deflater.deflate(packed, length, packed.length - length);
    }
    deflater.end();
    // Something follows it.
    return Arrays.copyOf(packed, length + random.nextInt(20));
  }

  /** Words of a small language, with runs and noise between them. */
  private static byte[] content(Random random) {
    byte[] content = new byte[random.nextInt(random.nextBoolean() ? 400_000 : 300)];
    byte[][] words = new byte[1 + random.nextInt(200)][];
    for (int i = 0; i < words.length; i++) {
      words[i] = new byte[1 + random.nextInt(random.nextInt(30) == 0 ? 400 : 12)];
      random.nextBytes(words[i]);
    }
    for (int at = 0; at < content.length; ) {
      byte[] word = words[(int) Math.abs(random.nextGaussian() * words.length / 4) % words.length];
      int times = random.nextInt(20) == 0 ? random.nextInt(100) : 1;
      for (int i = 0; i < times && at < content.length; i++) {
        int count = Math.min(word.length, content.length - at);
        System.arraycopy(word, 0, content, at, count);
        at += count;
      }
    }
    return content;
  }
}
