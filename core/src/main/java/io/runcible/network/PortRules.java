package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.network.NetworkSpec.Subnet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * What a network's table of the packet filter has for ports that the kernel publishes: maps from an
 * address and port of the host, or the port alone, to those of a container. The chains are the same
 * for any number of ports.
 *
 * <p>Clients of the host itself come from 127.0.0.1, too. The kernel lets such packets out to a
 * bridge with {@code route_localnet}, which would let the containers reach what the host serves on
 * 127.0.0.1, so nothing from or to such an address comes in from the bridge. What is published on
 * 127.0.0.1 is not translated for packets of others, who could have forged that address. The same
 * goes for ::1, for which a route takes the place of the setting.
 */
final class PortRules {
  private static final List<String> MAPS = List.of("ports4", "any4", "ports6", "any6");

  /** In the order in which they refer to each other; with the hook, if they have one. */
  private static final Map<String, String> CHAINS = new LinkedHashMap<>();

  static {
    CHAINS.put("publish", "");
    CHAINS.put("publish_in", "type nat hook prerouting priority dstnat");
    CHAINS.put("publish_out", "type nat hook output priority -100");
    CHAINS.put("publish_back", "type nat hook postrouting priority srcnat - 1");
    CHAINS.put("guard", "type filter hook prerouting priority raw");
  }

  private final NetworkRecord network;
  private final String device;
  private final String table;
  private final StringJoiner script = new StringJoiner("\n", "", "\n");

  private PortRules(NetworkRecord network) {
    this.network = network;
    this.device = "\"" + network.device() + "\" ";
    this.table = "inet " + NetworkRules.table(network);
  }

  /** Makes what is missing, and publishes what these containers have, and nothing else. */
  static String script(NetworkRecord network, List<Lease> running) {
    PortRules rules = new PortRules(network);
    rules.declare();
    rules.translate();
    rules.letLoopbackOut();
    Map<String, List<String>> elements = new TreeMap<>();
    for (Lease lease : running) {
      elements(lease, true)
          .forEach(
              (map, some) -> elements.computeIfAbsent(map, m -> new ArrayList<>()).addAll(some));
    }
    elements.forEach((map, some) -> rules.change("add", map, some));
    return rules.script.toString();
  }

  /** Ends the publishing of a container that runs. */
  static String removal(NetworkRecord network, Lease lease) {
    PortRules rules = new PortRules(network);
    elements(lease, false).forEach((map, some) -> rules.change("delete", map, some));
    return rules.script.toString();
  }

  private void change(String verb, String map, List<String> elements) {
    script.add(verb + " element " + table + " " + map + " { " + String.join(", ", elements) + " }");
  }

  /** All of it empty. */
  private void declare() {
    script.add("add table " + table);
    for (String map : MAPS) {
      String address = map.endsWith("4") ? "ipv4_addr" : "ipv6_addr";
      String key =
          "inet_proto . " + (map.startsWith("any") ? "" : address + " . ") + "inet_service";
      script.add(
          "add map "
              + table
              + " "
              + map
              + " { type "
              + key
              + " : "
              + address
              + " . inet_service; }");
      script.add("flush map " + table + " " + map);
    }
    CHAINS.forEach(
        (chain, hook) -> {
          String body = hook.isEmpty() ? "" : " { " + hook + "; policy accept; }";
          script.add("add chain " + table + " " + chain + body);
          script.add("flush chain " + table + " " + chain);
        });
  }

  private void rule(String chain, String rule) {
    script.add("add rule " + table + " " + chain + " " + rule);
  }

  private void translate() {
    for (String map : MAPS) {
      String family = map.endsWith("4") ? "ip" : "ip6";
      boolean any = map.startsWith("any");
      rule(
          "publish",
          "meta l4proto { tcp, udp } "
              + (any ? "fib daddr type local " : "")
              + "dnat "
              + family
              + " to meta l4proto . "
              + (any ? "" : family + " daddr . ")
              + "th dport map @"
              + map);
    }
    rule("publish_in", "ip daddr 127.0.0.0/8 return");
    rule("publish_in", "ip6 daddr ::1 return");
    if (Forwarding.filtersBridges()) {
      // No answer would come.
      rule("publish_out", "ip6 daddr ::1 return");
    }
    rule("publish_in", "jump publish");
    rule("publish_out", "jump publish");
  }

