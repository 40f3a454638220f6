package io.runcible.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A way to a program in a container.
 *
 * @param source whom the program sees, null for what the kernel chooses
 * @param target where it may listen
 */
record Route(@Nullable InetAddress source, InetAddress target) {
  private static final InetAddress LOCAL = PortBinding.ipv4Loopback();
  private static final InetAddress LOCAL6 =
      PortBinding.ofBytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

  /** Of the loopback device like the other, and no name for "this machine" means it. */
  private static final InetAddress NOT_LOCAL = PortBinding.ofBytes(127, 0, 0, 2);

  /**
   * The ways to try for a client, in order. Many programs trust whom they see coming from
   * 127.0.0.1, so only a client that is on this host's loopback device itself is shown to them as
   * such.
   *
   * @param addresses of the container, other than those of its loopback device
   */
  static List<Route> of(InetAddress client, List<InetAddress> addresses) {
    List<Route> routes = new ArrayList<>();
    if (client.isLoopbackAddress()) {
      routes.add(new Route(null, LOCAL));
      routes.add(new Route(null, LOCAL6));
    } else if (addresses.isEmpty()) {
      routes.add(new Route(NOT_LOCAL, LOCAL));
    }
    addresses.forEach(address -> routes.add(new Route(null, address)));
    return routes;
  }
}
