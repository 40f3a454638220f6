package io.runcible.network;

import io.runcible.network.NetworkSpec.Subnet;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The packet filter of one network, in a table of its own: the way out with the host's address,
 * nothing in but answers and published ports, other networks kept away. One script for a network,
 * nothing for a container.
 */
final class NetworkRules {
  private final NetworkRecord network;
  private final String device;
  private final List<String> lines = new ArrayList<>();

  private NetworkRules(NetworkRecord network) {
    this.network = network;
    this.device = '"' + network.device() + '"';
  }

  /** Makes the table, instead of one that is there. */
  static String script(NetworkRecord network) {
    NetworkRules rules = new NetworkRules(network);
    rules.forward();
    if (network.internal()) {
      rules.input();
    } else {
      rules.masquerade();
    }
    return removal(network)
        + "table inet "
        + table(network)
        + " {\n"
        + String.join("\n", rules.lines)
        + "\n}\n";
  }

  /** Takes the table away, if it is there. */
  static String removal(NetworkRecord network) {
    String table = "table inet " + table(network);
    return table + " { }\ndelete " + table + "\n";
  }

  static String table(NetworkRecord network) {
    return "runcible_" + network.device();
  }

  private void forward() {
    lines.add("chain forward {");
    lines.add("type filter hook forward priority filter; policy accept;");
    // Where the host filters bridged packets, too, those of one bridge come by.
    lines.add("iifname " + device + " oifname " + device + " accept");
    if (network.internal()) {
      lines.add("iifname " + device + " drop");
      lines.add("oifname " + device + " drop");
    } else {
      // A published port is published to all.
      lines.add("iifname " + device + " ct status dnat accept");
      lines.add("oifname " + device + " ct status dnat accept");
      if (network.isolated()) {
        String others = '"' + NetworkRecord.DEVICES + "*\"";
        lines.add("iifname " + device + " oifname " + others + " drop");
        lines.add("iifname " + others + " oifname " + device + " drop");
      }
      lines.add("iifname " + device + " meta nfproto ipv4 " + foreign(true) + "drop");
      lines.add("iifname " + device + " meta nfproto ipv6 " + foreign(false) + "drop");
      lines.add("iifname " + device + " accept");
      lines.add("oifname " + device + " ct state established,related accept");
      if (!network.isolated()) {
        lines.add("iifname \"" + NetworkRecord.OPEN_DEVICES + "*\" oifname " + device + " accept");
      }
      lines.add("oifname " + device + " drop");
    }
    lines.add("}");
  }

  /** Matches what claims to come from elsewhere; all, if the network has nothing of that kind. */
  private String foreign(boolean ipv4) {
    String own =
        subnets(ipv4).stream().map(s -> s.prefix().toString()).collect(Collectors.joining(", "));
    return own.isEmpty() ? "" : (ipv4 ? "ip" : "ip6") + " saddr != { " + own + " } ";
  }

  /** From an internal network the host is reached by the gateway's address alone. */
  private void input() {
    lines.add("chain input {");
    lines.add("type filter hook input priority filter; policy accept;");
    lines.add("iifname " + device + " meta nfproto ipv4 " + elsewhere(true, "") + "drop");
    lines.add(
        "iifname "
            + device
            + " meta nfproto ipv6 "
            + elsewhere(false, "fe80::/10, ff00::/8")
            + "drop");
    lines.add("}");
  }

  private String elsewhere(boolean ipv4, String more) {
    List<String> own = new ArrayList<>();
    subnets(ipv4).forEach(subnet -> own.add(subnet.gateway().getHostAddress()));
    if (!more.isEmpty()) {
      own.add(more);
    }
    return own.isEmpty()
        ? ""
        : (ipv4 ? "ip" : "ip6") + " daddr != { " + String.join(", ", own) + " } ";
  }

  private void masquerade() {
    lines.add("chain postrouting {");
    lines.add("type nat hook postrouting priority srcnat; policy accept;");
    if (!network.isolated()) {
      lines.add("oifname \"" + NetworkRecord.OPEN_DEVICES + "*\" accept");
    }
    for (Subnet subnet : network.parsedSubnets()) {
      String family = subnet.prefix().isIpv4() ? "ip" : "ip6";
      lines.add(family + " saddr " + subnet.prefix() + " oifname != " + device + " masquerade");
    }
    lines.add("}");
  }

  private List<Subnet> subnets(boolean ipv4) {
    return network.parsedSubnets().stream().filter(s -> s.prefix().isIpv4() == ipv4).toList();
  }
}
