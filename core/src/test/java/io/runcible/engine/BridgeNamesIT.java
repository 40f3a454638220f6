package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.network.Network;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How containers on bridge networks find each other, the host and the rest by name. */
class BridgeNamesIT {
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

  private void onHost(Consumer<ContainerEngine> work) {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            engine.networks().prune();
            work.accept(engine);
          }
        });
  }

  private static Container idle(ContainerEngine engine, Network network) {
    return engine.run(ENGINE.sh("sleep 600").network(network).build());
  }

  private static String output(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  @Test
  void psqlReachesTheServerByAlias() {
    String server =
        "initdb --auth=trust --no-locale --no-sync >/dev/null"
            + " && echo host all all all trust >>$PGDATA/pg_hba.conf"
            + " && exec postgres -c 'listen_addresses=*' -c fsync=off";
    String query = "psql -h db -U postgres -Atc 'select 6 * 7, inet_client_addr() is not null'";
    // From the registry, which is on the real host.
    ENGINE.get().images().pull(ENGINE.reference("postgres"));
    onHost(
        engine -> {
          try (Container database =
              engine.run(
                  ENGINE
                      .spec("postgres")
                      .entrypoint("sh", "-c", server)
                      .network(Network.BRIDGE.withAlias("db"))
                      .build())) {
            database.awaitReady(
                Ready.onCommand("pg_isready", "-q", "-h", "localhost")
                    .within(Rounds.patience(120)));
            try (Container client =
                engine.run(
                    ENGINE
                        .spec("postgres")
                        .entrypoint("sh", "-c", query)
                        .network(Network.BRIDGE)
                        .build())) {
              assertThat(TestEngine.ended(client).output()).as("server").isEqualTo("42|t");
            }
            assertThat(database.isRunning()).isTrue();
          }
        });
  }

  @Test
  void nameOfSeveralContainersHasALineForEach() {
    onHost(
        engine -> {
          Network web = Network.BRIDGE.withAlias("web");
          String count = "grep -c '\\bweb$' /etc/hosts || true";
          try (Container client = idle(engine, Network.BRIDGE)) {
            try (Container first = idle(engine, web)) {
              assertThat(output(client, count)).isEqualTo("2");
              try (Container second = idle(engine, web)) {
                assertThat(output(client, count)).isEqualTo("4");
                assertThat(output(second, count)).isEqualTo("4");
              }
              assertThat(output(first, count)).isEqualTo("2");
            }
            assertThat(output(client, count)).isEqualTo("0");
          }
        });
  }

  @Test
  void whatTheContainerWroteStays() {
    onHost(
        engine -> {
          try (Container client = idle(engine, Network.BRIDGE)) {
            output(client, "echo 192.0.2.7 mine >>/etc/hosts");
            try (Container other = idle(engine, Network.BRIDGE)) {
              assertThat(output(client, "cat /etc/hosts")).contains("192.0.2.7 mine", other.id());
            }
            assertThat(output(client, "cat /etc/hosts"))
                .contains("localhost", "192.0.2.7 mine", client.id());
            output(client, "head -c 400000 /dev/zero >/etc/hosts");
            // To its own harm alone.
            try (Container other = idle(engine, Network.BRIDGE)) {
              assertThat(output(other, "cat /etc/hosts")).contains(client.id());
            }
          }
        });
  }

  @Test
  void hostIsReachedByItsGatewayName() {
    int port = host.serveOnHost("0.0.0.0");
    onHost(
        engine -> {
          NameResolution names =
              NameResolution.DEFAULT
                  .withHost("the-host", NameResolution.HOST_GATEWAY)
                  .withHost("elsewhere", "192.0.2.9")
                  .withServer("192.0.2.53")
                  .withSearch("corp.example")
                  .withOption("ndots:3");
          try (Container container =
              engine.run(
                  ENGINE.sh("sleep 600").network(Network.BRIDGE).nameResolution(names).build())) {
            assertThat(output(container, "nc -w 20 the-host " + port + " </dev/null"))
                .isEqualTo(container.addresses().get(0).getHostAddress());
            assertThat(output(container, "cat /etc/hosts")).contains("192.0.2.9\telsewhere");
            assertThat(output(container, "cat /etc/resolv.conf"))
                .isEqualTo("search corp.example\nnameserver 192.0.2.53\noptions ndots:3");
          }
        });
  }

  @Test
  void gatewayNameIsRefusedWhereThereIsNoGateway() {
    NameResolution names = NameResolution.DEFAULT.withHost("the-host", NameResolution.HOST_GATEWAY);
    for (Network network : List.of(Network.NONE, Network.USER, Network.container("other"))) {
      ContainerSpec spec = ENGINE.sh("true").network(network).nameResolution(names).build();
      RunIT.assertFails(
          () -> ENGINE.get().create(spec), ErrorKind.INVALID_INPUT, NameResolution.HOST_GATEWAY);
    }
  }

  @Test
  void enginesOnTheSameDirectoriesShareNetworks() {
    onHost(
        engine -> {
          try (Container client = idle(engine, Network.BRIDGE)) {
            try (ContainerEngine other = ENGINE.open();
                Container server =
                    BridgeIT.listening(
                        other.run(
                            ENGINE
                                .sh("echo hello >/index.html; httpd -f -p 80 -h /")
                                .network(Network.BRIDGE.withAlias("web"))
                                .build()))) {
              assertThat(server.addresses()).doesNotContainAnyElementsOf(client.addresses());
              assertThat(output(client, "timeout 20 wget -q -O - http://web/")).isEqualTo("hello");
            }
            assertThat(output(client, "cat /etc/hosts")).doesNotContain("web");
            assertThat(output(client, "ip route")).contains("default");
          }
        });
  }

  @Test
  void detachedContainerKeepsItsNetworkUp() {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            engine.networks().prune();
            BridgeIT.listening(
                engine.run(
                    ENGINE
                        .sh("echo hello >/index.html; httpd -f -p 80 -h /")
                        .name("server")
                        .detached()
                        .network(Network.BRIDGE)
                        .build()));
          }
          try (ContainerEngine next = ENGINE.open();
              Container client = idle(next, Network.BRIDGE)) {
            assertThat(output(client, "timeout 20 wget -q -O - http://server/")).isEqualTo("hello");
            List<Container> found = next.list();
            found.stream().filter(c -> c.id().equals("server")).forEach(Container::close);
            assertThat(output(client, "cat /etc/hosts")).doesNotContain("server");
          }
        });
  }
}
