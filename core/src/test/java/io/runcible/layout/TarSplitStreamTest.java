package io.runcible.layout;

import static io.runcible.layout.FakeStorage.base64;
import static io.runcible.layout.FakeStorage.file;
import static io.runcible.layout.FakeStorage.segment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarSplitStreamTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final String CHECKSUM = base64(new byte[8]);

  /** Files in memory. */
  private record Content(Map<String, byte[]> files) implements LayoutContent {
    @Override
    public InputStream open(String name) throws IOException {
      byte[] content = files.get(name);
      if (name.equals("denied")) {
        throw new AccessDeniedException(name);
      }
      if (content == null) {
        throw new NoSuchFileException(name);
      }
      return new ByteArrayInputStream(content);
    }

    @Override
    public long size(String name) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String where(String name) {
      return name;
    }
  }

  private static TarSplitStream stream(InputStream lines, long size) throws IOException {
    return new TarSplitStream(
        new TarSplit(lines, size, "the split"),
        new Content(Map.of("a", CONTENT)),
        denied -> new RuncibleException(ErrorKind.UNSUPPORTED, "denied " + denied.getMessage()));
  }

  private static byte[] read(String lines) throws IOException {
    try (InputStream in = stream(new ByteArrayInputStream(lines.getBytes(UTF_8)), 10_000)) {
      return in.readAllBytes();
    }
  }

  private static void assertFails(ErrorKind kind, String lines, String reason) {
    assertThatThrownBy(() -> read(lines))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(reason);
  }

  @Test
  void theChecksumIsThatOfTheStandard() {
    Crc64 checksum = new Crc64();
    checksum.update("123456789".getBytes(UTF_8), 0, 9);
    assertThat(checksum.value()).isEqualTo(java.util.HexFormat.of().parseHex("b90956c775a41001"));
  }

  @Test
  void segmentsAndFilesFollowEachOther() throws IOException {
    String lines = segment("[".getBytes(UTF_8)) + file("a", CONTENT) + segment("]".getBytes(UTF_8));
    assertThat(read(lines)).asString(UTF_8).isEqualTo("[content]");
    assertThat(read("")).isEmpty();
    assertThat(read(segment(new byte[0]) + file("none", new byte[0]))).isEmpty();
  }

  @Test
  void aReaderMayTakeAnyNumberOfBytes() throws IOException {
    String lines = (segment("[".getBytes(UTF_8)) + file("a", CONTENT)).repeat(50);
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    StringBuilder found = new StringBuilder();
    try (InputStream in = stream(new ByteArrayInputStream(lines.getBytes(UTF_8)), 10_000)) {
      byte[] buffer = new byte[20];
      for (int count = 0; count >= 0; count = in.read(buffer, 3, random.nextInt(17))) {
        found.append(new String(buffer, 3, count, UTF_8));
      }
    }
    assertThat(found.toString()).as("seed %d", seed).isEqualTo("[content".repeat(50));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "7",
        "{\"type\":3}",
        "{\"type\":\"2\"}",
        "{\"type\":2,\"payload\":\"%\"}",
        "{\"type\":2,\"payload\":7}",
        "{\"type\":2,\"payload\":[[[[]]]]}",
        "{\"type\":2,\"payload\":\"AAAA\"",
        "{\"type\":2,\"payload\":\"AAAA\",\"payload\":\"AAAA\"}",
        "{\"type\":1,\"name\":\"a\",\"size\":-7}",
        "{\"type\":1,\"name\":\"a\",\"size\":99999999999999999999}",
        "{\"type\":1,\"name\":\"a\",\"size\":7}",
        "{\"type\":1,\"name\":\"a\",\"size\":7,\"payload\":\"AAAA\"}",
        "{\"type\":1,\"name\":7}",
        "{\"type\":1,\"size\":7,\"payload\":\"AAAAAAAAAAA=\"}"
      })
  void whatTarSplitDoesNotWriteIsRefused(String lines) {
    assertFails(ErrorKind.CORRUPT_DATA, lines, "the split is damaged");
  }

  @Test
  void aFileHasItsLengthAndChecksum() {
    assertFails(ErrorKind.CORRUPT_DATA, file("name\":\"a", 7, CHECKSUM), "another content");
    assertFails(ErrorKind.CORRUPT_DATA, file("name\":\"a", 6, CHECKSUM), "longer");
    assertFails(ErrorKind.CORRUPT_DATA, file("name\":\"a", 8, CHECKSUM), "shorter");
    assertFails(ErrorKind.CORRUPT_DATA, file("name\":\"a", Long.MAX_VALUE, CHECKSUM), "shorter");
    assertFails(ErrorKind.CORRUPT_DATA, file("name\":\"b", 7, CHECKSUM), "missing");
  }

  @Test
  void whatMayNotBeReadIsSaid() {
    assertFails(ErrorKind.UNSUPPORTED, file("name\":\"denied", 7, CHECKSUM), "denied");
  }

  @Test
  void aLongSegmentIsRefused() {
    byte[] large = new byte[4 * 1024 * 1024];
    assertFails(ErrorKind.CORRUPT_DATA, segment(large), "the split is damaged");
  }

  @Test
  void spaceThatNeverEndsIsNotReadForEver() throws IOException {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return ' ';
          }

          @Override
          public int read(byte[] buffer, int offset, int length) {
            Arrays.fill(buffer, offset, offset + length, (byte) ' ');
            return length;
          }
        };
    try (InputStream in = stream(new SequenceInputStream(endless, endless), 512)) {
      assertThatThrownBy(in::read).hasMessageContaining("the split is damaged");
    }
  }
}
