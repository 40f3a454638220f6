package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The kernel closes what a process has open when that ends, as the tests do here. */
@EnabledOnOs(OS.LINUX)
class LifelineTest {
  private static final WaitStatus KILLED = new WaitStatus(0, 9);

  private static Spawn sh(String script) {
    return Spawn.of(List.of("sh", "-c", script), Spawn.plainEnvironment());
  }

  @Test
  void helperIsKilledAtItsEnd() {
    Lifeline lifeline = Lifeline.open();
    try (ChildProcess helper = lifeline.start(sh("trap '' HUP INT TERM IO; sleep 600 & wait"))) {
      lifeline.close();
      assertThat(helper.reap()).isEqualTo(KILLED);
    }
  }

  @Test
  void soIsOneThatIsStopped() {
    Lifeline lifeline = Lifeline.open();
    try (ChildProcess helper = lifeline.start(sh("kill -STOP $$"))) {
      lifeline.close();
      assertThat(helper.reap()).isEqualTo(KILLED);
    }
  }

  @Test
  void helperThatEndsItselfIsNotKilled() {
    try (Lifeline lifeline = Lifeline.open();
        ChildProcess helper = lifeline.start(sh("exit 3"))) {
      assertThat(helper.waitFor(Duration.ofSeconds(20))).contains(new WaitStatus(3, 0));
    }
  }
}
