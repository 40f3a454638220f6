package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers on bridge networks, of a host and a world that are namespaces of their own. */
class BridgeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** More than any answer here takes. */
  private static final String WGET = "timeout 20 wget -q -O - http://";

  /** For what does not answer. */
  private static final String NO_WGET = "timeout 1 wget -q -O - http://";

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

  /** With an engine that lives on the host, and no network left by another test. */
  private void onHost(Consumer<ContainerEngine> work) {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            engine.networks().prune();
            work.accept(engine);
          }
        });
  }

  private static Container server(ContainerEngine engine, String text, Network... networks) {
    return listening(
        start(engine, "echo " + text + " >/index.html; httpd -f -p 80 -h /", networks));
  }

  /** Nobody asks it before, who would be refused. */
  static Container listening(Container server) {
    server.awaitReady(Ready.onPort(80));
    return server;
  }

  private static Container client(ContainerEngine engine, Network... networks) {
    return start(engine, "sleep 600", networks);
  }

  private static Container start(ContainerEngine engine, String script, Network... networks) {
    return engine.run(
        ENGINE
            .sh(script)
            .addCapability("NET_RAW")
            .addCapability("NET_ADMIN")
            .network(networks[0], Stream.of(networks).skip(1).toArray(Network[]::new))
            .build());
  }

  private static String output(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  private static boolean fails(Container container, String script) {
    return !TestEngine.ended(container.exec("sh", "-c", script)).status().isSuccess();
  }

  private static String ipv4(Container container) {
    return address(container, true);
  }

  private static String ipv6(Container container) {
    return address(container, false);
  }

  private static String address(Container container, boolean ipv4) {
    return container.addresses().stream()
        .filter(address -> address instanceof Inet4Address == ipv4)
        .map(InetAddress::getHostAddress)
        .findFirst()
        .orElseThrow();
  }

  private static void assertRefused(ThrowingCallable call, ErrorKind kind, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> {
              List.of(words).forEach(word -> assertThat(e).hasMessageContaining(word));
              assertThat(e.kind()).isEqualTo(kind);
            });
  }

  @Test
  void containerReachesGatewayAndOthersByAlias() {
    onHost(
        engine -> {
          try (Container server =
                  listening(
                      engine.run(
                          ENGINE
                              .sh("echo hello >/index.html; httpd -f -p 80 -h /")
                              .name("server_1")
                              .hostname("files.example")
                              .network(Network.BRIDGE.withAlias("web"))
                              .build()));
              Container client = client(engine, Network.BRIDGE)) {
            assertThat(output(client, "ping -c 1 -W 20 $(ip route | awk '/default/ {print $3}')"))
                .contains("1 packets received");
            for (String name : List.of("web", "server_1", "files.example", ipv4(server))) {
              assertThat(output(client, WGET + name + "/")).isEqualTo("hello");
            }
            assertThat(output(server, "hostname; wget -q -O - http://$(hostname)/"))
                .isEqualTo("files.example\nhello");
          }
        });
  }

  @Test
  void ipv6ReachesOthersAndTheWorld() {
    int port = host.serveOutside(TestHost.OUTSIDE_IPV6);
    onHost(
        engine -> {
          try (Container server = server(engine, "hello", Network.BRIDGE);
              Container client = client(engine, Network.BRIDGE)) {
            String address = "[" + ipv6(server) + "]";
            assertThat(output(client, WGET + address + "/")).isEqualTo("hello");
            String world = "nc -w 20 " + TestHost.OUTSIDE_IPV6 + " " + port + " </dev/null";
            assertThat(output(client, world)).isEqualTo("2001:db8:0:0:0:0:0:2");
          }
        });
  }

  @Test
  void worldSeesTheHostsAddressAndHasTheUplinksMtu() {
    int port = host.serveOutside(TestHost.OUTSIDE);
    onHost(
        engine -> {
          try (Container client = client(engine, Network.BRIDGE)) {
            String world = "nc -w 20 " + TestHost.OUTSIDE + " " + port + " </dev/null";
            assertThat(output(client, world)).isEqualTo(TestHost.UPLINK);
            assertThat(output(client, "cat /sys/class/net/eth0/mtu"))
                .isEqualTo(String.valueOf(TestHost.MTU));
          }
        });
  }

  @Test
  void worldDoesNotReachContainers() {
    onHost(
        engine -> {
          try (Container server = server(engine, "hello", Network.BRIDGE)) {
            NetworkInfo network = engine.networks().find("bridge").orElseThrow();
            String subnet = network.subnets().get(0).prefix().toString();
            host.outside("ip", "route", "add", subnet, "via", TestHost.UPLINK);
            assertThat(host.connectsFromOutside(ipv4(server), 80)).isFalse();
            assertThat(host.connects(ipv4(server), 80)).isTrue();
          }
        });
  }

  @Test
  void networksDoNotSeeEachOther() {
    onHost(
        engine -> {
          for (String name : List.of("one", "two")) {
            engine.networks().create(NetworkSpec.builder(name).build());
          }
          for (String name : List.of("open-one", "open-two")) {
            engine.networks().create(NetworkSpec.builder(name).isolated(false).build());
          }
          try (Container server = server(engine, "hello", Network.named("one").withAlias("web"));
              Container other = client(engine, Network.named("two"));
              Container open = server(engine, "open", Network.named("open-one"));
              Container alsoOpen = client(engine, Network.named("open-two"))) {
            for (Container stranger : List.of(other, alsoOpen)) {
              for (String address : List.of(ipv4(server), "[" + ipv6(server) + "]", "web")) {
                assertThat(fails(stranger, NO_WGET + address + "/")).as(address).isTrue();
              }
            }
            assertThat(fails(other, NO_WGET + ipv4(open) + "/")).isTrue();
            assertThat(output(alsoOpen, WGET + ipv4(open) + "/")).isEqualTo("open");
            assertThat(output(alsoOpen, WGET + "[" + ipv6(open) + "]/")).isEqualTo("open");
          }
        });
  }

  @Test
  void internalNetworkHasNoWayOut() {
    int port = host.serveOutside(TestHost.OUTSIDE);
    int onHost = host.serveOnHost("0.0.0.0");
    onHost(
        engine -> {
          engine.networks().create(NetworkSpec.builder("inside").internal().build());
          Network inside = Network.named("inside");
          try (Container server = server(engine, "hello", inside.withAlias("web"));
              Container client = client(engine, inside)) {

            for (String name : List.of("web", ipv4(server))) {
              assertThat(output(client, WGET + name + "/")).isEqualTo("hello");
            }
            String world = "nc -w 1 " + TestHost.OUTSIDE + " " + port + " </dev/null";
            assertThat(fails(client, world)).isTrue();
            NetworkInfo network = engine.networks().find("inside").orElseThrow();
            String gateway = network.subnets().get(0).gateway().getHostAddress();
            // Nor for one that makes itself a route.
            assertThat(output(client, "ip route add default via " + gateway)).isEmpty();
            assertThat(fails(client, world)).isTrue();
            String uplink = "nc -w 1 " + TestHost.UPLINK + " " + onHost + " </dev/null";
            assertThat(fails(client, uplink)).isTrue();
            assertThat(output(client, "nc -w 20 " + gateway + " " + onHost + " </dev/null"))
                .isEqualTo(ipv4(client));
          }
        });
  }

  @Test
  void containerIsOnSeveralNetworks() {
    int port = host.serveOutside(TestHost.OUTSIDE);
    onHost(
        engine -> {
          engine.networks().create(NetworkSpec.builder("inside").internal().build());
          try (Container server =
                  server(engine, "hello", Network.named("inside").withAlias("web"));
              Container both = client(engine, Network.named("inside"), Network.BRIDGE)) {
            assertThat(output(both, WGET + ipv4(server) + "/")).isEqualTo("hello");
            assertThat(output(both, "nc -w 20 " + TestHost.OUTSIDE + " " + port + " </dev/null"))
                .isEqualTo(TestHost.UPLINK);
            assertThat(output(both, "ls /sys/class/net | tr '\\n' ' '")).isEqualTo("eth0 eth1 lo");
            assertThat(both.addresses()).hasSize(4);
          }
        });
  }

  @Test
  void runningContainerIsConnectedAndDisconnected() {
    onHost(
        engine -> {
          Networks networks = engine.networks();
          networks.create(NetworkSpec.builder("other").build());
          try (Container server = server(engine, "hello", Network.named("other"));
              Container client = client(engine, Network.BRIDGE)) {
            networks.connect(client, Network.named("other").withAlias("late"));
            assertThat(output(client, WGET + server.id() + "/")).isEqualTo("hello");
            assertThat(output(server, "ping -c 1 -W 20 late")).contains("1 packets received");
            assertRefused(
                () -> networks.connect(client, Network.named("other")),
                ErrorKind.ALREADY_EXISTS,
                client.id(),
                "other");
            // The default route moves to the network that is left.
            networks.disconnect(client, "bridge");
            String gateway =
                networks.find("other").orElseThrow().subnets().get(0).gateway().getHostAddress();
            assertThat(output(client, "ip route")).contains("default via " + gateway);
            networks.disconnect(client, "other");
            assertThat(output(client, "ls /sys/class/net")).isEqualTo("lo");
            assertThat(output(server, "cat /etc/hosts")).doesNotContain("late");
            assertRefused(() -> networks.disconnect(client, "other"), ErrorKind.NOT_FOUND, "other");
          }
          try (Container alone = client(engine, Network.NONE)) {
            assertRefused(
                () -> networks.connect(alone, Network.named("other")),
                ErrorKind.FAILED_PRECONDITION,
                alone.id());
          }
        });
  }

  @Test
  void addressAndHardwareAddressAreGiven() {
    onHost(
        engine -> {
          engine
              .networks()
              .create(NetworkSpec.builder("fixed").subnet("10.1.2.0/29", "10.1.2.6").build());
          Network fixed = Network.named("fixed");
          try (Container container =
              client(engine, fixed.withAddress("10.1.2.3").withMac("02:00:00:aa:bb:cc"))) {
            assertThat(ipv4(container)).isEqualTo("10.1.2.3");
            assertThat(output(container, "cat /sys/class/net/eth0/address; ip route"))
                .startsWith("02:00:00:aa:bb:cc")
                .contains("default via 10.1.2.6");
            assertRefused(
                () -> client(engine, fixed.withAddress("10.1.2.3")),
                ErrorKind.ALREADY_EXISTS,
                "10.1.2.3",
                container.id());
            assertRefused(
                () -> client(engine, fixed.withAddress("10.1.2.6")),
                ErrorKind.ALREADY_EXISTS,
                "the host");
            for (String address : List.of("10.1.2.0", "10.1.2.7", "10.1.3.1", "fd00::1")) {
              assertRefused(
                  () -> client(engine, fixed.withAddress(address)), ErrorKind.INVALID_INPUT);
            }
          }
          // Free again, and five are all that there are beside the gateway.
          List<Container> all =
              Stream.generate(() -> engine.create(ENGINE.sh("true").network(fixed).build()))
                  .limit(5)
                  .toList();
          assertThat(all.stream().map(BridgeIT::ipv4).sorted().toList())
              .containsExactly("10.1.2.1", "10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5");
          assertRefused(() -> client(engine, fixed), ErrorKind.UNAVAILABLE, "fixed", "10.1.2.0/29");
          all.forEach(Container::close);
          client(engine, fixed).close();
        });
  }

  @Test
  void collisionsAreRefused() {
    onHost(
        engine -> {
          Networks networks = engine.networks();
          assertRefused(
              () -> networks.create(NetworkSpec.builder("bad").subnet("203.0.113.64/26").build()),
              ErrorKind.FAILED_PRECONDITION,
              "203.0.113.64/26",
              "203.0.113.0/24",
              "uplink");
          host.command("ip", "route", "add", "10.77.0.0/16", "dev", "uplink");
          assertRefused(
              () -> networks.create(NetworkSpec.builder("bad").subnet("10.77.3.0/24").build()),
              ErrorKind.FAILED_PRECONDITION,
              "10.77.3.0/24",
              "10.77.0.0/16",
              "uplink");
          networks.create(NetworkSpec.builder("first").subnet("10.78.0.0/16").build());
          assertRefused(
              () -> networks.create(NetworkSpec.builder("bad").subnet("10.78.9.0/24").build()),
              ErrorKind.FAILED_PRECONDITION,
              "10.78.9.0/24",
              "first");
          assertRefused(
              () -> networks.create(NetworkSpec.builder("first").build()),
              ErrorKind.ALREADY_EXISTS,
              "first");
          assertThat(networks.find("bad")).isEmpty();
        });
  }

  /** A VPN may have come up between the making of a network and its first use. */
  @Test
  void networkMovesAwayFromALaterRouteUnlessItsSubnetWasGiven() {
    onHost(
        engine -> {
          Networks networks = engine.networks();
          networks.create(NetworkSpec.builder("given").subnet("10.78.0.0/24").build());
          NetworkInfo chosen = networks.create(NetworkSpec.builder("chosen").build());
          String subnet = chosen.subnets().get(0).prefix().toString();
          for (String taken : List.of(subnet, "10.78.0.0/16")) {
            host.command("ip", "route", "add", taken, "dev", "uplink");
          }
          try (Container server = server(engine, "hello", Network.named("chosen"));
              Container client = client(engine, Network.named("chosen"))) {
            assertThat(output(client, WGET + ipv4(server) + "/")).isEqualTo("hello");
          }
          assertThat(networks.find("chosen").orElseThrow().subnets().get(0).prefix().toString())
              .isNotEqualTo(subnet);
          assertRefused(
              () -> client(engine, Network.named("given")),
              ErrorKind.FAILED_PRECONDITION,
              "10.78.0.0/24",
              "10.78.0.0/16");
        });
  }

  @Test
  void usedNetworkIsNotRemoved() {
    onHost(
        engine -> {
          Networks networks = engine.networks();
          networks.create(NetworkSpec.builder("used").label("who", "me").build());
          try (Container container =
              engine.create(ENGINE.sh("true").network(Network.named("used")).build())) {
            NetworkInfo info = networks.find("used").orElseThrow();
            assertThat(info.members())
                .extracting(NetworkInfo.Member::containerId)
                .containsExactly(container.id());
            assertThat(info.labels()).containsEntry("who", "me");
            assertRefused(
                () -> networks.remove("used"),
                ErrorKind.FAILED_PRECONDITION,
                "used",
                container.id());
            assertThat(networks.prune()).isEmpty();
          }
          assertThat(networks.list()).extracting(NetworkInfo::name).containsExactly("used");
          assertThat(networks.remove("used")).isTrue();
          assertThat(networks.remove("used")).isFalse();
          assertRefused(() -> client(engine, Network.named("used")), ErrorKind.NOT_FOUND, "used");
        });
  }

  private static Path leases() {
    return HostResources.list(ENGINE.root().data().resolve("networks"), "*").stream()
        .flatMap(network -> HostResources.list(network, "leases-[0-9]*.json").stream())
        .findFirst()
        .orElseThrow();
  }

  private static boolean isUsable(Networks networks) {
    try {
      return networks.find("bridge").isPresent();
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      return false;
    }
  }

  private static boolean joins(ContainerEngine engine) {
    try (Container container = client(engine, Network.BRIDGE)) {
      return container.isRunning();
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      return false;
    }
  }

  @Test
  void damagedTableOfLeasesHoldsUpNobodyElseAndNothingIsGivenTwice() {
    onHost(
        engine -> {
          Container on = client(engine, Network.BRIDGE);
          Path table = leases();
          write(table, "{\"leases\":[");
          try (ContainerEngine next = ENGINE.open();
              Container apart = client(next, Network.NONE)) {
            assertThat(apart.addresses()).isEmpty();
            assertThat(next.networks().list()).extracting(NetworkInfo::name).contains("bridge");
            assertThat(next.networks().prune()).isEmpty();
            assertRefused(
                () -> client(next, Network.BRIDGE), ErrorKind.CORRUPT_DATA, table.toString());
            assertRefused(
                () -> next.networks().remove("bridge"), ErrorKind.CORRUPT_DATA, table.toString());
          }
          on.close();
          // The kernel takes a namespace away in its own time.
          RestartIT.await(() -> joins(engine));
          write(leases(), "");
          RestartIT.await(
              () -> {
                ENGINE.open().close();
                return isUsable(engine.networks());
              });
          assertThat(engine.networks().find("bridge").orElseThrow().members()).isEmpty();
        });
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a host with Docker or ufw. */
  @Test
  void wayOutWorksBesideAPolicyOfDrop() {
    int port = host.serveOutside(TestHost.OUTSIDE);
    int portIpv6 = host.serveOutside(TestHost.OUTSIDE_IPV6);
    for (String tool : List.of("iptables", "ip6tables")) {
      HostTools.requireProgram(tool, "iptables");
      host.command(tool, "-P", "FORWARD", "DROP");
      host.command(tool, "-A", "FORWARD", "-p", "tcp", "--dport", "9", "-j", "ACCEPT");
    }
    host.begin();
    for (boolean rejects : new boolean[] {false, true}) {
      if (rejects) {
        host.command("iptables", "-A", "FORWARD", "-j", "REJECT");
        host.begin();
      }
      onHost(
          engine -> {
            try (Container server = server(engine, "hello", Network.BRIDGE);
                Container client = client(engine, Network.BRIDGE)) {
              assertThat(output(client, WGET + ipv4(server) + "/")).isEqualTo("hello");
              assertThat(
                      output(client, "nc -w 20 " + TestHost.OUTSIDE + " " + port + " </dev/null"))
                  .isEqualTo(TestHost.UPLINK);
              String world = "nc -w 20 " + TestHost.OUTSIDE_IPV6 + " " + portIpv6 + " </dev/null";
              assertThat(output(client, world)).isNotEmpty();
              // The tools of the rules' owner still read them.
              assertThat(host.command("iptables", "-S", "FORWARD")).contains("rcb", "dport 9");
            }
          });
      host.verify();
    }
  }

  @Test
  void namespaceIsShared() {
    onHost(
        engine -> {
          try (Container server = server(engine, "hello", Network.BRIDGE.withAlias("web"));
              Container beside = client(engine, Network.container(server.id()))) {
            assertThat(output(beside, WGET + "127.0.0.1/")).isEqualTo("hello");
            assertThat(output(beside, WGET + "web/")).isEqualTo("hello");
            try (Container third = client(engine, Network.container(beside.id()))) {
              assertThat(output(third, WGET + "127.0.0.1/")).isEqualTo("hello");
            }
          }
          assertRefused(
              () -> client(engine, Network.container("nobody")), ErrorKind.NOT_FOUND, "nobody");
        });
  }

  @Test
  void routerAdvertisementsOfOthersAreIgnored() {
    onHost(
        engine -> {
          try (Container client = client(engine, Network.BRIDGE)) {
            String settings =
                "cat /proc/sys/net/ipv6/conf/all/accept_ra /proc/sys/net/ipv6/conf/eth0/accept_ra";
            assertThat(output(client, settings)).isEqualTo("0\n0");
            String bridge = engine.networks().find("bridge").orElseThrow().device();
            assertThat(
                    host.command("cat", "/proc/sys/net/ipv6/conf/" + bridge + "/accept_ra").strip())
                .isEqualTo("0");
          }
        });
  }
}
