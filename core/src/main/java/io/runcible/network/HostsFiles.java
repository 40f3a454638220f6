package io.runcible.network;

import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hosts files of the containers on networks, by which they find each other. */
final class HostsFiles {
  private final LeaseHolders holders;
  private final BridgePlace place;

  HostsFiles(LeaseHolders holders, BridgePlace place) {
    this.holders = holders;
    this.place = place;
  }

  /** Tells every container on a network of all the others. */
  void write(NetworkRecord record, LeaseTable table) {
    boolean asked = table.leases().stream().anyMatch(l -> !l.gatewayNames().isEmpty());
    List<InetAddress> gateways = asked ? host(record) : List.of();
    for (Lease reader : table.leases()) {
      List<String> lines = new ArrayList<>();
      lines(lines, reader);
      table.leases().stream()
          .filter(l -> !l.token().equals(reader.token()))
          .forEach(l -> lines(lines, l));
      if (!reader.gatewayNames().isEmpty()) {
        gateways.stream()
            .map(InetAddress::getHostAddress)
            .forEach(a -> lines.add(a + "\t" + String.join(" ", reader.gatewayNames())));
      }
      try {
        HostsFile.rewrite(holders.hosts(reader), record.name(), lines);
      } catch (RuncibleException e) {
        // One container's file must not keep the others from what they need.
        log().warn("cannot tell container {} of a change", reader.containerId(), e);
      }
    }
  }

  /** No container has to wait for a name of the host. */
  private List<InetAddress> host(NetworkRecord record) {
    try {
      return place.host(record);
    } catch (RuncibleException e) {
      log().warn("cannot tell network '{}' where the host is", record.name(), e);
      return List.of();
    }
  }

  private static void lines(List<String> lines, Lease lease) {
    if (!lease.names().isEmpty()) {
      lease.addresses().forEach(a -> lines.add(a + "\t" + String.join(" ", lease.names())));
    }
  }

  /** Takes a network out of the file of a container that has left it. */
  void clear(Lease left, String network) {
    HostsFile.rewrite(holders.hosts(left), network, List.of());
  }

  private static Logger log() {
    return LoggerFactory.getLogger(HostsFiles.class);
  }
}
