package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Containers that Debian's CNI plugins connect, on a host that is a namespace of its own. */
class CniIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir Path directory;

  private TestHost host;
  private Path configuration;

  @BeforeEach
  void makeHost() throws IOException {
    HostTools.requireFile("/usr/lib/cni/bridge", "containernetworking-plugins");
    HostTools.requireProgram("iptables", "iptables");
    host = TestHost.create();
    configuration =
        Files.writeString(
            directory.resolve("test.conflist"),
            """
            {"cniVersion": "1.0.0", "name": "test", "plugins": [
              {"type": "bridge", "bridge": "rcnitest", "isGateway": true, "ipMasq": true,
               "dns": {"nameservers": ["10.99.7.53"], "search": ["cni.example"]},
               "ipam": {"type": "host-local", "dataDir": "%s", "subnet": "10.99.7.0/24",
                        "routes": [{"dst": "0.0.0.0/0"}]}},
              {"type": "portmap", "capabilities": {"portMappings": true}}]}
            """
                .formatted(directory.resolve("ipam")));
  }

  @AfterEach
  void removeHost() {
    host.close();
  }

  private Network network() {
    return Network.cni(configuration.toString());
  }

  private void onHost(Consumer<ContainerEngine> work) {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            work.accept(engine);
          }
        });
  }

  /** The addresses that the plugin host-local has given. */
  private List<String> given() {
    List<String> given = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory.resolve("ipam/test"), "10.*")) {
      files.forEach(file -> given.add(file.getFileName().toString()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return given;
  }

  private void assertUndone() {
    assertThat(given()).isEmpty();
    assertThat(directory.resolve("ipam/second"))
        .satisfiesAnyOf(
            path -> assertThat(path).doesNotExist(),
            path -> assertThat(path).isDirectoryNotContaining("glob:**10.*"));
    assertThat(host.command("iptables-save")).doesNotContain("10.99.7.", "10.99.8.");
    assertThat(ENGINE.root().data().resolve("cni")).isEmptyDirectory();
  }

  @Test
  void pluginsConnectPublishAndUndoIt() {
    int outside = host.serveOutside(TestHost.OUTSIDE);
    onHost(
        engine -> {
          ContainerSpec.Builder spec =
              ENGINE
                  .sh("cat /etc/resolv.conf /etc/hosts; httpd -f -p 80 -h /")
                  .hostname("server")
                  .network(network())
                  .publish(PortBinding.parse("0.0.0.0:8080:80").get(0));
          try (Container server = engine.run(spec.build());
              Container client =
                  engine.run(
                      ENGINE.sh("sleep 600").network(Network.cni(text()), second()).build())) {
            String address = server.addresses().get(0).getHostAddress();
            assertThat(address).startsWith("10.99.7.");
            assertThat(given()).hasSize(2);
            server.awaitReady(Ready.onPort(80));
            assertThat(server.logs().text())
                .contains("nameserver 10.99.7.53\nsearch cni.example\n")
                .contains(address + "\t");
            assertThat(host.connects(address, 80)).isTrue();
            assertThat(host.connectsFromOutside(TestHost.UPLINK, 8080)).isTrue();
            assertThat(server.hostPort(80)).isEqualTo(8080);
            assertThat(
                    TestEngine.ended(
                            client.exec(
                                "sh",
                                "-c",
                                "nc " + TestHost.OUTSIDE + " " + outside + " </dev/null"))
                        .output())
                .isEqualTo(TestHost.UPLINK);
            List<InetAddress> both = client.addresses();
            assertThat(both).hasSize(2);
            String other = both.get(1).getHostAddress();
            assertThat(other).startsWith("10.99.8.");
            String look =
                "ip -o -4 addr show eth1 | grep -c "
                    + other
                    + "; ip route | grep -c ^default.*eth0; grep -c '^10[.]99[.][78]' /etc/hosts;"
                    + " cat /etc/resolv.conf";
            assertThat(TestEngine.ended(client.exec("sh", "-c", look)).output())
                .isEqualTo("1\n1\n2\nnameserver 10.99.7.53\nsearch cni.example");
            String pid = String.valueOf(client.pid().orElseThrow());
            String[] way = {"nsenter", "-t", pid, "-n", "ip", "route", "get", TestHost.OUTSIDE};
            assertThat(host.command(way)).contains(" dev eth0 ");
            // Not the server: Debian's portmap misses rules of IPv6 for ports of IPv4.
            engine.networks().check(client);
            host.command("ip", "link", "delete", "rcnitest");
            assertThatThrownBy(() -> engine.networks().check(client))
                .isInstanceOf(RuncibleException.class)
                .hasMessageContaining("CHECK");
          }
          assertUndone();
        });
  }

  /** Without name servers, and with a default route that comes too late. */
  private Network second() {
    return Network.cni(
        text()
            .replace("\"test\"", "\"second\"")
            .replace("rcnitest", "rcnisecond")
            .replace("10.99.7.0", "10.99.8.0")
            .replaceAll("\"dns\": [^}]*},", ""));
  }

  private String text() {
    return read(configuration);
  }

  /** The kernel joins those of IPv6 to one with several ways. */
  @Test
  void defaultRouteOfOneDeviceIsRemovedAlone() {
    for (String command :
        List.of(
            "ip link add second type veth peer name third",
            "ip link set second up",
            "ip link set third up",
            "ip addr add 10.99.9.2/24 dev second",
            "ip addr add fd99:9::2/64 dev second nodad",
            "ip route append default via 10.99.9.1 dev second",
            "ip -6 route append default via fd99:9::1 dev second")) {
      host.command(command.split(" "));
    }
    host.run(
        () -> {
          try (Rtnetlink inside = Rtnetlink.open()) {
            int second = inside.link("second").orElseThrow().index();
            List<Rtnetlink.Route> all =
                inside.routes().stream().filter(Rtnetlink.Route::isDefault).toList();
            assertThat(all).hasSize(4);
            List<Rtnetlink.Route> own = all.stream().filter(r -> r.link() == second).toList();
            assertThat(own).hasSize(2).allMatch(route -> route.gateway().isPresent());
            own.forEach(inside::deleteDefaultRoute);
            own.forEach(inside::deleteDefaultRoute);
            assertThat(inside.routes().stream().filter(Rtnetlink.Route::isDefault))
                .containsExactlyInAnyOrderElementsOf(
                    all.stream().filter(route -> !own.contains(route)).toList());
          }
        });
  }

  @Test
  void failureTellsWhatThePluginSaysAndLeavesNothing() throws IOException {
    Files.writeString(configuration, text().replace("10.99.7.0/24", "10.99.7.0/30"));
    onHost(
        engine -> {
          ContainerSpec spec = ENGINE.sh("sleep 600").network(network()).build();
          try (Container only = engine.run(spec)) {
            assertThat(only.addresses()).hasSize(1);
            assertThatThrownBy(() -> engine.run(spec))
                .isInstanceOfSatisfying(
                    RuncibleException.class,
                    e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
                .hasMessageContaining("no IP addresses available");
            assertThat(given()).hasSize(1);
          }
          assertUndone();
          ContainerSpec random =
              ENGINE.sh("true").network(network()).publish(PortBinding.tcp(80)).build();
          assertThatThrownBy(() -> engine.run(random)).hasMessageContaining("name one");
        });
  }

  @Test
  void damagedRecordsAreRemovedAndKeepNoEngineFromOpening() throws IOException {
    Path kept = Files.createDirectories(ENGINE.root().data().resolve("cni"));
    List<String> damaged = List.of("", "\0\0\0", "{}", "{\"container\":", "[]", "null");
    for (int i = 0; i < damaged.size(); i++) {
      Files.writeString(kept.resolve("token" + i + ".json"), damaged.get(i));
      Files.writeString(kept.resolve("token" + i + ".netns"), "");
    }
    onHost(engine -> assertThat(kept).isEmptyDirectory());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What is kept of a container, the first network's first. */
  private static List<Path> kept(Container container) {
    String token =
        ContainerRecord.read(new ContainerDirectory(ENGINE.directory(container)))
            .orElseThrow()
            .token();
    Path directory = ENGINE.root().data().resolve("cni");
    return List.of(
        directory.resolve(token + ".json"),
        directory.resolve(token + ".1.json"),
        directory.resolve(token + ".netns"));
  }

  @Test
  void networkThatCannotBeUndoneKeepsNoOther() {
    Path given = directory.resolve("ipam/second");
    ContainerSpec spec = ENGINE.sh("sleep 600").network(network(), second()).build();
    onHost(
        engine -> {
          Container container = engine.run(spec);
          List<Path> kept = kept(container);
          String record = read(kept.get(1));
          write(kept.get(1), record.replace("\\\"portmap\\\"", "\\\"no-such\\\""));
          assertThat(read(kept.get(1))).isNotEqualTo(record);
          container.close();
          assertThat(given()).isEmpty();
          assertThat(kept.get(0)).doesNotExist();
          assertThat(kept.get(1)).exists();
          assertThat(kept.get(2)).exists();
          write(kept.get(1), record);
          ENGINE.open().close();
          assertUndone();

          container = engine.run(spec);
          kept = kept(container);
          write(kept.get(0), "");
          container.close();
          // Nobody knows how to undo the damaged one.
          assertThat(given()).hasSize(1);
          assertThat(given).isDirectoryNotContaining("glob:**10.*");
          assertThat(kept.get(0).getParent()).isEmptyDirectory();
        });
  }

  @Test
  void nextEngineUndoesWhatAKilledOneLeft() {
    host.run(
        () -> {
          try (ChildJvm jvm =
              ChildJvm.start(
                  EngineProgram.class,
                  "network-and-wait",
                  ENGINE.root().path(),
                  ENGINE.reference("busybox"),
                  network())) {
            assertThat(jvm.line()).isEqualTo("running");
            assertThat(given()).hasSize(1);
            jvm.kill();
          }
          ENGINE.open().close();
          assertUndone();
        });
  }
}
