package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskGroupTest {
  private final CountDownLatch beingInterrupted = new CountDownLatch(1);
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private final CountDownLatch nextBegun = new CountDownLatch(1);
  private final Worker worker = new Worker();

  /** Of a pool; to be interrupted takes it until it does the next work, or cannot go on to that. */
  private final class Worker extends Thread {
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private volatile boolean ended;

    Worker() {
      setDaemon(true);
    }

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
      nextBegun.countDown();
      interrupt();
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

  /** What the tasks use is closed when the wait is over, or when the start fails. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void taskWithoutAThreadFailsWhenTheOthersHaveEnded(boolean closed) {
    AtomicBoolean first = new AtomicBoolean(true);
    TaskGroup group =
        new TaskGroup(
            task -> {
              if (first.getAndSet(false)) {
                worker.work.add(task);
              } else if (closed) {
                throw new RejectedExecutionException("closed");
              } else {
                throw new OutOfMemoryError("no thread");
              }
            });
    nextBegun.countDown();
    CountDownLatch running = new CountDownLatch(1);
    AtomicBoolean stopped = new AtomicBoolean();
    group.start(
        () -> {
          running.countDown();
          stopped.set(!awaits(new CountDownLatch(1)));
        });
    assertThat(awaits(running)).isTrue();
    group.start(() -> {});
    assertThatThrownBy(() -> group.await("testing")).hasMessageContaining("no thread");
    assertThat(stopped).isTrue();
  }
}
