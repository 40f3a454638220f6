package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DetachKeysTest {
  /** Typed one key after the other, and all at once. */
  @ParameterizedTest
  @CsvSource({
    "'a,a,b', xaaaby, xa, true",
    "'a,a,b', aaxaby, aaxaby, false",
    "'a,b,a,c', ababac, ab, true",
    "'a,b', xa, x, false",
    "q, xq, x, true",
    "'', ab, ab, false",
  })
  void passesOnWhatIsNoneOfThem(String keys, String typed, String passed, boolean detached) {
    for (int step : new int[] {1, typed.length()}) {
      DetachKeys search = DetachKeys.parse(keys);
      StringBuilder out = new StringBuilder();
      for (int at = 0; at < typed.length(); at += step) {
        byte[] part = typed.substring(at, at + step).getBytes(ISO_8859_1);
        out.append(new String(search.pass(part, part.length), ISO_8859_1));
      }
      assertThat(out).hasToString(passed);
      assertThat(search.isTyped()).isEqualTo(detached);
    }
  }

  @Test
  void defaultIsTheUsualOne() {
    DetachKeys keys = DetachKeys.parse(DetachKeys.DEFAULT);
    assertThat(keys.pass(new byte[] {'x', 0x10, 'p', 0x10, 0x11, 'y'}, 6))
        .containsExactly('x', 0x10, 'p');
    assertThat(keys.isTyped()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ctrl-", "ctrl-1", "ab", "a,", ",", "ctrl-aa", " "})
  void refusesWhatIsNoKey(String text) {
    assertThatThrownBy(() -> DetachKeys.parse(text))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("no key");
  }
}
