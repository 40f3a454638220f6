package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
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
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> dns.lookup("localhost")).isInstanceOf(UnknownHostException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
