package io.runcible.network;

import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * What is kept of a network.
 *
 * @param name its name
 * @param device the bridge on the host
 * @param subnets its subnets
 * @param chosen whether the subnets were chosen here, and may be chosen anew
 * @param internal whether there is no way out
 * @param isolated whether other networks are kept away
 * @param mtu the size of the largest packet, 0 for that of the host's way out
 * @param labels notes
 * @param createdMillis when it was made
 */
record NetworkRecord(
    String name,
    String device,
    List<SubnetRecord> subnets,
    boolean chosen,
    boolean internal,
    boolean isolated,
    int mtu,
    Map<String, String> labels,
    long createdMillis) {
  /** What all bridges are named, by which the rules of one know the others. */
  static final String DEVICES = "rcb";

  /** Bridges that let each other in. */
  static final String OPEN_DEVICES = DEVICES + "o";

  private static final String ISOLATED_DEVICES = DEVICES + "i";

  /** A name of a device has up to 15 characters. */
  private static final int DIGITS = 11;

  /** A subnet as text. */
  record SubnetRecord(String prefix, String gateway) {}

  static NetworkRecord of(NetworkSpec spec, String device, List<NetworkSpec.Subnet> subnets) {
    return new NetworkRecord(
        spec.name(),
        device,
        text(subnets),
        spec.subnets().isEmpty(),
        spec.isInternal(),
        spec.isIsolated(),
        spec.mtu().orElse(0),
        spec.labels(),
        System.currentTimeMillis());
  }

  /** The same for the same network, and another one for the network of another store. */
  static String device(String seed, boolean isolated) {
    String digits = HexFormat.of().formatHex(MacAddress.sha256(seed)).substring(0, DIGITS);
    return (isolated ? ISOLATED_DEVICES : OPEN_DEVICES) + digits;
  }

  NetworkRecord withSubnets(List<NetworkSpec.Subnet> others) {
    return new NetworkRecord(
        name, device, text(others), chosen, internal, isolated, mtu, labels, createdMillis);
  }

  private static List<SubnetRecord> text(List<NetworkSpec.Subnet> subnets) {
    return subnets.stream()
        .map(s -> new SubnetRecord(s.prefix().toString(), s.gateway().getHostAddress()))
        .toList();
  }

  List<NetworkSpec.Subnet> parsedSubnets() {
    return subnets.stream()
        .map(
            s ->
                new NetworkSpec.Subnet(
                    IpPrefix.parse(s.prefix()), IpPrefix.parseAddress(s.gateway())))
        .toList();
  }

  NetworkInfo info(LeaseTable table) {
    return new NetworkInfo(
        name,
        device,
        parsedSubnets(),
        internal,
        isolated,
        labels,
        Instant.ofEpochMilli(createdMillis),
        table.leases().stream().map(LeaseTable.Lease::member).toList());
  }
}
