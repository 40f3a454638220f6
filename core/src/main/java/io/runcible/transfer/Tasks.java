package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Work that is done some at once: all of it, or the first failure or an interrupt ends all. */
final class Tasks {
  /** The most that one may ask for. */
  static final int MAX_PARALLEL = 32;

  private Tasks() {}

  /**
   * Returns, or fails, when no thread works on it any more.
   *
   * @param what for messages, such as "copying registry.example/app:1"
   * @return the results in the order of the work
   * @throws RuncibleException CANCELLED on interrupt, with the flag set; the first failure
   */
  static <T> List<T> run(String what, int parallel, List<? extends Callable<T>> work) {
    if (work.isEmpty()) {
      return List.of();
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(Math.min(parallel, work.size()), Tasks::thread);
    CompletionService<T> ended = new ExecutorCompletionService<>(threads);
    try {
      List<Future<T>> all = new ArrayList<>();
      work.forEach(one -> all.add(ended.submit(one)));
      for (int i = 0; i < work.size(); i++) {
        ended.take().get();
      }
      List<T> results = new ArrayList<>();
      for (Future<T> one : all) {
        results.add(one.get());
      }
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while " + what, e);
    } catch (ExecutionException e) {
      throw failure(what, e.getCause());
    } finally {
      threads.shutdownNow();
      awaitEnd(threads);
    }
  }

  /** A daemon. */
  static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "runcible-copy");
    thread.setDaemon(true);
    return thread;
  }

  private static RuntimeException failure(String what, @Nullable Throwable cause) {
    if (cause instanceof RuncibleException known) {
      return new RuncibleException(known.kind(), what + " failed: " + known.getMessage(), known);
    }
    return cause instanceof IOException io
        ? new RuncibleException(ErrorKind.UNAVAILABLE, what + " failed: " + io.getMessage(), io)
        : new RuncibleException(ErrorKind.INTERNAL, what + " failed", cause);
  }

  private static void awaitEnd(ExecutorService threads) {
    boolean interrupted = Thread.interrupted();
    while (!threads.isTerminated()) {
      try {
        threads.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  static int checkedParallel(int parallel, String what) {
    if (parallel < 1 || parallel > MAX_PARALLEL) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "from 1 to " + MAX_PARALLEL + " " + what + " at once, not " + parallel);
    }
    return parallel;
  }
}
