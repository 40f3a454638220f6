package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of runs for which there is no sandbox. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PoolTest {
  private static Pool pool(Supplier<WarmSandbox> maker, ThreadFactory threads) {
    return new Pool(maker, new Pool.Limits(0, 1, 10, 1), threads);
  }

  private static Run run() {
    return new Run(
        SandboxRequest.builder("true").build(),
        SandboxProfile.untrusted(),
        Map.of(),
        Architecture.X86_64);
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "pool-test");
    thread.setDaemon(true);
    return thread;
  }

  @Test
  void whatFollowsAFailureMayWaitForTheNextOrClose() throws Exception {
    CountDownLatch followed = new CountDownLatch(1);
    Supplier<WarmSandbox> maker =
        () -> {
          try {
            assertThat(followed.await(30, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          throw new StackOverflowError("none can be made");
        };
    Pool pool = pool(maker, PoolTest::daemon);
    try {
      CompletableFuture<SandboxResult> first = pool.submit(run(), "");
      CompletableFuture<SandboxResult> second = pool.submit(run(), "");
      CompletableFuture<String> ended =
          first.handle(
              (result, failure) -> {
                String next = second.handle((none, e) -> e.getMessage()).join();
                pool.close();
                return failure.getMessage() + ", " + next;
              });
      followed.countDown();
      assertThat(ended.get(30, TimeUnit.SECONDS)).isEqualTo("none can be made, none can be made");
    } finally {
      pool.close();
    }
  }

  @Test
  void whatFollowsACancellationByCloseMayWaitForTheNext() throws Exception {
    CountDownLatch closing = new CountDownLatch(1);
    Supplier<WarmSandbox> maker =
        () -> {
          try {
            assertThat(closing.await(30, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          throw new IllegalStateException("none");
        };
    CompletableFuture<Boolean> both;
    try (Pool pool = pool(maker, PoolTest::daemon)) {
      CompletableFuture<SandboxResult> first = pool.submit(run(), "");
      CompletableFuture<SandboxResult> second = pool.submit(run(), "");
      both =
          first.handle(
              (result, failure) -> {
                closing.countDown();
                return second.handle((none, e) -> e != null).join();
              });
    }
    assertThat(both.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void withoutThreadsRunsFailAndItCloses() {
    Supplier<WarmSandbox> maker =
        () -> {
          throw new IllegalStateException("nobody asks");
        };
    ThreadFactory none =
        task -> {
          throw new OutOfMemoryError("no thread");
        };
    try (Pool pool = pool(maker, none)) {
      for (int i = 0; i < 3; i++) {
        CompletableFuture<SandboxResult> result = pool.submit(run(), "");
        assertThatThrownBy(() -> result.get(30, TimeUnit.SECONDS))
            .isInstanceOf(ExecutionException.class)
            .cause()
            .asInstanceOf(type(RuncibleException.class))
            .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE));
      }
      assertThat(pool.waiting()).isZero();
    }
  }
}
