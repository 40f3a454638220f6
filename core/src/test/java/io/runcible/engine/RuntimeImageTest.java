package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeImageTest {
  private static final String IMAGE = "registry.example/runtime@" + Digest.sha256(new byte[] {1});

  @Test
  void textIsReadAndWritten() {
    String text = IMAGE + ",runtime=/usr/bin/runc,helper=/bin/busybox,program=/bin/a,program=/b";
    RuntimeImage image = RuntimeImage.parse(text);
    assertThat(image).hasToString(text);
    assertThat(image.image().digest()).isPresent();
    assertThat(image.runtime()).isEqualTo("/usr/bin/runc");
    assertThat(image.helper()).contains("/bin/busybox");
    assertThat(image.programs()).containsExactly("/bin/a", "/b");
    assertThat(RuntimeImage.of(IMAGE, "/runc")).hasToString(IMAGE + ",runtime=/runc");
  }

  @Test
  void tagWithoutDigestIsRefused() {
    assertThatThrownBy(() -> RuntimeImage.of("registry.example/runtime:1", "/runc"))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("digest");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",runtime=runc",
        ",runtime=/",
        ",runtime=/a/..",
        ",runtime=/a/.",
        ",runtime=/a/",
        ",runtime=",
        ",runtime",
        ",helper=/a",
        ",runtime=/a,runtime=/b",
        ",runtime=/a,helper=/b,helper=/c",
        ",runtime=/a,other=/b",
        ",runtime=/a,",
        ",runtime=/a\0",
        ",=/a"
      })
  void textThatIsNoneIsRefused(String rest) {
    assertThatThrownBy(() -> RuntimeImage.parse(IMAGE + rest))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }
}
