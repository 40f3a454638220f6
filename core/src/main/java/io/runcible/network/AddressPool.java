package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.NetworkSpec.Subnet;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Chooses a container's addresses on a network: one of IPv4 and one of IPv6, as far as it has. */
final class AddressPool {
  /** So many bits of a subnet are used: more addresses than a bridge has ports. */
  private static final int MAX_BITS = 20;

  private final NetworkRecord network;
  private final List<Subnet> subnets;
  private final LeaseTable table;
  private final Set<InetAddress> taken;

  /**
   * What a container gets.
   *
   * @param addresses each with the subnet that it is in
   * @param last what to note of each subnet
   */
  record Given(Map<InetAddress, Subnet> addresses, Map<String, String> last) {}

  AddressPool(NetworkRecord network, LeaseTable table) {
    this.network = network;
    this.table = table;
    this.taken = table.taken();
    this.subnets = network.parsedSubnets();
    subnets.forEach(subnet -> taken.add(subnet.gateway()));
  }

  /**
   * Chooses.
   *
   * @param wanted an address that the caller wants
   * @throws RuncibleException INVALID_INPUT if the network cannot have that, ALREADY_EXISTS if
   *     somebody has it, UNAVAILABLE if none is free
   */
  Given choose(Optional<InetAddress> wanted) {
    Map<InetAddress, Subnet> addresses = new LinkedHashMap<>();
    Map<String, String> last = new LinkedHashMap<>();
    if (wanted.isPresent()) {
      addresses.put(wanted.get(), subnetOf(wanted.get()));
    }
    for (boolean ipv4 : new boolean[] {true, false}) {
      List<Subnet> candidates = new ArrayList<>(subnets);
      candidates.removeIf(subnet -> subnet.prefix().isIpv4() != ipv4);
      boolean given = addresses.values().stream().anyMatch(s -> s.prefix().isIpv4() == ipv4);
      if (!given && !candidates.isEmpty()) {
        chooseFrom(candidates, addresses, last);
      }
    }
    return new Given(addresses, last);
  }

  private Subnet subnetOf(InetAddress wanted) {
    String shown = wanted.getHostAddress();
    Subnet subnet =
        subnets.stream()
            .filter(candidate -> Subnet.isUsable(candidate.prefix(), wanted))
            .findFirst()
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.INVALID_INPUT,
                        shown
                            + " is no address of a host on network '"
                            + network.name()
                            + "', which has "
                            + subnets.stream().map(Subnet::prefix).toList()));
    if (taken.contains(wanted)) {
      String owner =
          table.leases().stream()
              .filter(lease -> lease.parsedAddresses().contains(wanted))
              .map(lease -> "container " + lease.containerId())
              .findFirst()
              .orElse("the host");
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS,
          shown + " on network '" + network.name() + "' is the address of " + owner);
    }
    return subnet;
  }

  private void chooseFrom(
      List<Subnet> candidates, Map<InetAddress, Subnet> addresses, Map<String, String> last) {
    for (Subnet subnet : candidates) {
      IpPrefix prefix = subnet.prefix();
      long most = (1L << Math.min(MAX_BITS, prefix.hostBits())) - 1;
      long begin = table.lastOf(prefix).min(BigInteger.valueOf(most)).longValueExact();
      for (long step = 1; step <= most; step++) {
        long offset = (begin + step) % (most + 1);
        InetAddress candidate = prefix.at(offset);
        if (Subnet.isUsable(prefix, candidate) && !taken.contains(candidate)) {
          addresses.put(candidate, subnet);
          last.put(prefix.toString(), String.valueOf(offset));
          return;
        }
      }
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "network '"
            + network.name()
            + "' has no free address in "
            + candidates.stream().map(Subnet::prefix).toList()
            + ": "
            + table.leases().size()
            + " containers are on it");
  }
}
