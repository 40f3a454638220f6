package io.runcible.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/amd64",
    "linux/x86_64, linux/amd64",
    "Linux/X86-64, linux/amd64",
    "linux/amd64/v1, linux/amd64",
    "linux/amd64/v3, linux/amd64/v3",
    "linux/aarch64, linux/arm64",
    "linux/arm64/v8, linux/arm64",
    "linux/arm64/8, linux/arm64",
    "linux/arm64/v8.0, linux/arm64",
    "linux/arm64/v8.2, linux/arm64/v8.2",
    "linux/arm64/v9, linux/arm64/v9",
    "linux/arm, linux/arm/v7",
    "linux/arm/7, linux/arm/v7",
    "linux/arm/v6, linux/arm/v6",
    "linux/armhf, linux/arm/v7",
    "linux/armel, linux/arm/v6",
    "linux/i686, linux/386",
    "linux/riscv64, linux/riscv64",
    "linux/ppc64le, linux/ppc64le",
    "linux/loongarch64, linux/loong64",
    "macos/arm64, darwin/arm64",
    "windows/amd64, windows/amd64",
  })
  void namesAreNormalised(String text, String normal) {
    assertThat(Platform.parse(text))
        .hasToString(normal)
        .isEqualTo(Platform.parse(normal))
        .hasSameHashCodeAs(Platform.parse(normal));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "linux",
        "/",
        "linux/",
        "/amd64",
        "linux/arm/",
        "a/b/c/d",
        "li nux/amd64",
        "linux/amd64\n",
        "linux/../x",
        "linux/ämd64"
      })
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> Platform.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .message()
        .contains("platform")
        .doesNotContain("\n");
  }

  @Test
  void partsAreShort() {
    assertThat(Platform.of("linux", "a".repeat(64)).architecture()).hasSize(64);
    assertThatThrownBy(() -> Platform.of("linux", "a".repeat(65)))
        .hasMessageContaining("architecture");
  }

  @Test
  void theHostRunsLinux() {
    assertThat(Platform.host().os()).isEqualTo("linux");
    assertThat(Platform.host().matches(Platform.host())).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/amd64, true",
    "linux/amd64, linux/amd64/v2, false",
    "linux/amd64/v3, linux/amd64, true",
    "linux/amd64/v3, linux/amd64/v2, true",
    "linux/amd64/v3, linux/amd64/v4, false",
    "linux/amd64, linux/386, false",
    "linux/amd64, windows/amd64, false",
    "linux/arm/v7, linux/arm/v6, true",
    "linux/arm/v7, linux/arm/v5, true",
    "linux/arm/v7, linux/arm/v8, false",
    "linux/arm/v6, linux/arm/v7, false",
    "linux/arm64, linux/arm64, true",
    "linux/arm64, linux/arm64/v8.1, false",
    "linux/arm64/v9, linux/arm64/v8.9, true",
    "linux/arm64/v8.10, linux/arm64/v8.9, true",
    "linux/arm64, linux/arm/v7, false",
    "linux/riscv64, linux/riscv64, true",
    "linux/riscv64/rva23, linux/riscv64/rva23, true",
    "linux/riscv64, linux/riscv64/rva23, false",
    "linux/arm/v7, linux/arm/v99999, false",
  })
  void aHostRunsItsVariantAndOlderOnes(Platform host, Platform image, boolean runs) {
    assertThat(host.matches(image)).isEqualTo(runs);
  }

  @Test
  void theNewestVariantThatRunsIsPreferred() {
    List<Platform> sorted =
        Stream.of("linux/arm64", "linux/arm/v5", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6")
            .map(Platform::parse)
            .sorted(Platform.parse("linux/arm/v7").preference())
            .toList();
    assertThat(sorted.subList(0, 3))
        .extracting(Platform::toString)
        .containsExactly("linux/arm/v7", "linux/arm/v6", "linux/arm/v5");
  }
}
