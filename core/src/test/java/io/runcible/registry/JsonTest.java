package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void objectIsRead() {
    assertThat(Json.object("{\"a\":1}".getBytes(UTF_8)).orElseThrow().get("a").intValue())
        .isEqualTo(1);
    assertThat(Json.object("{}".getBytes(UTF_16LE))).isPresent();
  }

  /** The parser guesses the encoding, and takes some bytes for one that is none. */
  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{} {}", "{", "\0{\0\0", "\0\0{\0", "\0\0\0{\0", "\0\0\0\0"})
  void whatIsNoObjectIsEmpty(String text) {
    assertThat(Json.object(text.getBytes(UTF_8))).isEmpty();
  }
}
