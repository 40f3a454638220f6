package io.runcible.network;

import io.runcible.ffi.Rtnetlink;
import io.runcible.network.NetworkSpec.Subnet;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Root's bridges are in the network namespace of the calling thread, as a rule that of the host.
 */
final class HostBridges implements BridgePlace {
  @Override
  public Rtnetlink open() {
    return Rtnetlink.open();
  }

  @Override
  public Optional<Rtnetlink> find() {
    return Optional.of(Rtnetlink.open());
  }

  @Override
  public void admit(Rtnetlink devices, NetworkRecord network) {
    String admission = "";
    if (!network.internal()) {
      Forwarding.enable(devices, network.parsedSubnets());
      ForeignFirewall foreign = ForeignFirewall.find();
      admission = foreign.admission(network);
      if (foreign.hasFirewalld()) {
        Firewalld.admit(network);
      }
      LegacyFirewall.admit(network);
    }
    Nft.run(
        NetworkRules.script(network) + admission,
        "make the packet filter of network '" + network.name() + "'");
  }

  /** The kernel's does not end. */
  @Override
  public void keepWayOut(NetworkRecord network) {}

  @Override
  public void dismiss(NetworkRecord network) {
    if (Nft.isInstalled()) {
      ForeignFirewall foreign = ForeignFirewall.find();
      Nft.run(
          foreign.removal(network) + NetworkRules.removal(network),
          "remove the packet filter of network '" + network.name() + "'");
      if (foreign.hasFirewalld() && !network.internal()) {
        Firewalld.dismiss(network);
      }
    }
    LegacyFirewall.dismiss(network);
  }

  @Override
  public void ignoreRouterAdvertisements(String device) {
    Forwarding.ignoreRouterAdvertisements(device);
  }

  @Override
  public List<InetAddress> host(NetworkRecord network) {
    return network.parsedSubnets().stream().map(Subnet::gateway).toList();
  }

  @Override
  public Map<IpPrefix, String> taken() {
    return Map.of();
  }

  @Override
  public void close() {}
}
