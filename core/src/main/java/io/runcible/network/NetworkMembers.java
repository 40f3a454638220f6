package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.state.Journal;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is on bridge networks: containers, each with a lease and a device, and the engines that keep
 * a network up. Brings a network up for the first and takes it down after the last.
 */
final class NetworkMembers {
  private final PrivilegedHost host;
  private final NetworkFiles files;
  private final LeaseHolders holders;
  private final NetworkRecords records;
  private final KeptNetworks kept;
  private final PortPublisher publisher;
  private final HostsFiles hosts;
  private final BridgePlace place;
  private final BridgeDevice bridges;

  NetworkMembers(
      PrivilegedHost host,
      NetworkFiles files,
      LeaseHolders holders,
      NetworkRecords records,
      KeptNetworks kept,
      PortPublisher publisher,
      BridgePlace place) {
    this.host = host;
    this.place = place;
    this.bridges = new BridgeDevice(place);
    this.files = files;
    this.holders = holders;
    this.records = records;
    this.kept = kept;
    this.publisher = publisher;
    this.hosts = new HostsFiles(holders, place);
  }

  /** Puts a container that has not been started on networks. */
  void attach(
      Journal journal, NetworkClient client, NetworkNamespace namespace, List<Network> networks) {
    files.locked(
        () -> {
          NetworkClient asking = client;
          for (int i = 0; i < networks.size(); i++) {
            join(journal, asking, networks.get(i), namespace, "eth" + i, i == 0);
            // The host has its name on the first network.
            asking = client.withoutGatewayNames();
          }
        });
  }

  /** See {@link BridgeNetworks#connect}. */
  void connect(Journal journal, NetworkClient client, Network network) {
    files.locked(
        () -> {
          // Not before: whoever removes the container takes the namespace away, and then the lock.
          try (NetworkNamespace namespace = host.openNetworkNamespace(client.namespace())) {
            String device = ContainerDevice.freeName(namespace.netlink());
            join(journal, client, network, namespace, device, false);
          }
        });
  }

  private void join(
      Journal journal,
      NetworkClient client,
      Network network,
      NetworkNamespace namespace,
      String name,
      boolean isNew) {
    NetworkRecord record = records.require(network.name());
    try (Rtnetlink netlink = place.open()) {
      LeaseTable before = records.leases(record);
      LeaseTable table = before.without(lease -> holders.isReplaced(lease, client));
      requireAbsent(client, record, table);
      Optional<Rtnetlink.Link> bridge = BridgeDevice.find(netlink, record);
      if (bridge.isEmpty()) {
        Nft.require();
        record = records.withFreeSubnets(record, table);
      } else {
        place.keepWayOut(record);
      }
      AddressPool.Given given = new AddressPool(record, table).choose(network.address());
      Lease lease = lease(client, network, given, name);
      kept.keep(journal, record.name());
      cutOff(netlink, before, table);
      table = table.with(lease, given.last());
      files.write(
          record.name(),
          table.engines().contains(journal.owner()) ? table : table.withEngine(journal.owner()));
      Rtnetlink.Link made = bridge.isPresent() ? bridge.get() : bridges.make(netlink, record);
      if (bridge.isPresent()) {
        publisher.update(record, before, table);
      } else {
        publisher.restore(record, table);
      }
      ContainerDevice device = new ContainerDevice(record, lease, given);
      Rtnetlink.Link inside = device.make(netlink, made, namespace, network.mac());
      if (!client.ownWayOut()) {
        device.route(namespace.netlink(), inside, isNew);
      }
      hosts.write(record, table);
    }
  }

