package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ports of containers that outlive their engine, on a host that is a namespace of its own. */
class DetachedPublishIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int PORT = 7000;

  /** Tells each client of TCP from where it came, and those of UDP their words in capitals. */
  private static final String SERVER =
      "use Socket qw(:all); $SIG{CHLD} = 'IGNORE';"
          + " if (!fork) { socket(U, PF_INET6, SOCK_DGRAM, 0);"
          + " bind(U, pack_sockaddr_in6(7000, IN6ADDR_ANY));"
          + " while ($from = recv(U, $words, 65535, 0)) { send(U, uc($words), 0, $from) } }"
          + " socket(S, PF_INET6, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);"
          + " bind(S, pack_sockaddr_in6(7000, IN6ADDR_ANY)); listen(S, 64);"
          + " while ($peer = accept(C, S)) { (undef, $a) = unpack_sockaddr_in6($peer);"
          + " syswrite(C, inet_ntop(AF_INET6, $a)); close(C) }";

  private TestHost host;

  @BeforeEach
  void makeHost() {
    // Before: threads of the HTTP library that start in the namespace stay there, for later tests.
    ENGINE.get().images().pull(ENGINE.reference("debian"));
    host = TestHost.create();
  }

  @AfterEach
  void removeHost() {
    try {
      // Also those of a test that failed.
      onHost(engine -> engine.list().forEach(Container::close));
      host.verify();
    } finally {
      host.close();
    }
  }

  private void onHost(Consumer<ContainerEngine> work) {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            work.accept(engine);
          }
        });
  }

  private static ContainerSpec.Builder server() {
    return ENGINE.spec("debian").command("perl", "-e", SERVER).detached();
  }

  private static String talk(String address, int port) {
    try (Socket socket = new Socket(TestHost.address(address), port)) {
      socket.setSoTimeout(30_000);
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Repeats what came before the program listened. */
  private static String ask(InetSocketAddress address) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(address);
      socket.setSoTimeout(200);
      DatagramPacket answer = new DatagramPacket(new byte[64], 64);
      for (int i = 0; i < 300; i++) {
        socket.send(new DatagramPacket("words".getBytes(US_ASCII), 5));
        try {
          socket.receive(answer);
          return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
        } catch (SocketTimeoutException | java.net.PortUnreachableException e) {
          // Lost.
        }
      }
      throw new AssertionError("no answer");
    }
  }

  private static int port(Container container, String address) {
    return container.ports().stream()
        .filter(p -> p.toString().startsWith(address))
        .findFirst()
        .orElseThrow()
        .hostPort();
  }

  private static void assertTaken(int port) throws IOException {
    try (ServerSocket other = new ServerSocket()) {
      other.setReuseAddress(true);
      assertThatThrownBy(() -> other.bind(new InetSocketAddress("127.0.0.1", port)))
          .isInstanceOf(java.net.BindException.class);
    }
  }

  private static Container find(ContainerEngine engine) {
    return engine.find("served").orElseThrow();
  }

  /** One container, since each start of the engines and the network takes its time. */
  @Test
  void publishedPortOutlivesItsEngine() {
    filterBridges(false);
    PortBinding tcp = PortBinding.tcp(PORT);
    onHost(
        engine -> {
          Container container =
              engine.run(
                  server()
                      .name("served")
                      .publish(PORT)
                      .publish(PortBinding.udp(PORT))
                      .publish(tcp.withHostAddress("0.0.0.0"))
                      .publish(tcp.withHostAddress("::"))
                      .publish(tcp.withHostAddress("::1"))
                      .publish(PortBinding.udp(PORT).withHostAddress("::1"))
                      .build());
          container.awaitReady(Ready.onPort(PORT));
          assertThat(talk("127.0.0.1", container.hostPort(PORT))).startsWith("::ffff:");
          reachedOnAnotherNetwork(engine, tcp.withHostAddress("::1"));
        });
    onHost(engine -> reachedFromEverywhere(find(engine)));
    onHost(
        engine -> {
          Container container = find(engine);
          int port = container.hostPort(PORT);
          endsAndRestarts(container, port);
          assertThat(port(find(engine), "127.0.0.1")).isEqualTo(port);
          container.close();
          assertThat(talk("127.0.0.1", port)).contains(ConnectException.class.getName());
        });
  }

  private static void reachedOnAnotherNetwork(ContainerEngine engine, PortBinding binding) {
    engine.networks().create(NetworkSpec.builder("second").build());
    try (Container container =
        engine.run(server().network(Network.named("second")).publish(binding).build())) {
      container.awaitReady(Ready.onPort(PORT));
      assertThat(talk("::1", container.hostPort(PORT))).matches("fd[0-9a-f:]+");
    }
    assertThat(engine.networks().remove("second")).isTrue();
  }

  private void reachedFromEverywhere(Container container) {
    int local = container.hostPort(PORT);
    int ipv4 = port(container, "0.0.0.0");
    int both = port(container, "[0:0:0:0:0:0:0:0]");
    String gateway = talk("127.0.0.1", local);
    assertThat(gateway).startsWith("::ffff:");
    assertThat(talk("127.0.0.1", ipv4)).isEqualTo(gateway);
    assertThat(talk("127.0.0.1", both)).isEqualTo(gateway);
    String gateway6 = talk("::1", port(container, "[0:0:0:0:0:0:0:1]"));
    assertThat(gateway6).matches("fd[0-9a-f:]+");
    assertThat(talk("::1", both)).isEqualTo(gateway6);
    assertThat(talk(TestHost.UPLINK, ipv4)).isEqualTo("::ffff:" + TestHost.UPLINK);
    assertThat(talk(TestHost.UPLINK_IPV6, both)).isEqualTo(TestHost.UPLINK_IPV6);
    assertThat(talk(TestHost.UPLINK, local)).contains(ConnectException.class.getName());
    assertThat(host.connectsFromOutside(TestHost.UPLINK, ipv4)).isTrue();
    assertThat(host.connectsFromOutside(TestHost.UPLINK_IPV6, both)).isTrue();
    assertThat(host.connectsFromOutside(TestHost.UPLINK, local)).isFalse();
    try {
      for (int i : List.of(1, 5)) {
        PortBinding udp = container.ports().get(i);
        assertThat(ask(new InetSocketAddress(udp.hostAddress(), udp.hostPort())))
            .as("%s", udp)
            .isEqualTo("WORDS");
      }
      assertTaken(local);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    // What keeps the ports stays outside.
    assertThat(TestEngine.ended(container.exec("sh", "-c", "ls /proc/1/fd")).output())
        .doesNotContainPattern("\\d\\d");
  }

  /** While it does not run its port is anybody's, and afterwards its own again. */
  private void endsAndRestarts(Container container, int port) {
    container.kill("KILL");
    assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
    assertThat(host.command("nft", "list", "ruleset")).doesNotContain(" . " + port);
    try (ServerSocket other = new ServerSocket()) {
      other.bind(new InetSocketAddress("127.0.0.1", port));
      RunIT.assertFails(
          () -> container.restart(Duration.ZERO), ErrorKind.FAILED_PRECONDITION, "" + port);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    container.restart(Duration.ZERO);
    container.awaitReady(Ready.onPort(PORT));
    assertThat(talk("127.0.0.1", port)).startsWith("::ffff:");
  }

  /** Where the host can filter them at all. */
  private void filterBridges(boolean filter) {
    Path setting = Path.of("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
    host.run(
        () -> {
          try {
            if (Files.exists(setting)) {
              Files.writeString(setting, filter ? "1" : "0");
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void whatTheKernelCannotPublishIsRefused() {
    filterBridges(true);
    onHost(
        engine -> {
          PortBinding tcp = PortBinding.tcp(PORT);
          if (Files.exists(Path.of("/proc/sys/net/bridge/bridge-nf-call-ip6tables"))) {
            RunIT.assertFails(
                () -> engine.create(server().publish(tcp.withHostAddress("::1")).build()),
                ErrorKind.UNSUPPORTED,
                "::1",
                "bridge-nf-call-ip6tables",
                "127.0.0.1");
          }
          RunIT.assertFails(
              () -> engine.create(server().network(Network.NONE).publish(PORT).build()),
              ErrorKind.UNSUPPORTED,
              "bridge");
          assertThat(engine.list()).isEmpty();
        });
  }

  /** The kernel lets packets of 127.0.0.1 out to the bridge, and must let none of those in. */
  @Test
  void containerDoesNotReachTheLoopbackDeviceOfTheHost() {
    int secret = host.serveOnHost("127.0.0.1");
    onHost(
        engine -> {
          try (Container container =
              engine.run(ENGINE.sh("sleep 600").detached().publish(PORT).build())) {
            String device = engine.networks().find("bridge").orElseThrow().device();
            assertThat(host.command("cat", "/proc/sys/net/ipv4/conf/" + device + "/route_localnet"))
                .isEqualTo("1\n");
            String pid = String.valueOf(container.pid().orElseThrow());
            String gateway = container.addresses().get(0).getHostAddress().replaceAll("\\d+$", "1");
            String steps =
                "echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet;"
                    + " ip route del local 127.0.0.0/8 dev lo table local;"
                    + " ip route del local 127.0.0.1 dev lo table local;"
                    + (" ip route add 127.0.0.0/8 via " + gateway + " src 10.0.0.1 ||")
                    + (" ip route add 127.0.0.0/8 via " + gateway + ";")
                    + (" timeout 2 bash -c 'echo >/dev/tcp/127.0.0.1/" + secret + "' && echo in;")
                    + " true";
            String[] enter = {"nsenter", "-t", pid, "-n", "sh", "-c", steps};
            String guard = "inet runcible_" + device + " guard";
            host.command(("nft insert rule " + guard + " ip daddr 127.0.0.1 counter").split(" "));
            assertThat(host.command(enter).lines()).doesNotContain("in");
            // They came, and went no further.
            assertThat(host.command(("nft list chain " + guard).split(" ")))
                .containsPattern("counter packets [1-9]");
          }
        });
  }

  /** An engine that was killed between the publishing and the start of the monitor. */
  @Test
  void portsOfWhatWasNotStartedAreTakenBack() {
    onHost(
        engine -> {
          Container container =
              engine.create(server().name("half").publish(PortBinding.tcp(PORT)).build());
          BridgeNetworks networks = networks();
          networks.publish(token(container), container.ports());
          assertThat(networks.publishing()).containsValue("half");
          assertThat(host.command("nft", "list", "ruleset")).contains(" : " + address(container));
        });
    String table = table();
    // Another kind of chain has the name.
    host.command(("nft flush chain " + table + " guard").split(" "));
    host.command(("nft delete chain " + table + " guard").split(" "));
    host.command("nft", "add chain " + table + " guard { type filter hook input priority raw; }");
    onHost(
        engine -> {
          // It opens, and forgets nothing of what it could not take away.
          assertThat(networks().publishing()).containsValue("half");
          assertThat(host.command("nft", "list", "ruleset"))
              .contains(" : " + address(engine.find("half").orElseThrow()));
        });
    host.command(("nft delete chain " + table + " guard").split(" "));
    onHost(
        engine -> {
          assertThat(host.command("nft", "list", "ruleset"))
              .doesNotContain(" : " + address(engine.find("half").orElseThrow()));
          try (Container container = engine.find("half").orElseThrow()) {
            container.start();
            container.awaitReady(Ready.onPort(PORT));
            assertThat(talk("127.0.0.1", container.hostPort(PORT))).contains("::ffff:");
            ENGINE.open().close();
            assertThat(talk("127.0.0.1", container.hostPort(PORT))).contains("::ffff:");
          }
        });
  }

  /** That of the only network. */
  private String table() {
    return host.command("nft", "list", "tables")
        .lines()
        .filter(line -> line.startsWith("table inet runcible_"))
        .map(line -> line.substring("table ".length()))
        .findFirst()
        .orElseThrow();
  }

  private static String address(Container container) {
    return container.addresses().get(0).getHostAddress();
  }

  private static BridgeNetworks networks() {
    Path data = ENGINE.root().data();
    return BridgeNetworks.open(
        PrivilegedHost.open(),
        data.resolve("networks"),
        data.resolve("network-state"),
        data.resolve("containers"),
        data.resolve("journal"));
  }

  private static String token(Container container) {
    return ContainerRecord.read(new ContainerDirectory(ENGINE.directory(container)))
        .orElseThrow()
        .token();
  }
}
