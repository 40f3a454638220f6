package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ManagedThreadsTest {
  @Test
  void theServersThreadsGetOurNames() {
    ThreadFactory server = task -> new Thread(task, "server-1") {};
    Thread thread = new ManagedThreads(server).newThread(() -> {});
    assertThat(thread.getClass()).isNotEqualTo(Thread.class);
    assertThat(thread.getName()).isEqualTo("runcible-1");
  }

  @Test
  void aFactoryThatHasEndedIsDoneWithout() throws InterruptedException {
    ThreadFactory ended =
        task -> {
          throw new IllegalStateException("ended");
        };
    for (ThreadFactory server : new ThreadFactory[] {ended, task -> null, null}) {
      AtomicBoolean ran = new AtomicBoolean();
      Thread thread = new ManagedThreads(server).newThread(() -> ran.set(true));
      assertThat(thread.isDaemon()).isTrue();
      thread.start();
      thread.join();
      assertThat(ran).isTrue();
    }
  }
}
