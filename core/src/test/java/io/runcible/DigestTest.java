package io.runcible;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
  private static final String EMPTY =
      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  @Test
  void emptyContentHasItsKnownDigest() {
    assertThat(Digest.sha256(new byte[0])).hasToString(EMPTY).isEqualTo(Digest.parse(EMPTY));
  }

  @Test
  void hasherEqualsOneShot() {
    byte[] content = "some content".getBytes(StandardCharsets.UTF_8);
    Digest.Hasher hasher = Digest.sha256Hasher().update(content, 0, 4);
    assertThat(hasher.update(content, 4, content.length - 4).finish())
        .isEqualTo(Digest.sha256(content));
    assertThat(hasher.finish()).as("starts anew").hasToString(EMPTY);
  }

  @Test
  void sha512IsAccepted() {
    assertThat(Digest.parse("sha512:" + "0a".repeat(64)).hasher().finish().hex()).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "sha256",
        "sha256:",
        "sha256:abc",
        "sha256:../../../../etc/passwd",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85/",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"
      })
  void whatCouldNotBeAPathComponentIsRejected(String text) {
    assertThatThrownBy(() -> Digest.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }
}