  private void letLoopbackOut() {
    rule("publish_back", "oifname " + device + "ip saddr 127.0.0.0/8 masquerade");
    rule("publish_back", "oifname " + device + "ip6 saddr ::1 masquerade");
    for (Subnet subnet : network.parsedSubnets()) {
      String family = subnet.prefix().isIpv4() ? "ip" : "ip6";
      // A neighbour's answer would take the short way, and not be known.
      rule(
          "publish_back",
          "oifname "
              + device
              + family
              + " saddr "
              + subnet.prefix()
              + " ct status dnat masquerade");
    }
    rule("guard", "iifname " + device + "ip daddr 127.0.0.0/8 drop");
    rule("guard", "iifname " + device + "ip saddr 127.0.0.0/8 drop");
    rule("guard", "iifname " + device + "ip6 daddr ::1 drop");
    rule("guard", "iifname " + device + "ip6 saddr ::1 drop");
  }

  /** By map. */
  private static Map<String, List<String>> elements(Lease lease, boolean withTargets) {
    Map<String, List<String>> elements = new TreeMap<>();
    for (String text : lease.ports()) {
      for (PortBinding binding : PortBinding.parse(text)) {
        boolean any = binding.hostAddress().isAnyLocalAddress();
        String address = any ? "" : binding.hostAddress().getHostAddress() + " . ";
        String key = binding.protocol() + " . " + address + binding.hostPort();
        for (boolean ipv4 : families(binding)) {
          address(lease, ipv4)
              .map(target -> " : " + target.getHostAddress() + " . " + binding.containerPort())
              .ifPresent(
                  value ->
                      elements
                          .computeIfAbsent(
                              (any ? "any" : "ports") + (ipv4 ? 4 : 6), m -> new ArrayList<>())
                          .add(withTargets ? key + value : key));
        }
      }
    }
    return elements;
  }

  /** A socket on all IPv6 addresses has those of IPv4, too. */
  private static List<Boolean> families(PortBinding binding) {
    if (binding.hostAddress() instanceof Inet4Address) {
      return List.of(true);
    }
    return binding.hostAddress().isAnyLocalAddress() ? List.of(true, false) : List.of(false);
  }

  private static Optional<InetAddress> address(Lease lease, boolean ipv4) {
    return lease.parsedAddresses().stream()
        .filter(address -> address instanceof Inet4Address == ipv4)
        .findFirst();
  }

  /** Whether clients may come from 127.0.0.1. */
  static boolean isLocal(PortBinding binding) {
    InetAddress address = binding.hostAddress();
    return address.isAnyLocalAddress()
        || (address instanceof Inet4Address && address.isLoopbackAddress());
  }

  /** The same of ::1, where the kernel can. */
  static boolean isLocal6(PortBinding binding) {
    InetAddress address = binding.hostAddress();
    return !(address instanceof Inet4Address)
        && (address.isLoopbackAddress() || address.isAnyLocalAddress())
        && !Forwarding.filtersBridges();
  }

  /**
   * Makes sure that the kernel can publish ports of a container.
   *
   * @throws RuncibleException UNSUPPORTED for ::1 where bridged packets are filtered, INVALID_INPUT
   *     if the container has no address of the kind
   */
  static void require(NetworkRecord network, Lease lease, List<PortBinding> bindings) {
    for (PortBinding binding : bindings) {
      requirePossible(binding);
      if (families(binding).stream().noneMatch(ipv4 -> address(lease, ipv4).isPresent())) {
        throw PortBinding.invalid(
            "port "
                + binding
                + " cannot be published: the container has no address of that kind on network '"
                + network.name()
                + "'");
      }
    }
  }

  static void requirePossible(PortBinding binding) {
    InetAddress address = binding.hostAddress();
    if (address.isLoopbackAddress()
        && !(address instanceof Inet4Address)
        && Forwarding.filtersBridges()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "port "
              + binding
              + " of a detached container cannot be published: this host filters bridged packets"
              + " (net.bridge.bridge-nf-call-ip6tables is 1, as Docker and Kubernetes set it), and"
              + " then its kernel drops the answers to ::1; use 127.0.0.1, or an address of the"
              + " host, or set that to 0");
    }
  }
}
