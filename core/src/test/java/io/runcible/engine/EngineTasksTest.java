package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class EngineTasksTest {
  @Test
  void closeInterruptsWhatHasBegunAndWaitsForItsEnd() throws InterruptedException {
    EngineTasks tasks = new EngineTasks(Thread::new, new Operations());
    CountDownLatch begun = new CountDownLatch(1);
    AtomicBoolean ended = new AtomicBoolean();
    Runnable task =
        () -> {
          begun.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            ChildJvm.pause(200);
            ended.set(true);
          }
        };
    var unused = tasks.after(Duration.ZERO, task);
    begun.await();
    tasks.close();
    assertThat(ended).isTrue();
  }
}
