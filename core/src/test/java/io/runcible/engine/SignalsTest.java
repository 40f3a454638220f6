package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignalsTest {
  @ParameterizedTest
  @CsvSource({
    "SIGTERM, 15",
    "TERM, 15",
    "sigquit, 3",
    "15, 15",
    "64, 64",
    "RTMIN+3, 37",
    "SIGRTMAX-1, 63",
    "SIGKILL, 9",
    "SIGSYS, 31"
  })
  void nameOrNumber(String text, int number) {
    assertThat(Signals.parse(text)).isEqualTo(number);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SIG", "0", "65", "-9", "NOSUCH", "RTMIN+99", "9; rm -rf /"})
  void anythingElseIsRejected(String text) {
    assertThatThrownBy(() -> Signals.parse(text)).isInstanceOf(RuncibleException.class);
  }
}
