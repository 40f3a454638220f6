package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.Spawn;
import io.runcible.network.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The way out of bridge networks beside the rules of others, on a host that is a namespace. */
class FirewallIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** As firewalld has it: what no zone accepts is rejected, whatever other tables say. */
  private static final String FIREWALLD =
      """
      table inet firewalld {
        chain filter_FORWARD_ZONES { }
        chain filter_FORWARD {
          type filter hook forward priority filter + 10; policy accept;
          ct state established,related accept
          jump filter_FORWARD_ZONES
          reject with icmpx admin-prohibited
        }
      }
      """;

  /** Its program, as far as the zone "trusted" goes; writes down what it is asked for. */
  private static final String FIREWALL_CMD =
      """
      #!/bin/sh
      echo "$*" >>"$(dirname "$0")/asked"
      device=${2#*=}
      chain='inet firewalld filter_FORWARD_ZONES'
      case "$1 $2" in
        '--zone=trusted --add-interface='*)
          nft add rule $chain iifname "$device" accept
          nft add rule $chain oifname "$device" accept ;;
        '--zone=trusted --remove-interface='*)
          nft flush chain $chain ;;
        *) exit 2 ;;
      esac
      """;

  @TempDir private Path programs;
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

  private void firewalld() throws IOException {
    Path rules = Files.writeString(programs.resolve("rules"), FIREWALLD);
    Path program = Files.writeString(programs.resolve("firewall-cmd"), FIREWALL_CMD);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    host.command("nft", "-f", rules.toString());
    host.begin();
  }

  /** What a container hears of a server in the world; nothing if it cannot reach that. */
  private String heard(int port, Runnable meanwhile) {
    return host.call(
        () -> {
          try (ContainerEngine engine = ENGINE.open();
              Container client =
                  engine.run(ENGINE.sh("sleep 600").network(Network.BRIDGE).build())) {
            meanwhile.run();
            String talk = "nc -w 20 " + TestHost.OUTSIDE + " " + port + " </dev/null || true";
            return TestEngine.ended(client.exec("sh", "-c", talk)).output();
          }
        });
  }

  @Test
  void firewalldIsToldOfANetworkAsLongAsItIsUp() throws IOException {
    HostTools.require(
        Spawn.findProgram("firewall-cmd").isEmpty(), "firewalld is installed on this host");
    int port = host.serveOutside(TestHost.OUTSIDE);
    firewalld();
    // Without the program it rejects, as it is meant to.
    assertThat(heard(port, () -> {})).isEmpty();
    Spawn.searchAlso(programs);
    try {
      assertThat(heard(port, () -> {})).isEqualTo(TestHost.UPLINK);
    } finally {
      Spawn.searchNoMore(programs);
    }
    List<String> asked = Files.readAllLines(programs.resolve("asked"));
    assertThat(asked).hasSize(2);
    assertThat(asked.get(0)).matches("--zone=trusted --add-interface=rcb\\S+");
    assertThat(asked.get(1)).isEqualTo(asked.get(0).replace("--add", "--remove"));
  }

  /** As a host with Docker or ufw whose tool is the older one. */
  @Test
  void olderPacketFilterLetsANetworkThroughAsLongAsItIsUp() {
    HostTools.requireProgram("iptables-legacy", "iptables");
    int port = host.serveOutside(TestHost.OUTSIDE);
    String[] show = {"iptables-legacy", "-S", "FORWARD"};
    for (String end : List.of("-P FORWARD DROP", "-A FORWARD -j REJECT", "-A FORWARD -j DROP")) {
      host.command(("iptables-legacy " + end).split(" "));
      String before = host.command(show);
      assertThat(heard(port, () -> assertThat(host.command(show)).contains("-i rcb", "-o rcb")))
          .isEqualTo(TestHost.UPLINK);
      assertThat(host.command(show)).isEqualTo(before);
      if (end.startsWith("-A")) {
        host.command(("iptables-legacy " + end.replace("-A", "-D")).split(" "));
      }
    }
  }

  /** As {@code ufw default reject routed} has them, by either of the tools that it may use. */
  @Test
  void ufwThatRejectsWhatIsRoutedLetsANetworkThroughAsLongAsItIsUp() {
    for (String tool : List.of("iptables-nft", "iptables-legacy")) {
      HostTools.requireProgram(tool, "iptables");
    }
    int port = host.serveOutside(TestHost.OUTSIDE);
    for (String tool : List.of("iptables-nft", "iptables-legacy")) {
      host.command(tool, "-P", "FORWARD", "DROP");
      for (String part : List.of("before", "after-logging", "reject", "track")) {
        host.command(tool, "-N", "ufw-" + part + "-forward");
        host.command(tool, "-A", "FORWARD", "-j", "ufw-" + part + "-forward");
      }
      String related = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
      for (String rule :
          List.of(
              "before-forward " + related,
              "after-logging-forward -j LOG",
              "reject-forward -j REJECT")) {
        host.command((tool + " -A ufw-" + rule).split(" "));
      }
      host.begin();
      String[] show = {tool, "-S", "FORWARD"};
      String before = host.command(show);
      assertThat(heard(port, () -> assertThat(host.command(show)).contains("-i rcb", "-o rcb")))
          .as(tool)
          .isEqualTo(TestHost.UPLINK);
      assertThat(host.command(show)).isEqualTo(before);
      // What its owner refuses before stays refused.
      host.command(
          (tool + " -I ufw-before-forward -p tcp --dport " + port + " -j REJECT").split(" "));
      assertThat(heard(port, () -> {})).as(tool).isEmpty();
      host.command(tool, "-F");
      host.command(tool, "-P", "FORWARD", "ACCEPT");
      host.begin();
    }
  }
}
