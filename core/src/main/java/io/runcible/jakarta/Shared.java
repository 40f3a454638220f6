package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * One thing for each declaration, made when it is first asked for. Thread-safe.
 *
 * @param <D> the declaration
 * @param <T> what is made
 */
final class Shared<D, T extends AutoCloseable> {
  private final Map<D, CompletableFuture<T>> made = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** The one; another thread that asks for the same waits for the first. */
  T get(D wanted, Function<D, T> make) {
    CompletableFuture<T> mine = new CompletableFuture<>();
    CompletableFuture<T> first = made.putIfAbsent(wanted, mine);
    if (first != null) {
      return await(first);
    }
    try {
      T one = make.apply(wanted);
      mine.complete(one);
      if (closed) {
        close(one);
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION, one + " ends with its scope, which has ended");
      }
      return one;
    } catch (Throwable e) {
      // Those who wait fail, too, whatever it is; the next one tries again.
      made.remove(wanted, mine);
      mine.completeExceptionally(e);
      throw e;
    }
  }

  private T await(CompletableFuture<T> first) {
    try {
      return first.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuncibleException failure) {
        throw new RuncibleException(failure.kind(), String.valueOf(failure.getMessage()), failure);
      }
      throw e;
    }
  }

  /** Closes those that have been made; others close themselves. */
  void close() {
    closed = true;
    List<RuntimeException> failures = new ArrayList<>();
    for (CompletableFuture<T> one : made.values()) {
      try {
        if (one.isDone() && !one.isCompletedExceptionally()) {
          close(one.join());
        }
      } catch (RuntimeException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      RuntimeException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void close(AutoCloseable one) {
    try {
      one.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new RuncibleException(ErrorKind.INTERNAL, one + " could not be closed", e);
    }
  }
}
