package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class StagedFutureTest {
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final CompletableFuture<String> other = new CompletableFuture<>();
  private final CompletableFuture<String> staged = StagedFuture.of(other, tasks::add);

  @Test
  void asynchronousStagesRunWhereTheExecutorSays() throws Exception {
    CompletableFuture<Integer> second =
        staged.thenApply(String::length).thenApplyAsync(length -> length + 1);
    other.complete("four");
    assertThat(staged.get()).isEqualTo("four");
    assertThat(second).isNotDone();
    assertThat(tasks).hasSize(1);
    tasks.remove().run();
    assertThat(second.get()).isEqualTo(5);
  }

  @Test
  void failsAsTheOtherDoes() {
    other.completeExceptionally(new IllegalStateException("no"));
    assertThatThrownBy(staged::get)
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void isCancelledAsTheOtherIs() {
    other.completeExceptionally(new CancellationException());
    assertThat(staged).isCancelled();
  }

  @Test
  void whoeverEndsItCancelsTheOther() {
    staged.cancel(true);
    assertThat(other).isCancelled();
    CompletableFuture<String> next = new CompletableFuture<>();
    StagedFuture.of(next, tasks::add).complete("enough");
    assertThat(next).isCancelled();
  }
}
