package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** What a first start has loaded ahead. */
class FirstStartTest {
  @Test
  void whatItGoesThroughIsWhole() {
    assertThat(FirstStart.container()).contains("\"/bin/true\"", "SCMP_ACT_ERRNO");
  }

  @Test
  void threadHasEndedAfterwardsAndTheInterruptStays() {
    Thread[] made = new Thread[1];
    FirstStart first =
        FirstStart.ofContainer(
            task -> {
              made[0] = Executors.defaultThreadFactory().newThread(task);
              return made[0];
            });
    Thread.currentThread().interrupt();

    first.awaitEnd();

    assertThat(Thread.interrupted()).isTrue();
    // None is made where a container of this JVM was made before.
    assertThat(made[0] == null || !made[0].isAlive()).isTrue();
  }
}
