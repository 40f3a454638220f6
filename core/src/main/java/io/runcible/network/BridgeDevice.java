package io.runcible.network;

import io.runcible.RuncibleException;
import io.runcible.ffi.Rtnetlink;
import io.runcible.ffi.Rtnetlink.Link;
import io.runcible.network.NetworkSpec.Subnet;
import java.util.Optional;

/**
 * The host's side of a network: the bridge with the gateways' addresses, the packet filter,
 * forwarding. The bridge is switched on last, so one that is on is whole.
 */
final class BridgeDevice {
  private static final int DEFAULT_MTU = 1500;

  private final BridgePlace place;

  BridgeDevice(BridgePlace place) {
    this.place = place;
  }

  /** The bridge, if it is whole. */
  static Optional<Link> find(Rtnetlink host, NetworkRecord network) {
    return host.link(network.device()).filter(Link::up);
  }

  /** Whether a container has a device on it, whose addresses are then in use. */
  boolean hasPorts(NetworkRecord network) {
    Optional<Rtnetlink> found = place.find();
    return found.isPresent() && hasPorts(found.get(), network);
  }

  private static boolean hasPorts(Rtnetlink devices, NetworkRecord network) {
    try (Rtnetlink host = devices) {
      Optional<Link> bridge = host.link(network.device());
      return bridge.isPresent()
          && host.links().stream().anyMatch(link -> link.bridge() == bridge.get().index());
    }
  }

  /** Makes it all; what a kill left of it is made anew. */
  Link make(Rtnetlink host, NetworkRecord network) {
    host.deleteLink(network.device());
    place.admit(host, network);
    host.addBridge(network.device(), MacAddress.derived(network.device()), mtu(host, network));
    Link bridge = host.link(network.device()).orElseThrow();
    place.ignoreRouterAdvertisements(network.device());
    for (Subnet subnet : network.parsedSubnets()) {
      host.addAddress(bridge, subnet.gateway(), subnet.prefix().length());
    }
    host.setUp(bridge);
    return bridge;
  }

  /** Removes it all; no error for what is not there. */
  void remove(NetworkRecord network) {
    Optional<Rtnetlink> found = place.find();
    if (found.isPresent()) {
      try (Rtnetlink host = found.get()) {
        remove(host, network);
      }
    }
  }

  private void remove(Rtnetlink host, NetworkRecord network) {
    // The bridge last: as long as it is there, whoever cleans up after a kill comes here.
    RuncibleException failure = null;
    try {
      place.dismiss(network);
    } catch (RuncibleException e) {
      failure = e;
    }
    removePorts(host, network);
    host.deleteLink(network.device());
    if (failure != null) {
      throw failure;
    }
  }

  /** The kernel does it with a namespace, unless a copy of the mounts somewhere still has that. */
  private static void removePorts(Rtnetlink host, NetworkRecord network) {
    Optional<Link> bridge = host.link(network.device());
    if (bridge.isPresent()) {
      host.links().stream()
          .filter(link -> link.bridge() == bridge.get().index())
          .filter(link -> ContainerDevice.isHostName(link.name()))
          .forEach(link -> host.deleteLink(link.name()));
    }
  }

  /** That of the device of the default route, on which packets leave. */
  private static int mtu(Rtnetlink host, NetworkRecord network) {
    if (network.mtu() > 0) {
      return network.mtu();
    }
    return host.routes().stream()
        .filter(Rtnetlink.Route::isDefault)
        .min(
            java.util.Comparator.comparing(
                    (Rtnetlink.Route route) -> route.destination().getAddress().length)
                .thenComparingInt(Rtnetlink.Route::priority))
        .flatMap(route -> host.links().stream().filter(l -> l.index() == route.link()).findFirst())
        .map(Link::mtu)
        .filter(mtu -> mtu >= 576)
        .orElse(DEFAULT_MTU);
  }
}
