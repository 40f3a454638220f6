package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.NetworkSpec.Subnet;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds subnets that nothing on the host has, and says what collides with a given one. */
final class SubnetChooser {
  /** 2,048 subnets for 254 hosts each, apart from those that other engines take first. */
  private static final IpPrefix POOL = IpPrefix.parse("10.208.0.0/13");

  private static final int SUBNET_BITS = 8;
  private static final int POOL_SIZE = 1 << 11;

  /** Unique local addresses (RFC 4193). */
  private static final IpPrefix POOL_IPV6 = IpPrefix.parse("fd00::/8");

  private static final int IPV6_TRIES = 64;
  private static final int IPV6_LENGTH = 64;

  /** What is taken, each with what has it. */
  private final Map<IpPrefix, String> taken;

  SubnetChooser(Map<IpPrefix, String> taken) {
    this.taken = Map.copyOf(taken);
  }

  /**
   * Looks at the network namespace of this thread.
   *
   * @param networks the networks that are known
   * @param self the one that is looked for, whose device and subnets do not count
   */
  static SubnetChooser of(Rtnetlink host, List<NetworkRecord> networks, NetworkRecord self) {
    return of(host, networks, self.name(), self.device());
  }

  static SubnetChooser of(
      Rtnetlink host, List<NetworkRecord> networks, String self, String device) {
    Map<IpPrefix, String> taken = new LinkedHashMap<>();
    Map<Integer, String> names = new HashMap<>();
    host.links().forEach(link -> names.put(link.index(), link.name()));
    for (Rtnetlink.Address address : host.addresses()) {
      String name = names.getOrDefault(address.link(), "");
      if (!name.equals(device)) {
        String what = "the address " + address.address().getHostAddress() + " of " + name;
        put(taken, address.address(), address.length(), what);
      }
    }
    for (Rtnetlink.Route route : host.routes()) {
      String name = names.getOrDefault(route.link(), "");
      // Two halves of the world stand for a default route, as VPNs set it.
      if (route.length() > 1 && !name.equals(device)) {
        put(taken, route.destination(), route.length(), "a route of the host on '" + name + "'");
      }
    }
    for (NetworkRecord network : networks) {
      if (!network.name().equals(self)) {
        network
            .parsedSubnets()
            .forEach(s -> taken.putIfAbsent(s.prefix(), "network '" + network.name() + "'"));
      }
    }
    return new SubnetChooser(taken);
  }

  private static void put(
      Map<IpPrefix, String> taken, InetAddress address, int length, String what) {
    // Every link has these, and multicast is no subnet.
    if (!address.isLinkLocalAddress() && !address.isMulticastAddress()) {
      taken.putIfAbsent(IpPrefix.around(address, length), what);
    }
  }

  /** The same, where more is taken. */
  SubnetChooser without(Map<IpPrefix, String> more) {
    Map<IpPrefix, String> all = new LinkedHashMap<>(taken);
    all.putAll(more);
    return new SubnetChooser(all);
  }

  /** What shares an address with a subnet: its prefix and what has it. */
  Optional<String> collision(IpPrefix prefix) {
    return taken.entrySet().stream()
        .filter(entry -> entry.getKey().overlaps(prefix))
        .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
        .findFirst();
  }

  /**
   * Makes sure that subnets are free.
   *
   * @throws RuncibleException FAILED_PRECONDITION if one is not, with what has it
   */
  void requireFree(String network, List<Subnet> subnets) {
    for (Subnet subnet : subnets) {
      Optional<String> other = collision(subnet.prefix());
      if (other.isPresent()) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "the subnet "
                + subnet.prefix()
                + " of network '"
                + network
                + "' collides with "
                + other.get()
                + "; choose another subnet");
      }
    }
  }

  /**
   * Chooses.
   *
   * @param seed where to begin to look: the same seed finds the same, if that is free
   * @throws RuncibleException UNAVAILABLE if none is free
   */
  List<Subnet> choose(String seed) {
    List<Subnet> subnets = new ArrayList<>();
    subnets.add(Subnet.of(chooseIpv4(seed)));
    if (hasIpv6()) {
      subnets.add(Subnet.of(chooseIpv6(seed)));
    }
    return subnets;
  }

  private IpPrefix chooseIpv4(String seed) {
    int begin =
        new BigInteger(1, MacAddress.sha256(seed)).mod(BigInteger.valueOf(POOL_SIZE)).intValue();
    for (int i = 0; i < POOL_SIZE; i++) {
      long offset = (long) ((begin + i) % POOL_SIZE) << SUBNET_BITS;
      IpPrefix candidate = new IpPrefix(POOL.at(offset), 32 - SUBNET_BITS);
      if (collision(candidate).isEmpty()) {
        return candidate;
      }
    }
    throw none(POOL);
  }

  private IpPrefix chooseIpv6(String seed) {
    for (int i = 0; i < IPV6_TRIES; i++) {
      BigInteger random = new BigInteger(1, MacAddress.sha256(seed + i)).shiftRight(216);
      IpPrefix candidate = new IpPrefix(POOL_IPV6.at(random.shiftLeft(80)), IPV6_LENGTH);
      if (collision(candidate).isEmpty()) {
        return candidate;
      }
    }
    throw none(POOL_IPV6);
  }

  private static RuncibleException none(IpPrefix pool) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "every subnet of " + pool + " collides with a route of this host; name a subnet yourself");
  }

  private static boolean hasIpv6() {
    try {
      return Files.readString(Path.of("/proc/sys/net/ipv6/conf/all/disable_ipv6"))
          .strip()
          .equals("0");
    } catch (IOException e) {
      return false;
    }
  }
}
