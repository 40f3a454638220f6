package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be asked for. */
class SandboxRequestTest {
  private static void assertInvalid(ThrowingCallable action) {
    assertThatThrownBy(action)
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  private static SandboxRequest.Builder request() {
    return SandboxRequest.builder("true");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/etc/passwd",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        "\ud800"
      })
  void nameThatLeadsElsewhereIsRefused(String name) {
    assertInvalid(() -> request().file(name, "x"));
  }

  @Test
  void nameThatIsTooLongIsRefused() {
    assertInvalid(() -> request().file("x".repeat(256), "x"));
    assertInvalid(() -> request().file("ä".repeat(128), "x"));
    assertInvalid(() -> request().file("x/".repeat(2000) + "y", "x"));
    assertThat(request().file("x".repeat(255), "x").build().files()).hasSize(1);
  }

  @Test
  void nameThatIsTooDeepIsRefused() {
    assertInvalid(() -> request().file("x/".repeat(33) + "y", "x"));
    assertThat(request().file("x/".repeat(32) + "y", "x").build().files()).hasSize(1);
  }

  @Test
  void plainNamesAreTaken() {
    SandboxRequest request =
        request().file("a", "1").file("b/c", "2").file("...", "3").file("ä b\n", "4").build();
    assertThat(request.files().keySet()).containsExactly("a", "b/c", "...", "ä b\n");
  }

  @Test
  void sameNameTwiceIsRefused() {
    assertInvalid(() -> request().file("a", "1").file("a", "2"));
  }

  @Test
  void setIdModesAreRefused() {
    assertInvalid(() -> request().file("a", new byte[0], 04755));
    assertInvalid(() -> request().file("a", new byte[0], -1));
  }

  @Test
  void tooMuchIsRefused() {
    byte[] large = new byte[100 << 20];
    assertInvalid(() -> request().file("a", large).file("b", large).stdin(large));
    SandboxRequest.Builder many = request();
    for (int i = 0; i < 1024; i++) {
      many.file("f" + i, "x");
    }
    assertInvalid(() -> many.file("one more", "x"));
  }

  @Test
  void commandMustBeOne() {
    assertInvalid(() -> SandboxRequest.builder());
    assertInvalid(() -> SandboxRequest.builder(""));
    assertInvalid(() -> SandboxRequest.builder("a\0b"));
    assertInvalid(() -> SandboxRequest.builder("x".repeat(200_000)));
  }

  @Test
  void environmentGlobAndTimeoutAreChecked() {
    assertInvalid(() -> request().environment("A=B", "c"));
    assertInvalid(() -> request().environment("A", "b\0"));
    assertInvalid(() -> request().artifacts("[a"));
    assertInvalid(() -> request().timeout(Duration.ZERO));
  }
}
