package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.network.NetworkSpec.Subnet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which bridge networks there are: makes their records, finds them, and removes them. */
final class NetworkRecords {
  private final Path root;
  private final NetworkFiles files;
  private final LeaseHolders holders;
  private final KeptNetworks kept;
  private final BridgePlace place;
  private final BridgeDevice bridges;

  NetworkRecords(
      Path root, NetworkFiles files, LeaseHolders holders, KeptNetworks kept, BridgePlace place) {
    this.place = place;
    this.bridges = new BridgeDevice(place);
    this.root = root;
    this.files = files;
    this.holders = holders;
    this.kept = kept;
  }

  /** See {@link BridgeNetworks#create}. */
  NetworkInfo create(NetworkSpec spec) {
    return files.locked(
        () -> {
          if (files.record(spec.name()).isPresent()) {
            throw new RuncibleException(
                ErrorKind.ALREADY_EXISTS, "there is a network '" + spec.name() + "' already");
          }
          return make(spec).info(LeaseTable.EMPTY);
        });
  }

  private NetworkRecord make(NetworkSpec spec) {
    String device = NetworkRecord.device(seed(spec.name()), spec.isIsolated());
    try (Rtnetlink netlink = Rtnetlink.open()) {
      SubnetChooser chooser =
          SubnetChooser.of(netlink, files.records(), spec.name(), device).without(place.taken());
      chooser.requireFree(spec.name(), spec.subnets());
      List<Subnet> subnets =
          spec.subnets().isEmpty() ? chooser.choose(seed(spec.name())) : spec.subnets();
      NetworkRecord record = NetworkRecord.of(spec, device, subnets);
      files.write(record);
      return record;
    }
  }

  private String seed(String name) {
    return root + "\0" + name;
  }

  /**
   * The record of a network that is to be used. Only with the lock.
   *
   * @throws RuncibleException NOT_FOUND if there is none; {@link Network#BRIDGE} is made then
   */
  NetworkRecord require(String name) {
    Optional<NetworkRecord> record = files.record(name);
    if (record.isPresent()) {
      return record.get();
    }
    if (!name.equals(Network.BRIDGE.name())) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no network '" + name + "'; create it first");
    }
    return make(NetworkSpec.builder(name).build());
  }

  /** What was free when the network was made may not be so when it is first used. */
  NetworkRecord withFreeSubnets(NetworkRecord record, LeaseTable table) {
    try (Rtnetlink netlink = Rtnetlink.open()) {
      return withFreeSubnets(
          SubnetChooser.of(netlink, files.records(), record).without(place.taken()), record, table);
    }
  }

  private NetworkRecord withFreeSubnets(
      SubnetChooser chooser, NetworkRecord record, LeaseTable table) {
    boolean movable = record.chosen() && table.leases().isEmpty();
    boolean collides =
        record.parsedSubnets().stream().anyMatch(s -> chooser.collision(s.prefix()).isPresent());
    if (!collides) {
      return record;
    }
    if (!movable) {
      chooser.requireFree(record.name(), record.parsedSubnets());
    }
    NetworkRecord moved = record.withSubnets(chooser.choose(seed(record.name())));
    files.write(moved);
    return moved;
  }

  /**
   * Who uses a network; nobody if that is damaged and no container has a device on it, so that
   * nothing is given twice. Only with the lock.
   *
   * @throws RuncibleException CORRUPT_DATA if it is damaged and somebody may be on the network
   */
  LeaseTable leases(NetworkRecord record) {
    try {
      return files.leases(record.name());
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA || bridges.hasPorts(record)) {
        throw e;
      }
      log().warn("network '{}' begins anew: {}", record.name(), e.getMessage());
      return LeaseTable.EMPTY;
    }
  }

  /** See {@link BridgeNetworks#find}. */
  Optional<NetworkInfo> find(String name) {
    Network.requireName(name);
    return files.record(name).map(record -> record.info(files.leases(name)));
  }

  /** See {@link BridgeNetworks#list}. */
  List<NetworkInfo> list() {
    return files.records().stream()
        .map(record -> record.info(files.readable(record.name()).orElse(LeaseTable.EMPTY)))
        .toList();
  }

  /** See {@link BridgeNetworks#remove}. */
  boolean remove(String name) {
    Network.requireName(name);
    return files.locked(
        () -> {
          Optional<NetworkRecord> record = files.record(name);
          record.ifPresent(this::removeUnused);
          return record.isPresent();
        });
  }

  private void removeUnused(NetworkRecord record) {
    List<String> users =
        leases(record).without(holders::isGone).leases().stream().map(Lease::containerId).toList();
    if (!users.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "network '"
              + record.name()
              + "' is used by "
              + users
              + "; remove or disconnect them first");
    }
    remove(record);
  }

  private void remove(NetworkRecord record) {
    bridges.remove(record);
    files.remove(record.name());
    kept.done(record.name());
  }

  private boolean isUnused(NetworkRecord record) {
    return files
        .readable(record.name())
        .map(table -> table.leases().stream().allMatch(holders::isGone))
        .orElseGet(() -> !bridges.hasPorts(record));
  }

  /** See {@link BridgeNetworks#prune}. */
  List<String> prune() {
    return files.locked(
        () -> {
          List<String> removed = new ArrayList<>();
          for (NetworkRecord record : files.records()) {
            if (isUnused(record)) {
              remove(record);
              removed.add(record.name());
            }
          }
          return removed;
        });
  }

  private static Logger log() {
    return LoggerFactory.getLogger(NetworkRecords.class);
  }
}
