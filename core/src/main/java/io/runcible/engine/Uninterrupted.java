package io.runcible.engine;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Work that an interrupt must not cut short, such as a removal. It is done on a thread that nobody
 * else knows, because an interrupt in the middle would end waits and close the files that are being
 * read. The flag of the caller is set again afterwards.
 */
final class Uninterrupted {
  private Uninterrupted() {}

  static void run(ThreadFactory threads, Runnable work) {
    on(task -> threads.newThread(task).start(), work);
  }

  /** The same on a thread of an executor, which must be nobody else's. */
  static void on(Executor executor, Runnable work) {
    FutureTask<Boolean> task = new FutureTask<>(work, true);
    try {
      executor.execute(task);
    } catch (OutOfMemoryError e) {
      // The host grants no further thread; better here than not at all.
      task.run();
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw unchecked(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException unchecked(@Nullable Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException ours ? ours : new IllegalStateException(failure);
  }
}
