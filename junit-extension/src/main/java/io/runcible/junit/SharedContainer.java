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

  /** Of the last one: the next may have its name, or its port of the host. */
  private CompletableFuture<Boolean> removed = CompletableFuture.completedFuture(true);

  /** Each call is followed by a {@link #release}, also if it fails. */
  StartedContainer acquire(Supplier<StartedContainer> start) {
    CompletableFuture<StartedContainer> mine = new CompletableFuture<>();
    CompletableFuture<StartedContainer> all;
    CompletableFuture<Boolean> before;
    synchronized (this) {
      users++;
      before = removed;
      if (started == null) {
        started = mine;
      }
      all = started;
    }
    if (all == mine) {
      try {
        before.join();
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

  synchronized int users() {
    return users;
  }

  void release() {
    synchronized (this) {
      users--;
    }
    close(true);
  }

  @Override
  public void close() {
    close(false);
  }

  /** It is removed by who takes it from its users; for others it is as if there were none. */
  private void close(boolean unlessUsed) {
    CompletableFuture<StartedContainer> last;
    CompletableFuture<Boolean> end = new CompletableFuture<>();
    synchronized (this) {
      last = started;
      if (last == null || (unlessUsed && users > 0)) {
        return;
      }
      started = null;
      removed = end;
    }
    try {
      if (last.isDone() && !last.isCompletedExceptionally()) {
        last.join().close();
      }
    } finally {
      end.complete(true);
    }
  }
}
