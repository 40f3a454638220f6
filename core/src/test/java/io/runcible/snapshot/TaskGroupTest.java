package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TaskGroupTest {
  private final CountDownLatch beingInterrupted = new CountDownLatch(1);
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private final CountDownLatch nextBegun = new CountDownLatch(1);
  private final Worker worker = new Worker();

  /** Of a pool; to be interrupted takes it until it does the next work, or cannot go on to that. */
  private final class Worker extends Thread {
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private volatile boolean ended;

    @Override
    public void run() {
      while (!ended) {
        try {
          work.take().run();
        } catch (InterruptedException e) {
          // As in a pool, it was for what is over.
        }
      }
    }

    @Override
    public void interrupt() {
      beingInterrupted.countDown();
      while (nextBegun.getCount() > 0 && getState() != State.BLOCKED) {
        Thread.onSpinWait();
      }
      super.interrupt();
      interrupted.countDown();
    }

    void end() throws InterruptedException {
      work.add(() -> ended = true);
      join();
    }
  }

  @BeforeEach
  void start() {
    worker.start();
  }

  @AfterEach
  void end() throws InterruptedException {
    worker.end();
  }

  private static boolean awaits(CountDownLatch latch) {
    try {
      latch.await();
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  @Test
  void failureInterruptsNoWorkThatComesAfterATask() throws InterruptedException {
    TaskGroup group = new TaskGroup(worker.work::add);
    CountDownLatch running = new CountDownLatch(1);
    group.start(
        () -> {
          running.countDown();
          assertThat(awaits(beingInterrupted)).isTrue();
        });
    running.await();
    AtomicBoolean undisturbed = new AtomicBoolean();
    CountDownLatch nextEnded = new CountDownLatch(1);
    worker.work.add(
        () -> {
          nextBegun.countDown();
          undisturbed.set(awaits(interrupted) && !Thread.interrupted());
          nextEnded.countDown();
        });
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> group.await("testing")).hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    nextEnded.await();
    assertThat(undisturbed).isTrue();
  }
}
