package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelVersionTest {
  @Test
  void numbersAreComparedAsNumbers() {
    assertThat(KernelVersion.isAtLeast("6.1.0-rc1-amd64", 6, 1)).isTrue();
    assertThat(KernelVersion.isAtLeast("6.1", 5, 19)).isTrue();
    assertThat(KernelVersion.isAtLeast("5.10.0-46-cloud-amd64", 5, 9)).isTrue();
    assertThat(KernelVersion.isAtLeast("5.10.0-46-cloud-amd64", 5, 11)).isFalse();
    assertThat(KernelVersion.isAtLeast("4.19", 5, 1)).isFalse();
  }

  @Test
  void whatIsNoVersionIsNoneAtAll() {
    assertThat(KernelVersion.isAtLeast("", 0, 0)).isFalse();
    assertThat(KernelVersion.isAtLeast("nonsense", 0, 0)).isFalse();
    assertThat(KernelVersion.isAtLeast(KernelVersion.ofThisHost(), 2, 6)).isTrue();
  }
}