  private static void requireAbsent(NetworkClient client, NetworkRecord record, LeaseTable table) {
    if (table.of(client.token()).isPresent()) {
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS,
          "container " + client.id() + " is on network '" + record.name() + "' already");
    }
  }

  private static Lease lease(
      NetworkClient client, Network network, AddressPool.Given given, String device) {
    List<String> names = new ArrayList<>(client.names());
    network.aliases().stream().filter(alias -> !names.contains(alias)).forEach(names::add);
    return new Lease(
        client.id(),
        client.token(),
        ContainerDevice.hostName(client.token(), network.name()),
        device,
        given.addresses().keySet().stream().map(InetAddress::getHostAddress).toList(),
        names.stream().filter(Network::isHostName).toList(),
        client.gatewayNames(),
        List.of());
  }

  /** See {@link BridgeNetworks#disconnect}. */
  void disconnect(NetworkClient client, String name) {
    files.locked(() -> leave(client, name));
  }

  private void leave(NetworkClient client, String name) {
    try (NetworkNamespace namespace = host.openNetworkNamespace(client.namespace());
        Rtnetlink netlink = place.open()) {
      LeaseTable before = files.leases(name);
      Lease lease =
          before
              .of(client.token())
              .orElseThrow(
                  () ->
                      new RuncibleException(
                          ErrorKind.NOT_FOUND,
                          "container " + client.id() + " is not on network '" + name + "'"));
      netlink.deleteLink(lease.hostDevice());
      changeLocked(name, before, without(before, client.token()));
      hosts.clear(lease, name);
      // Its way out may have been through the network that it left.
      for (NetworkRecord record : client.ownWayOut() ? List.<NetworkRecord>of() : files.records()) {
        files
            .lease(record.name(), client.token())
            .ifPresent(l -> new ContainerDevice(record, l).route(namespace.netlink()));
      }
    }
  }

  /** Gives back what a container has, on all networks. */
  void release(String token) {
    for (String name : files.names()) {
      if (files.lease(name, token).isPresent()) {
        change(name, table -> without(table, token));
      }
    }
  }

  /** The same, and lets go of the container's namespace last. */
  void release(String token, Path namespace) {
    files.locked(
        () -> {
          try {
            for (String name : files.names()) {
              Optional<LeaseTable> before = files.readable(name);
              if (before.isPresent() && before.get().of(token).isPresent()) {
                changeLocked(name, before.get(), without(before.get(), token));
              }
            }
          } finally {
            // Under the lock: whoever connects the container meanwhile finds it, or does not.
            host.unmount(namespace);
          }
        });
  }

  /** Gives back what containers and engines have that are not there. */
  void reclaim() {
    for (String name : files.names()) {
      Optional<LeaseTable> table = files.readable(name);
      if (table.isEmpty()) {
        reclaimDamaged(name);
      } else if (!holders.present(table.get()).equals(table.get())) {
        change(name, holders::present);
      }
    }
  }

  /** Those who have nothing to do with that network are not held up. */
  private void reclaimDamaged(String name) {
    try {
      change(name, holders::present);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      log().warn("network '{}' cannot be used: {}", name, e.getMessage());
    }
  }

  /** An engine that is gone keeps a network up no longer; no error if there is no such network. */
  void withoutEngine(String name, String engine) {
    if (files.names().contains(name)) {
      changeReadable(name, table -> table.withoutEngine(engine));
    }
  }

  /** Lets go of the networks that this engine kept up. Idempotent. */
  void letGo() {
    RuncibleException failure = null;
    for (String name : kept.names()) {
      try {
        changeReadable(name, kept::withoutThis);
        kept.done(name);
      } catch (RuncibleException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** The addresses of a container, network by network. */
  List<InetAddress> addresses(String token) {
    List<InetAddress> addresses = new ArrayList<>();
    for (String name : files.names()) {
      files.lease(name, token).ifPresent(lease -> addresses.addAll(lease.parsedAddresses()));
    }
    return addresses;
  }

  /** An engine that is gone is left out of a damaged table when that begins anew. */
  private void changeReadable(String name, UnaryOperator<LeaseTable> change) {
    try {
      change(name, change);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      log().debug("network '{}' is left as it is", name, e);
    }
  }

  private void change(String name, UnaryOperator<LeaseTable> change) {
    files.locked(
        () -> {
          LeaseTable before = files.record(name).map(records::leases).orElse(LeaseTable.EMPTY);
          changeLocked(name, before, change.apply(before));
        });
  }

  private static LeaseTable without(LeaseTable table, String token) {
    return table.without(lease -> lease.token().equals(token));
  }

  private void changeLocked(String name, LeaseTable before, LeaseTable table) {
    Optional<NetworkRecord> record = files.record(name);
    if (record.isEmpty()) {
      files.remove(name);
      return;
    }
    if (table.isUnused()) {
      bridges.remove(record.get());
    } else {
      Optional<Rtnetlink> found = place.find();
      if (found.isPresent()) {
        try (Rtnetlink netlink = found.get()) {
          cutOff(netlink, before, table);
        }
      }
      publisher.update(record.get(), before, table);
    }
    files.write(name, table);
    hosts.write(record.get(), table);
  }

  /**
   * An address may be given anew before the kernel has taken the namespace of the last one away.
   */
  private static void cutOff(Rtnetlink netlink, LeaseTable before, LeaseTable after) {
    before.leases().stream()
        .filter(lease -> !after.leases().contains(lease))
        .forEach(lease -> netlink.setDown(lease.hostDevice()));
  }

  private static Logger log() {
    return LoggerFactory.getLogger(NetworkMembers.class);
  }
}
