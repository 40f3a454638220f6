package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Threads for requests that go at the same time. */
final class Daemons {
  private Daemons() {}

  /** At most so many threads, which its owner shuts down. */
  static ExecutorService pool(int threads, String name) {
    AtomicInteger count = new AtomicInteger();
    return Executors.newFixedThreadPool(
        threads,
        task -> {
          Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Does something with each of a list, several at a time; the first failure ends it. */
  static <A, B> List<B> map(
      Operation operation, int threads, List<A> arguments, Function<A, B> function) {
    ExecutorService pool = pool(Math.max(1, Math.min(threads, arguments.size())), "runcible-tags");
    try {
      List<Future<B>> futures = new ArrayList<>();
      for (A argument : arguments) {
        futures.add(pool.submit(() -> function.apply(argument)));
      }
      List<B> results = new ArrayList<>();
      for (Future<B> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failures.cancelled(operation);
    } catch (ExecutionException e) {
      throw failure(operation, e);
    } finally {
      pool.shutdownNow();
    }
  }

  /** What a thread ran into, as the failure of the thread that waited for it. */
  static RuncibleException failure(Operation operation, ExecutionException e) {
    if (e.getCause() instanceof RuncibleException failure) {
      return new RuncibleException(failure.kind(), String.valueOf(failure.getMessage()), failure);
    }
    return new RuncibleException(
        ErrorKind.INTERNAL, "cannot " + operation.what() + ": " + e.getCause(), e);
  }
}
