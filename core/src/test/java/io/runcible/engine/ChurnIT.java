package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many containers, after which the leak check finds nothing. */
class ChurnIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int AT_A_TIME = 20;
  private static final int CODES = 256;

  /** In its first moment a process may not be seen alive: then a code is taken for a signal. */
  private static void runAndExit(int code) {
    assertThat(ENGINE.run(ENGINE.sh("exit " + code)).status().code()).isEqualTo(code);
  }

  private static void runAndBeKilled() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      container.kill("KILL");
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofSignal(9));
    }
  }

  private static void runOutOfMemory() {
    ExitStatus status = ENGINE.run(ENGINE.sh("tail /dev/zero; exit 3").memory("16m")).status();
    assertThat(status).isEqualTo(ExitStatus.ofExit(3).withOutOfMemory(true));
  }

  @Test
  void oneAfterAnother() {
    for (int i = 0; i < Rounds.of(40, 200); i++) {
      runAndExit(i % CODES);
    }
  }

  @Test
  void manyAtATime() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < Rounds.of(CODES / 2, 4 * CODES); i++) {
        // First the odd ones, then the even ones.
        int code = (2 * i + 1 + 2 * i / CODES) % CODES;
        runs.add(threads.submit(() -> runAndExit(code)));
        if (i % 16 == 0) {
          runs.add(threads.submit(ChurnIT::runAndBeKilled));
          if (Differences.countOutlivesTheContainer()) {
            runs.add(threads.submit(ChurnIT::runOutOfMemory));
          }
        }
      }
      for (Future<?> run : runs) {
        run.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void manyRunningAtOnce() {
    List<Container> containers = new ArrayList<>();
    for (int i = 0; i < AT_A_TIME; i++) {
      containers.add(ENGINE.get().run(ENGINE.sh("sleep 600").build()));
    }
    assertThat(containers).allMatch(Container::isRunning);
    assertThat(ENGINE.get().list()).containsExactlyInAnyOrderElementsOf(containers);
    containers.forEach(Container::close);
  }
}
