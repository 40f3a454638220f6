package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
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

  @Test
  void noThreadIsLeftWhenAllIsDone() throws InterruptedException {
    Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    ThreadFactory factory =
        task -> {
          Thread thread = new Thread(task);
          threads.add(thread);
          return thread;
        };
    try (EngineTasks tasks = new EngineTasks(factory, new Operations())) {
      for (int round = 1; round <= 2; round++) {
        CountDownLatch done = new CountDownLatch(1);
        var unused = tasks.after(Duration.ZERO, done::countDown);
        done.await();
        assertThat(threads).hasSize(2 * round);
        for (Thread thread : threads) {
          thread.join();
        }
      }
    }
  }
}
