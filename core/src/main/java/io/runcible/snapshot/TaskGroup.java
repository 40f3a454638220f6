package io.runcible.snapshot;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Tasks that succeed or fail together: the first failure, or an interrupt of the one who waits,
 * interrupts all; and the wait is over only when every one of them has ended, so that what they
 * used can be closed.
 */
final class TaskGroup {
  private final Executor executor;
  private final List<FutureTask<Void>> tasks = new ArrayList<>();

  /** Guarded by itself: a thread that is being interrupted does not leave before it is. */
  private final Set<Thread> running = new HashSet<>();

  private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();

  TaskGroup(Executor executor) {
    this.executor = executor;
  }

  void start(Runnable work) {
    FutureTask<Void> task = new FutureTask<>(() -> run(work), null);
    tasks.add(task);
    executor.execute(task);
  }

  private void run(Runnable work) {
    synchronized (running) {
      running.add(Thread.currentThread());
    }
    try {
      if (failure.get() == null) {
        work.run();
      }
    } catch (RuntimeException e) {
      fail(e);
    } catch (Error e) {
      fail(new RuncibleException(ErrorKind.INTERNAL, "a task ended with " + e, e));
    } finally {
      synchronized (running) {
        running.remove(Thread.currentThread());
      }
      // The thread goes back to a pool.
      Thread.interrupted();
    }
  }

  /** Whether one has failed, or was interrupted: no more work is to begin. */
  boolean hasFailed() {
    return failure.get() != null;
  }

  private void fail(RuntimeException e) {
    if (failure.compareAndSet(null, e)) {
      synchronized (running) {
        running.stream().filter(t -> t != Thread.currentThread()).forEach(Thread::interrupt);
      }
    }
  }

  /**
   * Waits for all.
   *
   * @throws RuntimeException the first failure
   * @throws RuncibleException CANCELLED if the thread is interrupted; the flag stays set
   */
  void await(String what) {
    boolean interrupted = false;
    for (FutureTask<Void> task : tasks) {
      while (!task.isDone()) {
        try {
          task.get();
        } catch (InterruptedException e) {
          interrupted = true;
          fail(new RuncibleException(ErrorKind.CANCELLED, "interrupted while " + what, e));
        } catch (ExecutionException e) {
          fail(new RuncibleException(ErrorKind.INTERNAL, what + " failed", e.getCause()));
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    RuntimeException first = failure.get();
    if (first != null) {
      throw first;
    }
  }
}
