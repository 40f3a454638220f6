package io.runcible.sandbox;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** A future whose asynchronous stages, and theirs, run where an executor says. */
final class StagedFuture<T> extends CompletableFuture<T> {
  private final Executor executor;

  private StagedFuture(Executor executor) {
    this.executor = executor;
  }

  /** Ends as the other does; whoever ends it before that cancels the other. */
  static <T> CompletableFuture<T> of(CompletableFuture<T> other, Executor executor) {
    StagedFuture<T> staged = new StagedFuture<>(executor);
    CompletableFuture<?> unused =
        other.whenComplete(
            (result, failure) -> {
              if (failure == null) {
                staged.complete(result);
              } else {
                staged.completeExceptionally(failure);
              }
            });
    unused = staged.whenComplete((result, failure) -> other.cancel(true));
    return staged;
  }

  @Override
  public Executor defaultExecutor() {
    return executor;
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new StagedFuture<>(executor);
  }
}
