package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class ProcessNameTest {
  private static String other(int word, String value) {
    String[] words = ProcessName.own().split(" ", -1);
    words[word] = value;
    return String.join(" ", words);
  }

  @Test
  void livingProcessIsNotGone() {
    assertThat(ProcessName.isGone(ProcessName.own())).isFalse();
  }

  @Test
  void processThatHasEndedIsGone() throws Exception {
    Process child = new ProcessBuilder("true").start();
    assertThat(child.waitFor()).isZero();
    assertThat(ProcessName.isGone(other(1, Long.toString(child.pid())))).isTrue();
  }

  @Test
  void laterProcessOfTheSameNumberIsAnother() {
    assertThat(ProcessName.isGone(other(2, "1"))).isTrue();
  }

  @Test
  void processOfAnotherNamespaceMayLive() {
    assertThat(ProcessName.isGone(other(0, "pid:[1]"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "  ", "pid", "pid:[1] 2", "pid:[1] 2 3 4"})
  void whatIsNoNameIsNotGone(String text) {
    assertThat(ProcessName.isGone(text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "99999999999"})
  void damagedNumberIsNotGone(String number) {
    assertThat(ProcessName.isGone(other(1, number))).isFalse();
  }
}
