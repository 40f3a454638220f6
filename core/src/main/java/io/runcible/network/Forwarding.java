package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Rtnetlink;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The kernel's forwarding between devices. What was switched on stays on: others may have come to
 * need it meanwhile.
 */
final class Forwarding {
  private static final Path SETTINGS = Path.of("/proc/sys/net");
  private static final InetAddress LOOPBACK6 = loopback6();

  private Forwarding() {}

  private static InetAddress loopback6() {
    try {
      byte[] address = new byte[16];
      address[15] = 1;
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  static void enable(Rtnetlink host, List<NetworkSpec.Subnet> subnets) {
    if (subnets.stream().anyMatch(subnet -> subnet.prefix().isIpv4())) {
      enable("ipv4/ip_forward");
    }
    if (subnets.stream().anyMatch(subnet -> !subnet.prefix().isIpv4())
        && !isOn("ipv6/conf/all/forwarding")) {
      keepAdvertisedRoutes(host);
      enable("ipv6/conf/all/forwarding");
    }
  }

  private static void enable(String setting) {
    if (!isOn(setting)) {
      set(setting, "1");
    }
  }

  private static boolean isOn(String setting) {
    try {
      return !Files.readString(SETTINGS.resolve(setting)).strip().equals("0");
    } catch (IOException e) {
      return false;
    }
  }

  /** A host that forwards IPv6 does not listen to its routers any more, unless it is told to. */
  private static void keepAdvertisedRoutes(Rtnetlink host) {
    List<Integer> devices =
        host.routes().stream()
            .filter(route -> route.isDefault() && route.isAdvertised())
            .map(Rtnetlink.Route::link)
            .toList();
    for (Rtnetlink.Link link : host.links()) {
      if (devices.contains(link.index())) {
        set("ipv6/conf/" + link.name() + "/accept_ra", "2");
      }
    }
  }

  /** A bridge of ours has no router among its containers. */
  static void ignoreRouterAdvertisements(String device) {
    if (Files.exists(SETTINGS.resolve("ipv6/conf/" + device + "/accept_ra"))) {
      set("ipv6/conf/" + device + "/accept_ra", "0");
    }
  }

  /** Lets packets from 127.0.0.1 out to a bridge, and the answers in. */
  static void routeLoopback(String device) {
    set("ipv4/conf/" + device + "/route_localnet", "1");
  }

  /** The same for ::1, which IPv6 has no setting for: a route takes the answers in. */
  static void routeLoopback6(String device) {
    try (Rtnetlink host = Rtnetlink.open()) {
      host.link(device).ifPresent(link -> host.addLocalRoute(link, LOOPBACK6));
    }
  }

  /**
   * Whether the kernel filters packets between the ports of a bridge as if they were routed. Then
   * it looks twice at their addresses, the second time at those that they are translated to, and
   * drops what has ::1 there.
   */
  static boolean filtersBridges() {
    return isOn("bridge/bridge-nf-call-ip6tables");
  }

  private static void set(String setting, String value) {
    Path file = SETTINGS.resolve(setting);
    try {
      Files.writeString(file, value, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      throw failed(ErrorKind.UNSUPPORTED, "the kernel has no", file, e);
    } catch (IOException e) {
      throw failed(ErrorKind.PERMISSION_DENIED, "cannot set to " + value + " the setting", file, e);
    }
  }

  private static RuncibleException failed(ErrorKind kind, String what, Path file, IOException e) {
    return new RuncibleException(
        kind, what + " '" + file + "', which a bridge network with a way out needs", e);
  }
}
