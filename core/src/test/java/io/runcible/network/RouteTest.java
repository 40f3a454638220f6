package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteTest {
  private static final InetAddress LOCAL = PortBinding.ipv4Loopback();
  private static final InetAddress REMOTE = PortBinding.ofBytes(192, 0, 2, 7);
  private static final InetAddress OWN = PortBinding.ofBytes(10, 88, 0, 2);

  private static List<String> targets(InetAddress client, InetAddress... own) {
    return Route.of(client, List.of(own)).stream()
        .map(route -> route.target().getHostAddress())
        .toList();
  }

  @Test
  void clientOfTheLoopbackDeviceComesFromThere() {
    assertThat(targets(LOCAL)).containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1");
    assertThat(targets(LOCAL, OWN)).containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1", "10.88.0.2");
    assertThat(Route.of(LOCAL, List.of(OWN))).allMatch(route -> route.source() == null);
  }

  @Test
  void otherClientIsNeverShownAsLocal() {
    assertThat(targets(REMOTE, OWN)).containsExactly("10.88.0.2");
    assertThat(Route.of(REMOTE, List.of()))
        .containsExactly(new Route(PortBinding.ofBytes(127, 0, 0, 2), LOCAL));
  }
}
