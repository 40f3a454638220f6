package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** One container for each declaration, started when it is first asked for. Thread-safe. */
final class SharedContainers {
  private final Map<FromImage, CompletableFuture<Container>> containers = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** The container; another thread that asks for the same waits for the first. */
  Container get(FromImage wanted, Function<FromImage, Container> start) {
    CompletableFuture<Container> mine = new CompletableFuture<>();
    CompletableFuture<Container> first = containers.putIfAbsent(wanted, mine);
    if (first != null) {
      return await(first);
    }
    try {
      Container container = start.apply(wanted);
      mine.complete(container);
      if (closed) {
        container.close();
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION, container + " ends with its scope, which has ended");
      }
      return container;
    } catch (RuntimeException e) {
      // The next one tries again.
      containers.remove(wanted, mine);
      mine.completeExceptionally(e);
      throw e;
    }
  }

  private static Container await(CompletableFuture<Container> container) {
    try {
      return container.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuncibleException failure) {
        throw new RuncibleException(failure.kind(), String.valueOf(failure.getMessage()), failure);
      }
      throw e;
    }
  }

  /** Closes those that have started; others close themselves. */
  void close() {
    closed = true;
    List<RuntimeException> failures = new ArrayList<>();
    for (CompletableFuture<Container> container : containers.values()) {
      try {
        if (container.isDone() && !container.isCompletedExceptionally()) {
          container.join().close();
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
}
