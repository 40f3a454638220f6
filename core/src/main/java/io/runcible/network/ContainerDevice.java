package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.network.NetworkSpec.Subnet;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A container's device on a network, joined to a port of the bridge. */
final class ContainerDevice {
  private static final String HOST_DEVICES = "rcv";
  private static final int DIGITS = 12;
  private static final int MAX_DEVICES = 64;

  private final NetworkRecord network;
  private final Lease lease;
  private final Map<InetAddress, Subnet> addresses;

  ContainerDevice(NetworkRecord network, Lease lease, AddressPool.Given given) {
    this.network = network;
    this.lease = lease;
    this.addresses = given.addresses();
  }

  /** One that is there. */
  ContainerDevice(NetworkRecord network, Lease lease) {
    this.network = network;
    this.lease = lease;
    this.addresses = new LinkedHashMap<>();
    for (InetAddress address : lease.parsedAddresses()) {
      network.parsedSubnets().stream()
          .filter(subnet -> subnet.prefix().contains(address))
          .findFirst()
          .ifPresent(subnet -> addresses.put(address, subnet));
    }
  }

  /** The name of the host's end. */
  static String hostName(String token, String network) {
    byte[] hash = MacAddress.sha256(token + "\0" + network);
    return HOST_DEVICES + HexFormat.of().formatHex(hash).substring(0, DIGITS);
  }

  static boolean isHostName(String name) {
    return name.startsWith(HOST_DEVICES);
  }

  /** The first of eth0, eth1 and so on that a namespace does not have. */
  static String freeName(Rtnetlink inside) {
    Set<String> names =
        inside.links().stream().map(Rtnetlink.Link::name).collect(Collectors.toSet());
    for (int i = 0; i < MAX_DEVICES; i++) {
      if (!names.contains("eth" + i)) {
        return "eth" + i;
      }
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE, "a container is on " + MAX_DEVICES + " networks, and on no more");
  }

  /** Makes it, with its addresses; returns the end inside. */
  Rtnetlink.Link make(
      Rtnetlink outside, Rtnetlink.Link bridge, NetworkNamespace inside, Optional<String> mac) {
    byte[] hardware =
        mac.map(MacAddress::parse)
            .orElseGet(() -> MacAddress.of(addresses.keySet().iterator().next()));
    Rtnetlink.Link device =
        outside.addVeth(
            lease.hostDevice(), bridge.index(), bridge.mtu(), inside, lease.device(), hardware);
    addresses.forEach(
        (address, subnet) ->
            inside.netlink().addAddress(device, address, subnet.prefix().length()));
    return device;
  }

  /** Leads to the rest of the world through this network, if nothing does yet and this can. */
  void route(Rtnetlink inside) {
    route(inside, inside.link(lease.device()).orElseThrow(), false);
  }

  /**
   * The same.
   *
   * @param isNew whether the namespace has no routes yet, and is not asked for them
   */
  void route(Rtnetlink inside, Rtnetlink.Link device, boolean isNew) {
    if (network.internal()) {
      return;
    }
    Set<Integer> routed = isNew ? new HashSet<>() : routed(inside);
    addresses.forEach(
        (address, subnet) -> {
          if (routed.add(address.getAddress().length)) {
            inside.addDefaultRoute(device, subnet.gateway());
          }
        });
  }

  private static Set<Integer> routed(Rtnetlink inside) {
    return inside.routes().stream()
        .filter(Rtnetlink.Route::isDefault)
        .map(route -> route.destination().getAddress().length)
        .collect(Collectors.toSet());
  }
}
