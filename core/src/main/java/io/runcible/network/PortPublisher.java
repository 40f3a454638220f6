package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Publishes ports of containers on bridge networks by the kernel's packet filter. A lease says what
 * is published of its container, and the rules of a network are written anew from all of its
 * leases.
 */
final class PortPublisher {
  private final NetworkFiles files;
  private final LeaseHolders holders;

  PortPublisher(NetworkFiles files, LeaseHolders holders) {
    this.files = files;
    this.holders = holders;
  }

  /** See {@link BridgeNetworks#publish(String, List)}. */
  String publish(String token, List<PortBinding> bindings) {
    return files.locked(
        () -> {
          for (NetworkRecord record : files.records()) {
            LeaseTable table = files.leases(record.name());
            Optional<Lease> lease = table.of(token);
            if (lease.isPresent() && !record.internal()) {
              return publish(record, table, lease.get(), bindings);
            }
          }
          throw new RuncibleException(
              ErrorKind.FAILED_PRECONDITION,
              "ports "
                  + bindings
                  + " cannot be published: the container is on no network with a"
                  + " way out");
        });
  }

  private String publish(
      NetworkRecord record, LeaseTable before, Lease lease, List<PortBinding> bindings) {
    Nft.require();
    PortRules.require(record, lease, bindings);
    Lease publishing = lease.publishing(bindings);
    LeaseTable table = before.replacing(publishing);
    files.write(record.name(), table);
    try {
      write(record, table);
    } catch (RuntimeException e) {
      // Or nobody could publish any more, nor be removed.
      files.write(record.name(), before);
      throw e;
    }
    // The rules first: they guard what this opens.
    if (bindings.stream().anyMatch(PortRules::isLocal)) {
      Forwarding.routeLoopback(record.device());
    }
    boolean ipv6 = record.parsedSubnets().stream().anyMatch(one -> !one.prefix().isIpv4());
    if (ipv6 && bindings.stream().anyMatch(PortRules::isLocal6)) {
      Forwarding.routeLoopback6(record.device());
    }
    return PortRules.removal(record, publishing);
  }

  /** See {@link BridgeNetworks#publishing}. */
  Map<String, String> publishing() {
    Map<String, String> found = new TreeMap<>();
    for (String name : files.names()) {
      files.readable(name).map(LeaseTable::leases).orElse(List.of()).stream()
          .filter(lease -> !lease.ports().isEmpty())
          .forEach(lease -> found.put(lease.token(), lease.containerId()));
    }
    return found;
  }

  /** See {@link BridgeNetworks#unpublish}. */
  void unpublish(String token) {
    files.locked(
        () -> {
          for (NetworkRecord record : files.records()) {
            LeaseTable before = files.readable(record.name()).orElse(LeaseTable.EMPTY);
            Optional<Lease> lease = before.of(token).filter(one -> !one.ports().isEmpty());
            if (lease.isPresent()) {
              LeaseTable after = before.replacing(lease.get().publishing(List.of()));
              // What fails here is found again by what is still written.
              write(record, after);
              files.write(record.name(), after);
            }
          }
        });
  }

  /** Publishes on a network whose rules were just made, if a container on it runs. */
  void restore(NetworkRecord record, LeaseTable table) {
    if (!running(table).isEmpty()) {
      write(record, table);
    }
  }

  /** Takes out what was published of containers that are no longer in the table. */
  void update(NetworkRecord record, LeaseTable before, LeaseTable after) {
    if (before.leases().stream()
        .anyMatch(lease -> !lease.ports().isEmpty() && !after.leases().contains(lease))) {
      write(record, after);
    }
  }

  private void write(NetworkRecord record, LeaseTable table) {
    List<Lease> running = running(table);
    List<Lease> written;
    do {
      written = running;
      Nft.run(
          PortRules.script(record, written), "publish ports on network '" + record.name() + "'");
      // What ended meanwhile may have taken its ports out before this.
      running = running(table);
    } while (!running.equals(written));
  }

  private List<Lease> running(LeaseTable table) {
    return table.leases().stream()
        .filter(lease -> !lease.ports().isEmpty())
        .filter(lease -> !holders.hasEnded(lease))
        .toList();
  }
}
