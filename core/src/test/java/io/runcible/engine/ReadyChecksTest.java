package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often the looks are taken that cost something. */
class ReadyChecksTest {
  private static final Duration LEFT = Duration.ofMinutes(1);

  @TempDir private Path network;
  private final AtomicLong clock = new AtomicLong();
  private final AtomicLong looks = new AtomicLong();

  private void pass(int millis) {
    clock.addAndGet(Duration.ofMillis(millis).toNanos());
  }

  @Test
  void commandIsTriedAtOnceAndThenMoreAndMoreSeldom() {
    SeldomCheck check =
        new SeldomCheck(
            left -> {
              pass(40);
              return looks.incrementAndGet() == 100;
            },
            clock::get);
    assertThat(check.holds(LEFT)).isFalse();
    assertThat(looks).hasValue(1);
    while (clock.get() < Duration.ofSeconds(1).toNanos()) {
      check.holds(LEFT);
      pass(10);
    }
    assertThat(looks.get()).isBetween(6L, 14L);
    long before = looks.get();
    for (long end = clock.get() + Duration.ofSeconds(10).toNanos(); clock.get() < end; ) {
      check.holds(LEFT);
      pass(10);
    }
    // A quarter of a second each, and what the first of them have to grow.
    assertThat(looks.get() - before).isBetween(38L, 48L);
  }

  @Test
  void commandThatSucceedsCounts() {
    assertThat(new SeldomCheck(left -> left.equals(LEFT), clock::get).holds(LEFT)).isTrue();
  }

  private void sockets(int v4, int v6) throws IOException {
    Files.writeString(
        network.resolve("sockstat"),
        "sockets: used 41\nTCP: inuse " + v4 + " orphan 0 tw 16 mem 8\nUDP: inuse 7 mem 0\n");
    Files.writeString(network.resolve("sockstat6"), "TCP6: inuse " + v6 + "\nUDP6: inuse 0\n");
  }

  private void table(String name, String address, String state) throws IOException {
    Files.writeString(
        network.resolve(name),
        "  sl  local_address rem_address   st tx_queue rx_queue\n   0: "
            + address
            + " 00000000:0000 "
            + state
            + " 00000000:00000000 00:00000000\n");
  }

  private PortCheck port() {
    return new PortCheck(() -> Optional.of(network), 8080, clock::get);
  }

  @Test
  void numberThatIsNoPortIsRefused() {
    // The first of them ends in the same 16 bits as 4464.
    for (int port : new int[] {70_000, 65_536, 0, -1}) {
      RunIT.assertFails(() -> Ready.onPort(port), ErrorKind.INVALID_INPUT, "1 to 65535");
      RunIT.assertFails(() -> Ready.onHttp(port, "/"), ErrorKind.INVALID_INPUT, "1 to 65535");
    }
    assertThat(Ready.onPort(65_535)).hasToString("a listener on TCP port 65535");
  }

  @Test
  void onlyAListenerOnThePortCounts() throws IOException {
    sockets(1, 1);
    table("tcp", "0100007F:1F90", "01");
    assertThat(port().holds(LEFT)).isFalse();
    table("tcp", "0100007F:1F91", "0A");
    assertThat(port().holds(LEFT)).isFalse();
    table("tcp", "0100007F:1F90", "0A");
    assertThat(port().holds(LEFT)).isTrue();
    Files.delete(network.resolve("tcp"));
    table("tcp6", "00000000000000000000000000000000:1F90", "0A");
    assertThat(port().holds(LEFT)).isTrue();
    assertThat(new PortCheck(Optional::empty, 8080, clock::get).holds(LEFT)).isFalse();
  }

  @Test
  void tablesAreLookedAtWhenTheNumberOfSocketsChangesAndNowAndThen() throws IOException {
    PortCheck check = port();
    sockets(0, 0);
    table("tcp", "0100007F:1F90", "0A");
    assertThat(check.holds(LEFT)).isFalse();
    sockets(1, 0);
    table("tcp", "0100007F:1F91", "0A");
    assertThat(check.holds(LEFT)).isFalse();
    table("tcp", "0100007F:1F90", "0A");
    pass(50);
    assertThat(check.holds(LEFT)).isFalse();
    pass(50);
    assertThat(check.holds(LEFT)).isTrue();
    table("tcp", "0100007F:1F91", "0A");
    assertThat(check.holds(LEFT)).isFalse();
    sockets(1, 1);
    table("tcp", "0100007F:1F90", "0A");
    assertThat(check.holds(LEFT)).isTrue();
  }

  @Test
  void kernelThatDoesNotCountIsAskedEachTime() throws IOException {
    PortCheck check = port();
    assertThat(check.holds(LEFT)).isFalse();
    table("tcp", "0100007F:1F90", "0A");
    assertThat(check.holds(LEFT)).isTrue();
  }
}
