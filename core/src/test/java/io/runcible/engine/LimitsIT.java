package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.runtime.Cgroups;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Memory, processes and processor time. */
class LimitsIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** Reads a limit in whichever hierarchy it is. */
  private static final String LIMITS =
      "cd /sys/fs/cgroup; cat %1$s 2>/dev/null || cat */%2$s | head -n 1";

  @BeforeAll
  static void needControllers() {
    for (String controller : new String[] {"memory", "pids", "cpu"}) {
      HostTools.require(
          Cgroups.detect().has(controller), "no " + controller + " control groups are mounted");
    }
  }

  @Test
  void memoryIsLimited() {
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh(String.format(LIMITS, "memory.max", "memory.limit_in_bytes"))
                        .memory("64m"))
                .output())
        .isEqualTo(String.valueOf(64 << 20));
  }

  @Test
  void runningOutOfMemoryIsRecognised() {
    ExitStatus status =
        ENGINE.run(ENGINE.sh("tail /dev/zero").command("tail", "/dev/zero").memory("16m")).status();
    assertThat(status.outOfMemory()).isTrue();
    assertThat(status.signal()).hasValue(9);
    assertThat(status.isSuccess()).isFalse();
  }

  @Test
  void childThatRunsOutOfMemoryIsToldWhileTheContainerRuns() {
    EventFilter filter = EventFilter.all().type(EngineEvent.OutOfMemory.class);
    try (EventStream events = ENGINE.get().events(filter);
        Container container =
            ENGINE.get().run(ENGINE.sh("tail /dev/zero; sleep 600").memory("16m").build())) {
      assertThat(events.next(TestEngine.LIMIT)).isPresent();
      assertThat(container.isRunning()).isTrue();
      // It is told once.
      container.kill("KILL");
      assertThat(container.waitFor().outOfMemory()).isTrue();
      assertThat(events.next(Duration.ofMillis(1))).isEmpty();
    }
  }

  @Test
  void childThatRunsOutOfMemoryIsRecognised() {
    ExitStatus status = ENGINE.run(ENGINE.sh("tail /dev/zero; exit 3").memory("16m")).status();
    assertThat(status).isEqualTo(ExitStatus.ofExit(3).withOutOfMemory(true));
  }

  @Test
  void killIsNotTakenForMemory() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").memory("64m").build())) {
      container.kill("KILL");
      assertThat(container.waitFor().outOfMemory()).isFalse();
    }
  }

  @Test
  void sizesHaveUnits() {
    assertThat(ENGINE.sh("").memory("8192k").build().memory()).hasValue(8 << 20);
    assertThat(ENGINE.sh("").memory("2G").build().memory()).hasValue(2L << 30);
    for (String wrong : new String[] {"", "m", "1t", "-8m", "9999999999g", "8 m"}) {
      RunIT.assertFails(() -> ENGINE.sh("").memory(wrong), ErrorKind.INVALID_INPUT);
    }
    RunIT.assertFails(() -> ENGINE.sh("").memory(1), ErrorKind.INVALID_INPUT, "below");
  }

  @Test
  void processesAreLimited() {
    TestEngine.Ended ended =
        ENGINE.run(ENGINE.sh("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 30 & done; wait").pids(6));
    assertThat(ended.stderr()).contains("fork");
  }

  @Test
  void processesAreLimitedByDefault() {
    assertThat(ENGINE.run(ENGINE.sh(String.format(LIMITS, "pids.max", "pids.max"))).output())
        .isEqualTo("2048");
  }

  @Test
  void processorTimeIsLimited() {
    assertThat(
            ENGINE
                .run(ENGINE.sh(String.format(LIMITS, "cpu.max", "cpu.cfs_quota_us")).cpus(0.5))
                .output())
        .startsWith("50000");
  }
}
