package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedContainerTest {
  private final List<String> told = Collections.synchronizedList(new ArrayList<>());

  /** No container, and no run: what removes it is all that counts here. */
  private static StartedContainer container(Runnable remove) {
    return new StartedContainer(null, "container", null, Duration.ZERO, () -> {}, remove);
  }

  private StartedContainer tell(String start, Runnable remove) {
    told.add(start);
    return container(remove);
  }

  @Test
  void nextOneStartsWhenTheLastOneIsRemoved() throws InterruptedException {
    SharedContainer shared = new SharedContainer();
    CountDownLatch leaving = new CountDownLatch(1);
    CountDownLatch mayGo = new CountDownLatch(1);
    StartedContainer first =
        shared.acquire(
            () ->
                tell(
                    "first",
                    () -> {
                      leaving.countDown();
                      await(mayGo);
                      told.add("removed");
                    }));
    CompletableFuture<Void> removal = CompletableFuture.runAsync(shared::release);
    leaving.await();
    CompletableFuture<StartedContainer> second =
        CompletableFuture.supplyAsync(() -> shared.acquire(() -> tell("second", () -> {})));
    // It has come when it counts as a user, and has nothing to wait for but the removal.
    while (shared.users() == 0) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    mayGo.countDown();
    removal.join();
    assertThat(second.join()).isNotSameAs(first);
    assertThat(told).containsExactly("first", "removed", "second");
  }

  @Test
  void userWhoComesKeepsIt() {
    SharedContainer shared = new SharedContainer();
    StartedContainer first = shared.acquire(() -> tell("first", () -> told.add("removed")));
    assertThat(shared.acquire(() -> tell("second", () -> {}))).isSameAs(first);
    shared.release();
    assertThat(told).containsExactly("first");
    shared.release();
    assertThat(told).containsExactly("first", "removed");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
