package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerifiedInputStreamTest {
  private static final byte[] CONTENT = "some content to be verified".getBytes(UTF_8);
  private static final Digest DIGEST = Digest.sha256(CONTENT);

  /** Counts what is taken from it, gives few bytes at a time, and knows whether it is closed. */
  private static final class Source extends InputStream {
    private final InputStream in;
    private final int most;
    int taken;
    int closings;

    Source(byte[] content, int most) {
      this.in = new ByteArrayInputStream(content);
      this.most = most;
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      taken += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = in.read(buffer, offset, Math.min(length, most));
      taken += Math.max(0, count);
      return count;
    }

    @Override
    public int available() throws IOException {
      return in.available();
    }

    @Override
    public void close() {
      closings++;
    }
  }

  private static VerifiedInputStream verified(byte[] content) {
    return new VerifiedInputStream(new Source(content, 5), DIGEST, CONTENT.length);
  }

  private static byte[] changed() {
    byte[] wrong = CONTENT.clone();
    wrong[wrong.length - 1] ^= 1;
    return wrong;
  }

  private static byte[] longer() {
    return (new String(CONTENT, UTF_8) + "more").getBytes(UTF_8);
  }

  private static byte[] shorter() {
    return new String(CONTENT, UTF_8).substring(0, 10).getBytes(UTF_8);
  }

  private static void assertCorrupt(ThrowingCallable reading, String... reasons) {
    assertThatThrownBy(reading)
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA))
        .message()
        .contains(DIGEST.toString())
        .contains(List.of(reasons));
  }

  @Nested
  class RightContent {
    @Test
    void isPassedOn() throws IOException {
      try (VerifiedInputStream in = verified(CONTENT)) {
        assertThat(in.readAllBytes()).isEqualTo(CONTENT);
        assertThat(in.read()).isEqualTo(-1);
        assertThat(in.read(new byte[3])).isEqualTo(-1);
      }
    }

    @Test
    void isPassedOnByteByByte() throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (VerifiedInputStream in = verified(CONTENT)) {
        for (int b = in.read(); b >= 0; b = in.read()) {
          out.write(b);
        }
      }
      assertThat(out.toByteArray()).isEqualTo(CONTENT);
    }

    @Test
    void skippedBytesAreHashedToo() throws IOException {
      try (VerifiedInputStream in = verified(CONTENT)) {
        assertThat(in.skip(7)).isEqualTo(7);
        in.skipNBytes(CONTENT.length - 8);
        assertThat(in.read()).isEqualTo(CONTENT[CONTENT.length - 1]);
        assertThat(in.read()).isEqualTo(-1);
      }
    }

    @Test
    void cannotBeReadTwice() throws IOException {
      try (VerifiedInputStream in = verified(CONTENT)) {
        assertThat(in.markSupported()).isFalse();
        in.mark(100);
        assertThat(in.read()).isEqualTo(CONTENT[0]);
        assertThatThrownBy(in::reset).isInstanceOf(IOException.class);
      }
    }

    @Test
    void mayBeEmpty() throws IOException {
      byte[] empty = new byte[0];
      try (VerifiedInputStream in =
          new VerifiedInputStream(new Source(empty, 1), Digest.sha256(empty), 0)) {
        assertThat(in.read()).isEqualTo(-1);
      }
    }

    @Test
    void mayHaveASha512() throws IOException {
      Digest zeros = new Digest("sha512", "0".repeat(128));
      Digest right = zeros.hasher().update(CONTENT, 0, CONTENT.length).finish();
      try (InputStream in =
          new VerifiedInputStream(new Source(CONTENT, 5), right, CONTENT.length)) {
        assertThat(in.readAllBytes()).isEqualTo(CONTENT);
      }
    }

    @Test
    void availableEndsAtTheSize() throws IOException {
      try (VerifiedInputStream in = verified(longer())) {
        assertThat(in.available()).isEqualTo(CONTENT.length);
      }
    }
  }

  @Nested
  class WrongContent {
    @Test
    void changedBytesAreRefusedBeforeTheLastOfThemIsHandedOut() {
      VerifiedInputStream in = verified(changed());
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      assertCorrupt(() -> in.transferTo(out), Digest.sha256(changed()).toString());
      assertThat(out.size()).isLessThan(CONTENT.length);
    }

    @Test
    void truncationIsRefused() {
      assertCorrupt(() -> verified(shorter()).readAllBytes(), "ends after 10 of 27 bytes");
    }

    @Test
    void surplusIsRefusedWithoutReadingIt() {
      Source source = new Source(longer(), 100);
      VerifiedInputStream in = new VerifiedInputStream(source, DIGEST, CONTENT.length);
      assertCorrupt(in::readAllBytes, "longer than its 27 bytes");
      assertThat(source.taken).isEqualTo(CONTENT.length + 1);
    }

    @Test
    void surplusAfterNothingIsRefused() {
      Digest empty = Digest.sha256(new byte[0]);
      VerifiedInputStream in = new VerifiedInputStream(new Source(CONTENT, 5), empty, 0);
      assertThatThrownBy(in::read).hasMessageContaining("longer than its 0 bytes");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theFailureStays(boolean truncated) {
      VerifiedInputStream in = verified(truncated ? shorter() : changed());
      String reason = truncated ? "ends after 10" : "not what its digest says";
      assertCorrupt(in::readAllBytes, reason);
      assertCorrupt(in::read, reason);
      assertCorrupt(() -> in.read(new byte[4]), reason);
      assertCorrupt(() -> in.skipNBytes(1), reason);
    }

    @Test
    void anAbsurdSizeIsATruncation() {
      VerifiedInputStream in =
          new VerifiedInputStream(new Source(CONTENT, 5), DIGEST, Long.MAX_VALUE);
      assertCorrupt(in::readAllBytes, "ends after 27 of");
    }

    @Test
    void aNegativeSizeIsRefused() {
      assertThatThrownBy(() -> new VerifiedInputStream(new Source(CONTENT, 5), DIGEST, -1))
          .hasMessageContaining("negative");
    }

    @Test
    void aReaderOfAFormatDoesNotHideIt() throws IOException {
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
        gzip.write(CONTENT);
      }
      byte[] whole = packed.toByteArray();
      InputStream in =
          new GZIPInputStream(
              new VerifiedInputStream(new ByteArrayInputStream(whole), DIGEST, whole.length));
      assertCorrupt(in::readAllBytes, "not what its digest says");
    }
  }

  @Nested
  class Closing {
    @Test
    void closesTheSourceOnceAndEndsReading() throws IOException {
      Source source = new Source(CONTENT, 5);
      VerifiedInputStream in = new VerifiedInputStream(source, DIGEST, CONTENT.length);
      in.close();
      in.close();
      assertThat(source.closings).isEqualTo(1);
      assertThat(in.available()).isZero();
      assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    @Test
    void earlyIsNotAnError() throws IOException {
      VerifiedInputStream in = verified(changed());
      assertThat(in.read()).isEqualTo(CONTENT[0]);
      in.close();
    }
  }

  @Test
  void failuresOfTheSourcePassThrough() {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("connection reset");
          }
        };
    assertThatThrownBy(() -> new VerifiedInputStream(broken, DIGEST, 3).readAllBytes())
        .isInstanceOf(IOException.class)
        .hasMessage("connection reset");
  }
}
