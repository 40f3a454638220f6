package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.network.Network;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What connects a container outlives its processes. */
class ConnectedRestartIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int PORT = 7000;

  @BeforeAll
  static void host() {
    HostTools.requireProgram("nft", "nftables");
  }

  private static ContainerSpec.Builder server() {
    return ENGINE.sh("exec nc -ll -p 7000 -e echo hello").publish(PORT);
  }

  private static String talk(InetSocketAddress address) throws IOException {
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(30_000);
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  @Test
  void publishedPortStaysAndLeadsToTheNewProcess() throws Exception {
    try (Container container = ENGINE.get().run(server().build())) {
      InetSocketAddress address = container.hostAddress(PORT);
      for (int i = 0; i < 3; i++) {
        container.awaitReady(Ready.onPort(PORT));
        assertThat(talk(address)).isEqualTo("hello\n");
        container.restart(Duration.ZERO);
        assertThat(container.hostAddress(PORT)).isEqualTo(address);
      }
    }
  }

  @Test
  void addressAndNamesStay() throws Exception {
    Network network = Network.BRIDGE.withAlias("server");
    try (Container container = ENGINE.get().run(server().network(network).build());
        Container client =
            ENGINE.get().run(ENGINE.sh("sleep 600").network(Network.BRIDGE).build())) {
      List<InetAddress> addresses = container.addresses();
      for (int i = 0; i < 2; i++) {
        container.awaitReady(Ready.onPort(PORT));
        assertThat(TestEngine.ended(client.exec("nc", "server", "7000")).output())
            .isEqualTo("hello");
        assertThat(talk(container.hostAddress(PORT))).isEqualTo("hello\n");
        container.restart(Duration.ZERO);
        assertThat(container.addresses()).isEqualTo(addresses);
      }
    }
  }
}
