package io.runcible.engine;

import java.net.InetAddress;
import java.util.List;

/**
 * A container's place on a bridge network.
 *
 * @param network the name of the network
 * @param device its device there, inside
 * @param addresses its addresses there
 * @param names the names that the others find it by
 */
public record NetworkEndpoint(
    String network, String device, List<InetAddress> addresses, List<String> names) {
  /** Copies the lists. */
  public NetworkEndpoint {
    addresses = List.copyOf(addresses);
    names = List.copyOf(names);
  }
}
