package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.runcible.ErrorKind;
import io.runcible.runtime.HostLimits.Clamped;
import io.runcible.runtime.Resources;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContainerControlTest {
  private static final Resources WANTED =
      Limits.unchanged().withMemory("64m").withCpus(0.5).withPids(9).over(Resources.none());

  /** It would be taken for changed otherwise. */
  @Test
  void limitThatTheHostCannotChangeIsRefused() {
    Resources.Builder all = Resources.builder().memory(64 << 20).memoryAndSwap(64 << 20);
    for (Resources granted :
        List.of(
            Resources.builder().cpuQuota(50_000, 100_000).pids(9).build(),
            all.pids(9).build(),
            all.pids(8).cpuQuota(50_000, 100_000).build())) {
      Clamped<Resources> clamped = new Clamped<>(granted, List.of("it is not delegated"));
      RunIT.assertFails(
          () -> ContainerControl.requireWhole(WANTED, clamped, "x"),
          ErrorKind.UNSUPPORTED,
          "container x keeps its limits: it is not delegated");
    }
  }

  @Test
  void swapIsLimitedWhereTheHostCountsIt() {
    Resources granted =
        Resources.builder().memory(64 << 20).cpuQuota(50_000, 100_000).pids(9).build();
    Clamped<Resources> clamped = new Clamped<>(granted, List.of("swap is not limited"));
    assertThatCode(() -> ContainerControl.requireWhole(WANTED, clamped, "x"))
        .doesNotThrowAnyException();
  }
}
