package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A bridge network to be made. Immutable. */
public final class NetworkSpec {
  private static final int LEAST_MTU = 1280;
  private static final int MOST_MTU = 65_535;
  private static final int MAX_SUBNETS = 16;

  private final Builder state;

  private NetworkSpec(Builder state) {
    this.state = state;
  }

  /**
   * A subnet of a network.
   *
   * @param prefix its addresses
   * @param gateway the host's address in it, through which containers reach others
   */
  public record Subnet(IpPrefix prefix, InetAddress gateway) {
    /**
     * Checks that there is room, and that the gateway is an address for a host in it.
     *
     * @throws RuncibleException INVALID_INPUT otherwise
     */
    public Subnet {
      requireRoom(prefix);
      InetAddress first = prefix.address();
      if (first.isLoopbackAddress() || first.isMulticastAddress() || first.isLinkLocalAddress()) {
        throw invalid("the subnet " + prefix + " has no addresses that others could reach");
      }
      if (!isUsable(prefix, gateway)) {
        throw invalid(
            "the gateway " + gateway.getHostAddress() + " is no host of the subnet " + prefix);
      }
    }

    private static void requireRoom(IpPrefix prefix) {
      if (prefix.hostBits() < 2 || prefix.length() < 8) {
        throw invalid("the subnet " + prefix + " has no room for a gateway and a container");
      }
    }

    static Subnet of(IpPrefix prefix) {
      requireRoom(prefix);
      return new Subnet(prefix, prefix.at(1));
    }

    /** Whether a host may have an address: not the first, nor of IPv4 the last. */
    static boolean isUsable(IpPrefix prefix, InetAddress address) {
      return prefix.contains(address)
          && !address.equals(prefix.address())
          && !(prefix.isIpv4() && address.equals(prefix.last()));
    }
  }

  /**
   * Begins a network.
   *
   * @param name 1 to 64 of {@code [a-z0-9_.-]} after a letter or digit, neither {@code none} nor
   *     {@code host}
   * @throws RuncibleException INVALID_INPUT if it is no name
   */
  public static Builder builder(String name) {
    Network.requireName(name);
    return new Builder(name);
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  /** Its name. */
  public String name() {
    return state.name;
  }

  /** Its subnets; empty to have them chosen. */
  public List<Subnet> subnets() {
    return List.copyOf(state.subnets);
  }

  /** Whether there is no way out of it. */
  public boolean isInternal() {
    return state.internal;
  }

  /** Whether other bridge networks are kept away from it, and it from them. */
  public boolean isIsolated() {
    return state.isolated;
  }

  /** The size of the largest packet; empty for that of the host's way out. */
  public OptionalInt mtu() {
    return state.mtu;
  }

  /** What the caller notes about it. */
  public Map<String, String> labels() {
    return Map.copyOf(state.labels);
  }

  /** Collects a {@link NetworkSpec}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final List<Subnet> subnets = new ArrayList<>();
    private boolean internal;
    private boolean isolated = true;
    private OptionalInt mtu = OptionalInt.empty();
    private final Map<String, String> labels = new LinkedHashMap<>();

    private Builder(String name) {
      this.name = name;
    }

    private Builder copy() {
      Builder copy = new Builder(name);
      copy.subnets.addAll(subnets);
      copy.internal = internal;
      copy.isolated = isolated;
      copy.mtu = mtu;
      copy.labels.putAll(labels);
      return copy;
    }

    /**
     * Adds a subnet, such as {@code 10.1.2.0/24} or {@code fd00:1::/64}; its first host is the
     * gateway. By default a private one of IPv4 and, where the kernel has IPv6, one of that are
     * chosen, apart from all routes and addresses of the host and from the other networks.
     *
     * @throws RuncibleException INVALID_INPUT if it is none, has no room, or is shared with another
     *     one of this network
     */
    public Builder subnet(String prefix) {
      return add(Subnet.of(IpPrefix.parse(prefix)));
    }

    /** Adds a subnet with this gateway. */
    public Builder subnet(String prefix, String gateway) {
      return add(new Subnet(IpPrefix.parse(prefix), IpPrefix.parseAddress(gateway)));
    }

    private Builder add(Subnet subnet) {
      for (Subnet other : subnets) {
        if (other.prefix().overlaps(subnet.prefix())) {
          throw invalid("the subnets " + other.prefix() + " and " + subnet.prefix() + " overlap");
        }
      }
      if (subnets.size() >= MAX_SUBNETS) {
        throw invalid("a network has up to " + MAX_SUBNETS + " subnets");
      }
      subnets.add(subnet);
      return this;
    }

    /**
     * Leaves no way out: containers reach each other, and the host by the gateway's address, and
     * nothing else.
     */
    public Builder internal() {
      internal = true;
      return this;
    }

    /** Whether other bridge networks are kept away from this one. Default: yes. */
    public Builder isolated(boolean isolated) {
      this.isolated = isolated;
      return this;
    }

    /** The size of the largest packet. By default that of the device of the default route. */
    public Builder mtu(int mtu) {
      if (mtu < LEAST_MTU || mtu > MOST_MTU) {
        throw invalid("an MTU of " + mtu + ": give " + LEAST_MTU + " to " + MOST_MTU);
      }
      this.mtu = OptionalInt.of(mtu);
      return this;
    }

    /** Adds a note. */
    public Builder label(String key, String value) {
      labels.put(key, value);
      return this;
    }

    /** The spec. */
    public NetworkSpec build() {
      return new NetworkSpec(copy());
    }
  }
}
