package io.runcible.junit;

import io.runcible.engine.Container;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A container of several users: the first one starts it, while the others wait, and the last one
 * removes it. It is started by its users, not by the store that holds this.
 */
final class SharedContainer implements AutoCloseable {
  private int users;
  private @Nullable CompletableFuture<StartedContainer> started;

  /** Each call is followed by a {@link #release}, also if it fails. */
  StartedContainer acquire(Supplier<StartedContainer> start) {
    CompletableFuture<StartedContainer> mine = new CompletableFuture<>();
    CompletableFuture<StartedContainer> all;
    synchronized (this) {
      users++;
      if (started == null) {
        started = mine;
      }
      all = started;
    }
    if (all == mine) {
      try {
        mine.complete(start.get());
      } catch (RuntimeException | Error e) {
        mine.completeExceptionally(e);
        throw e;
      }
    }
    return join(all);
  }

  /** The result; of a failure the cause. */
  static StartedContainer join(CompletableFuture<StartedContainer> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** The container, while it is there for its users. */
  synchronized Optional<Container> current() {
    CompletableFuture<StartedContainer> known = started;
    return known != null && known.isDone() && !known.isCompletedExceptionally()
        ? Optional.of(known.join().container())
        : Optional.empty();
  }

  void release() {
    CompletableFuture<StartedContainer> last = null;
    synchronized (this) {
      users--;
      if (users == 0) {
        last = started;
        started = null;
      }
    }
    close(last);
  }

  private static void close(@Nullable CompletableFuture<StartedContainer> future) {
    if (future != null && future.isDone() && !future.isCompletedExceptionally()) {
      future.join().close();
    }
  }

  @Override
  public void close() {
    CompletableFuture<StartedContainer> last;
    synchronized (this) {
      last = started;
      started = null;
    }
    close(last);
  }
}
