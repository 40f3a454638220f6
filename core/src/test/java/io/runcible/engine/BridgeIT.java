package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.network.Network;
import java.net.InetAddress;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers on bridge networks, of a host and a world that are namespaces of their own. */
class BridgeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private TestHost host;

  @BeforeEach
  void makeHost() {
    host = TestHost.create();
  }

  @AfterEach
  void removeHost() {
    try {
      host.verify();
    } finally {
      host.close();
    }
  }

  /** With an engine that lives on the host. */
  private void onHost(Consumer<ContainerEngine> work) {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            work.accept(engine);
          }
        });
  }

  private static String output(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  @Test
  void containerReachesGatewayAndOthersByAlias() {
    onHost(
        engine -> {
          try (Container server =
                  engine.run(
                      ENGINE
                          .sh("echo hello >/index.html; httpd -f -p 80 -h /")
                          .name("server")
                          .network(Network.BRIDGE.withAlias("web"))
                          .build());
              Container client =
                  engine.run(
                      ENGINE
                          .sh("sleep 600")
                          .addCapability("NET_RAW")
                          .network(Network.BRIDGE)
                          .build())) {
            assertThat(output(client, "ping -c 1 -W 2 $(ip route | awk '/default/ {print $3}')"))
                .contains("1 packets received");
            for (String name : new String[] {"web", "server"}) {
              assertThat(output(client, "wget -q -O - http://" + name + "/")).isEqualTo("hello");
            }
            InetAddress address = server.addresses().get(0);
            assertThat(output(client, "wget -q -O - http://" + address.getHostAddress() + "/"))
                .isEqualTo("hello");
          }
        });
  }
}
