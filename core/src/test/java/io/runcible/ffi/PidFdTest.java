package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PidFdTest {
  private static final int KILL = 9;

  private static ChildProcess sh(String script) {
    return Spawn.of(List.of("/bin/sh", "-c", script), Spawn.plainEnvironment()).start();
  }

  private static void awaitEnd(ChildProcess child) throws InterruptedException {
    while (!child.pidFd().hasEnded()) {
      Thread.sleep(1);
    }
  }

  @Test
  void endIsKnownBeforeAnyoneReaps() throws Exception {
    try (ChildProcess child = sh("exit 7")) {
      awaitEnd(child);
      assertThat(child.pidFd().exitOfZombie()).contains(new WaitStatus(7, 0));
      assertThat(child.reap()).isEqualTo(new WaitStatus(7, 0));
      assertThat(child.pidFd().exitOfZombie()).isEmpty();
    }
  }

  @Test
  void signalIsKnownBeforeAnyoneReaps() throws Exception {
    try (ChildProcess child = sh("exec sleep 600")) {
      assertThat(child.pidFd().exitOfZombie()).isEmpty();
      assertThat(child.pidFd().signal(KILL)).isTrue();
      awaitEnd(child);
      assertThat(child.pidFd().exitOfZombie()).contains(new WaitStatus(0, KILL));
      child.reap();
    }
  }
}
