package io.runcible.network;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A bridge network as it is.
 *
 * @param name its name
 * @param device the bridge on the host, there while the network is used
 * @param subnets its subnets
 * @param internal whether there is no way out of it
 * @param isolated whether other bridge networks are kept away from it
 * @param labels what its maker noted about it
 * @param created when it was made
 * @param members the containers on it
 */
public record NetworkInfo(
    String name,
    String device,
    List<NetworkSpec.Subnet> subnets,
    boolean internal,
    boolean isolated,
    Map<String, String> labels,
    Instant created,
    List<Member> members) {
  /** Copies the lists. */
  public NetworkInfo {
    subnets = List.copyOf(subnets);
    labels = Map.copyOf(labels);
    members = List.copyOf(members);
  }

  /**
   * A container on a network.
   *
   * @param containerId its id
   * @param device its device, inside
   * @param addresses its addresses
   * @param names the names that the others find it by
   */
  public record Member(
      String containerId, String device, List<InetAddress> addresses, List<String> names) {
    /** Copies the lists. */
    public Member {
      addresses = List.copyOf(addresses);
      names = List.copyOf(names);
    }
  }
}
