package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.network.LeaseTable.Lease;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AddressPoolTest {
  private static NetworkRecord network(String... subnets) {
    NetworkSpec.Builder spec = NetworkSpec.builder("net");
    for (String subnet : subnets) {
      spec.subnet(subnet);
    }
    return NetworkRecord.of(spec.build(), "rcbi0", spec.build().subnets());
  }

  private static LeaseTable give(NetworkRecord network, LeaseTable table, String id) {
    AddressPool.Given given = new AddressPool(network, table).choose(Optional.empty());
    List<String> addresses =
        given.addresses().keySet().stream().map(InetAddress::getHostAddress).toList();
    Lease lease = new Lease(id, id, "rcv", "eth0", addresses, List.of(), List.of(), List.of());
    return table.with(lease, given.last());
  }

  @Test
  void oneAddressOfEachKindIsGiven() {
    NetworkRecord network = network("10.1.2.0/24", "fd00:1::/64");
    LeaseTable table = give(network, LeaseTable.EMPTY, "a");
    assertThat(table.leases().get(0).addresses()).containsExactly("10.1.2.2", "fd00:1:0:0:0:0:0:2");
  }

  @Test
  void addressThatFellFreeIsGivenLast() {
    NetworkRecord network = network("10.1.2.0/29");
    LeaseTable table = give(network, give(network, LeaseTable.EMPTY, "a"), "b");
    table = table.without(lease -> lease.containerId().equals("a"));
    List<String> given = new ArrayList<>();
    for (String id : List.of("c", "d", "e", "f")) {
      table = give(network, table, id);
      given.addAll(table.of(id).orElseThrow().addresses());
    }
    assertThat(given).containsExactly("10.1.2.4", "10.1.2.5", "10.1.2.6", "10.1.2.2");
    LeaseTable full = table;
    assertThatThrownBy(() -> give(network, full, "g")).hasMessageContaining("no free address");
  }

  @Test
  void nextSubnetIsUsedWhenOneIsFull() {
    NetworkRecord network = network("10.1.2.0/30", "10.1.3.0/24");
    LeaseTable table = give(network, give(network, LeaseTable.EMPTY, "a"), "b");
    Map<String, String> found = new HashMap<>();
    table.leases().forEach(lease -> found.put(lease.containerId(), lease.addresses().get(0)));
    assertThat(found).containsEntry("a", "10.1.2.2").containsEntry("b", "10.1.3.2");
  }
}
