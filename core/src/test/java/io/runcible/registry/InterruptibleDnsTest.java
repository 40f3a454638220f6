package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class InterruptibleDnsTest {
  private final InterruptibleDns dns = new InterruptibleDns();

  @Test
  void knowsThisMachine() throws UnknownHostException {
    assertThat(dns.lookup("localhost")).anyMatch(InetAddress::isLoopbackAddress);
  }

  @Test
  void namesTheHostThatIsUnknown() {
    assertThatThrownBy(() -> dns.lookup("no such host"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("no such host");
  }

  @Test
  void endsWithAnInterrupt() {
    CountDownLatch never = new CountDownLatch(1);
    AtomicReference<Thread> asking = new AtomicReference<>();
    Thread caller = Thread.currentThread();
    InterruptibleDns stuck =
        new InterruptibleDns(
            host -> {
              asking.set(Thread.currentThread());
              caller.interrupt();
              await(never);
              return List.of();
            });
    assertThatThrownBy(() -> stuck.lookup("localhost")).isInstanceOf(UnknownHostException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(asking.get().isDaemon()).isTrue();
    never.countDown();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
