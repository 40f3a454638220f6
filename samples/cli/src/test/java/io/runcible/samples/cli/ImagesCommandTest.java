package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImagesCommandTest {
  private static final ImageReference IMAGE =
      ImageReference.parse("registry.example:5000/team/tool:1.2");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "registry.example:5000/team/tool:1.2",
        "registry.example:5000/team/tool",
        "team/tool",
        "tool",
        "tool:1.2",
        "tool:1.*",
        "*/tool",
        "t?ol"
      })
  void imageIsMeant(String pattern) {
    assertThat(ImagesCommand.matches(IMAGE, pattern)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ool", "tool:1", "tool:1.2.3", "team", "registry.example:5000", "*:2"})
  void imageIsNotMeant(String pattern) {
    assertThat(ImagesCommand.matches(IMAGE, pattern)).isFalse();
  }

  @Test
  void whatIsNoPatternIsRefused() {
    assertThatThrownBy(() -> ImagesCommand.matches(IMAGE, "["))
        .isInstanceOf(RuncibleException.class);
  }

  @Test
  void sizesAreInPowersOfAThousand() {
    assertThat(ImagesCommand.size(999)).isEqualTo("999B");
    assertThat(ImagesCommand.size(1000)).isEqualTo("1.00kB");
    assertThat(ImagesCommand.size(74_812_345)).isEqualTo("74.8MB");
    assertThat(ImagesCommand.size(128_000_000_000L)).isEqualTo("128GB");
    assertThat(ImagesCommand.size(999_400)).isEqualTo("999kB");
    assertThat(ImagesCommand.size(999_999)).isEqualTo("1.00MB");
    assertThat(ImagesCommand.size(Long.MAX_VALUE)).isEqualTo("9223PB");
  }
}
