package io.runcible.network;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Who uses a network.
 *
 * @param leases the containers on it
 * @param engines the engines that keep it up
 * @param last of each subnet how far the last address that was given is from the first: one that
 *     fell free is given again as late as possible
 */
record LeaseTable(List<Lease> leases, List<String> engines, Map<String, String> last) {
  static final LeaseTable EMPTY = new LeaseTable(List.of(), List.of(), Map.of());

  LeaseTable {
    leases = List.copyOf(leases);
    engines = List.copyOf(engines);
    last = Map.copyOf(last);
    last.values().forEach(BigInteger::new);
  }

  /**
   * One container on a network.
   *
   * @param containerId its id
   * @param token what tells it from another container of that id
   * @param hostDevice the host's end of its device
   * @param device its device, inside
   * @param addresses its addresses
   * @param names what the others find it by
   * @param gatewayNames what it calls the host
   * @param ports what the packet filter publishes of it, as {@link PortBinding#parse} reads it
   */
  record Lease(
      String containerId,
      String token,
      String hostDevice,
      String device,
      List<String> addresses,
      List<String> names,
      List<String> gatewayNames,
      List<String> ports) {
    /** Earlier releases wrote no ports. */
    Lease {
      Objects.requireNonNull(containerId);
      Objects.requireNonNull(token);
      Objects.requireNonNull(hostDevice);
      Objects.requireNonNull(device);
      addresses.forEach(IpPrefix::parseAddress);
      addresses = List.copyOf(addresses);
      names = List.copyOf(names);
      gatewayNames = List.copyOf(gatewayNames);
      ports = ports == null ? List.of() : List.copyOf(ports);
      ports.forEach(PortBinding::parse);
    }

    Lease publishing(List<PortBinding> bindings) {
      return new Lease(
          containerId,
          token,
          hostDevice,
          device,
          addresses,
          names,
          gatewayNames,
          bindings.stream().map(PortBinding::toString).toList());
    }

    List<InetAddress> parsedAddresses() {
      return addresses.stream().map(IpPrefix::parseAddress).toList();
    }

    NetworkInfo.Member member() {
      return new NetworkInfo.Member(containerId, device, parsedAddresses(), names);
    }
  }

  boolean isUnused() {
    return leases.isEmpty() && engines.isEmpty();
  }

  Optional<Lease> of(String token) {
    return leases.stream().filter(lease -> lease.token().equals(token)).findFirst();
  }

  LeaseTable without(Predicate<Lease> gone) {
    return new LeaseTable(leases.stream().filter(gone.negate()).toList(), engines, last);
  }

  LeaseTable with(Lease lease, Map<String, String> given) {
    List<Lease> more = new ArrayList<>(leases);
    more.add(lease);
    Map<String, String> latest = new LinkedHashMap<>(last);
    latest.putAll(given);
    return new LeaseTable(more, engines, latest);
  }

  /** With another one for the same container, in its place. */
  LeaseTable replacing(Lease lease) {
    return new LeaseTable(
        leases.stream().map(l -> l.token().equals(lease.token()) ? lease : l).toList(),
        engines,
        last);
  }

  LeaseTable withEngine(String engine) {
    List<String> more = new ArrayList<>(engines);
    more.add(engine);
    return new LeaseTable(leases, more, last);
  }

  LeaseTable withoutEngine(String engine) {
    return new LeaseTable(
        leases, engines.stream().filter(other -> !other.equals(engine)).toList(), last);
  }

  /** The addresses that are given away. */
  Set<InetAddress> taken() {
    Set<InetAddress> taken = new HashSet<>();
    leases.forEach(lease -> taken.addAll(lease.parsedAddresses()));
    return taken;
  }

  BigInteger lastOf(IpPrefix prefix) {
    return new BigInteger(last.getOrDefault(prefix.toString(), "0"));
  }
}
