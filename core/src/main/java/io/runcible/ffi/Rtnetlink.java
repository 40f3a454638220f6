package io.runcible.ffi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The devices, addresses and routes of a network namespace (rtnetlink(7)): that of the thread which
 * opens this, whichever thread uses it. Thread-safe. Errors name what was tried and say what the
 * kernel answered.
 */
public final class Rtnetlink implements AutoCloseable {
  private static final int NEW_LINK = 16;
  private static final int DELETE_LINK = 17;
  private static final int GET_LINK = 18;
  private static final int SET_LINK = 19;
  private static final int NEW_ADDRESS = 20;
  private static final int GET_ADDRESS = 22;
  private static final int NEW_ROUTE = 24;
  private static final int DELETE_ROUTE = 25;
  private static final int GET_ROUTE = 26;

  private static final int CREATE_OR_ADD = NetlinkSocket.REQUEST | NetlinkSocket.ACK | 0x400;
  private static final int CREATE = CREATE_OR_ADD | 0x200;
  private static final int CHANGE = NetlinkSocket.REQUEST | NetlinkSocket.ACK;
  private static final int LIST = NetlinkSocket.REQUEST | NetlinkSocket.DUMP;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int IFF_UP = 1;
  private static final int LINK_HEADER = 16;
  private static final int ADDRESS_HEADER = 8;
  private static final int ROUTE_HEADER = 12;

  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_MASTER = 10;
  private static final int IFLA_LINKINFO = 18;
  private static final int IFLA_NET_NS_FD = 28;
  private static final int IFLA_NUM_TX_QUEUES = 31;
  private static final int IFLA_NUM_RX_QUEUES = 32;
  private static final int IFLA_INFO_KIND = 1;
  private static final int IFLA_INFO_DATA = 2;
  private static final int VETH_INFO_PEER = 1;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_FLAGS = 8;

  /** An address is the container's alone: no wait for others to object. */
  private static final int IFA_F_NODAD = 2;

  private static final int RTA_DST = 1;
  private static final int RTA_OIF = 4;
  private static final int RTA_GATEWAY = 5;
  private static final int RTA_PRIORITY = 6;
  private static final int RTA_MULTIPATH = 9;
  private static final int RTA_TABLE = 15;
  private static final int TABLE_MAIN = 254;
  private static final int RTPROT_STATIC = 4;
  private static final int TABLE_LOCAL = 255;
  private static final int RTN_UNICAST = 1;
  private static final int RTN_LOCAL = 2;
  private static final int ANY_SCOPE = 255;
  private static final int HOP_HEADER = 8;

  private final NetlinkSocket socket;
  private final boolean owned;

  private Rtnetlink(NetlinkSocket socket, boolean owned) {
    this.socket = socket;
    this.owned = owned;
  }

  /** Opens it for the network namespace of this thread. */
  public static Rtnetlink open() {
    return new Rtnetlink(NetlinkSocket.open(), true);
  }

  /** The same by a socket that was opened in another namespace, and is owned from now on. */
  static Rtnetlink of(FileDescriptor socket) {
    return new Rtnetlink(NetlinkSocket.of(socket), true);
  }

  /** The same one for somebody whose closing leaves it open. */
  public Rtnetlink borrowed() {
    return new Rtnetlink(socket, false);
  }

  /**
   * A network device.
   *
   * @param index its number in its namespace
   * @param name its name
   * @param mtu the size of its largest packet
   * @param up whether it is switched on
   * @param bridge the number of the bridge that it is a port of, 0 if of none
   */
  public record Link(int index, String name, int mtu, boolean up, int bridge) {}

  /**
   * An address of a device.
   *
   * @param link the number of the device
   * @param address the address
   * @param length how many bits of it are the network's
   */
  public record Address(int link, InetAddress address, int length) {}

  /**
   * A route to elsewhere; of one with several gateways, the part of one of them.
   *
   * @param destination the first address of the network that it leads to
   * @param length how many bits of that count; 0 for the default route
   * @param link the number of the device, 0 if it has none
   * @param priority which comes first, the lowest
   * @param protocol who made it, as rtnetlink(7) numbers that
   * @param table the routing table
   * @param gateway through whom, if not to the link itself
   */
  public record Route(
      InetAddress destination,
      int length,
      int link,
      int priority,
      int protocol,
      int table,
      Optional<InetAddress> gateway) {
    private static final int ROUTER_ADVERTISEMENT = 9;

    /** Whether it is the default route of the main table. */
    public boolean isDefault() {
      return length == 0 && link != 0 && table == TABLE_MAIN;
    }

    /** Whether the kernel learnt it from a router of its link. */
    public boolean isAdvertised() {
      return protocol == ROUTER_ADVERTISEMENT;
    }
  }

  /** All devices. */
  public List<Link> links() {
    NetlinkMessage list = linkMessage(GET_LINK, LIST, 0, 0, 0);
    return socket.dump(list, "list the network devices").stream().map(Rtnetlink::link).toList();
  }

  /** A device by its name; empty if there is none. */
  public Optional<Link> link(String name) {
    NetlinkMessage get = linkMessage(GET_LINK, CHANGE, 0, 0, 0).attribute(IFLA_IFNAME, name);
    try {
      return socket.execute(get, "find device", name).stream().map(Rtnetlink::link).findFirst();
    } catch (NativeException e) {
      if (e.errno() == Errno.ENODEV) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Link link(ByteBuffer answer) {
    requireLength(answer, LINK_HEADER);
    int at = answer.position();
    int index = answer.getInt(at + 4);
    boolean up = (answer.getInt(at + 8) & IFF_UP) != 0;
    NetlinkAttributes attributes = NetlinkAttributes.parse(answer.position(at + LINK_HEADER));
    return new Link(
        index,
        attributes.text(IFLA_IFNAME).orElse(""),
        attributes.number(IFLA_MTU).orElse(0),
        up,
        attributes.number(IFLA_MASTER).orElse(0));
  }

  /** All addresses. */
  public List<Address> addresses() {
    List<Address> addresses = new ArrayList<>();
    NetlinkMessage list = new NetlinkMessage(GET_ADDRESS, LIST).bytes(0, 0, 0, 0).ints(0);
    for (ByteBuffer answer : socket.dump(list, "list the addresses")) {
      requireLength(answer, ADDRESS_HEADER);
      int at = answer.position();
      int length = Byte.toUnsignedInt(answer.get(at + 1));
      int link = answer.getInt(at + 4);
      NetlinkAttributes attributes = NetlinkAttributes.parse(answer.position(at + ADDRESS_HEADER));
      attributes
          .bytes(IFA_LOCAL)
          .or(() -> attributes.bytes(IFA_ADDRESS))
          .ifPresent(bytes -> addresses.add(new Address(link, address(bytes), length)));
    }
    return addresses;
  }

  /** The routes of all tables that lead to other hosts, for IPv4 and IPv6. */
  public List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    NetlinkMessage list = new NetlinkMessage(GET_ROUTE, LIST).bytes(0, 0, 0, 0, 0, 0, 0, 0).ints(0);
    for (ByteBuffer answer : socket.dump(list, "list the routes")) {
      requireLength(answer, ROUTE_HEADER);
      int family = answer.get(answer.position());
      int type = answer.get(answer.position() + 7);
      if (type == RTN_UNICAST && (family == AF_INET || family == AF_INET6)) {
        addRoutes(answer, routes);
      }
    }
    return routes;
  }

  private static void addRoutes(ByteBuffer answer, List<Route> routes) {
    int at = answer.position();
    int length = Byte.toUnsignedInt(answer.get(at + 1));
    int table = Byte.toUnsignedInt(answer.get(at + 4));
    int protocol = Byte.toUnsignedInt(answer.get(at + 5));
    byte[] none = new byte[answer.get(at) == AF_INET ? 4 : 16];
    NetlinkAttributes attributes = NetlinkAttributes.parse(answer.position(at + ROUTE_HEADER));
    Route route =
        new Route(
            address(attributes.bytes(RTA_DST).orElse(none)),
            length,
            attributes.number(RTA_OIF).orElse(0),
            attributes.number(RTA_PRIORITY).orElse(0),
            protocol,
            attributes.number(RTA_TABLE).orElse(table),
            gateway(attributes));
    Optional<byte[]> hops = attributes.bytes(RTA_MULTIPATH);
    if (hops.isEmpty()) {
      routes.add(route);
    } else {
      addHops(ByteBuffer.wrap(hops.get()).order(ByteOrder.nativeOrder()), route, routes);
    }
  }

  /** Each with the number of its device, and attributes of its own. */
  private static void addHops(ByteBuffer hops, Route route, List<Route> routes) {
    while (hops.remaining() >= HOP_HEADER) {
      int at = hops.position();
      int length = Short.toUnsignedInt(hops.getShort(at));
      if (length < HOP_HEADER || length > hops.remaining()) {
        throw NetlinkSocket.corrupt("a hop of " + length + " bytes");
      }
      ByteBuffer own = hops.slice(at + HOP_HEADER, length - HOP_HEADER);
      routes.add(
          new Route(
              route.destination(),
              route.length(),
              hops.getInt(at + 4),
              route.priority(),
              route.protocol(),
              route.table(),
              gateway(NetlinkAttributes.parse(own.order(ByteOrder.nativeOrder())))));
      hops.position(Math.min(hops.limit(), at + NetlinkSocket.align(length)));
    }
  }

  private static Optional<InetAddress> gateway(NetlinkAttributes attributes) {
    return attributes.bytes(RTA_GATEWAY).map(Rtnetlink::address);
  }

  /** Makes a bridge, which is switched off. */
  public void addBridge(String name, byte[] mac, int mtu) {
    NetlinkMessage message =
        linkMessage(NEW_LINK, CREATE, 0, 0, 0)
            .attribute(IFLA_IFNAME, name)
            .attribute(IFLA_ADDRESS, mac)
            .attribute(IFLA_MTU, mtu);
    int info = message.begin(IFLA_LINKINFO);
    message.attribute(IFLA_INFO_KIND, "bridge").end(info);
    socket.execute(message, "add bridge", name);
  }

  /**
   * Makes two devices that are joined, both switched on: one here, as a port of a bridge, and one
   * in another namespace.
   *
   * @param name of the one here
   * @param bridge the number of the bridge; 0 for none
   * @param mtu of both
   * @param namespace where the other one is
   * @param peer its name
   * @param mac its hardware address
   * @return that other one
   */
  public Link addVeth(
      String name, int bridge, int mtu, NetworkNamespace namespace, String peer, byte[] mac) {
    NetlinkMessage message =
        linkMessage(NEW_LINK, CREATE, 0, IFF_UP, IFF_UP)
            .attribute(IFLA_IFNAME, name)
            .attribute(IFLA_MTU, mtu);
    oneQueue(message);
    if (bridge != 0) {
      message.attribute(IFLA_MASTER, bridge);
    }
    int info = message.begin(IFLA_LINKINFO);
    message.attribute(IFLA_INFO_KIND, "veth");
    int data = message.begin(IFLA_INFO_DATA);
    int other = message.begin(VETH_INFO_PEER);
    message
        .bytes(0, 0)
        .shorts(0)
        .ints(0, 0, 0)
        .attribute(IFLA_IFNAME, peer)
        .attribute(IFLA_ADDRESS, mac)
        .attribute(IFLA_MTU, mtu)
        .attribute(IFLA_NET_NS_FD, namespace.descriptor().value());
    oneQueue(message);
    message.end(other).end(data).end(info);
    socket.execute(message, "add veth", name + " with " + peer);
    // Its message cannot: a device without its other half does not go on.
    Link inside = namespace.netlink().link(peer).orElseThrow();
    namespace.netlink().setUp(inside);
    return inside;
  }

  /**
   * The kernel uses one of each anyway, but otherwise makes as many as there may be processors, and
   * waits for a grace period of RCU to take them away again.
   */
  private static void oneQueue(NetlinkMessage message) {
    message.attribute(IFLA_NUM_TX_QUEUES, 1).attribute(IFLA_NUM_RX_QUEUES, 1);
  }

  /** Switches a device on. */
  public void setUp(Link link) {
    NetlinkMessage message = linkMessage(SET_LINK, CHANGE, link.index(), IFF_UP, IFF_UP);
    socket.execute(message, "switch on", link.name());
  }

  /** Switches a device off; no error if it is not there. */
  public void setDown(String name) {
    NetlinkMessage message =
        linkMessage(SET_LINK, CHANGE, 0, 0, IFF_UP).attribute(IFLA_IFNAME, name);
    try {
      socket.execute(message, "switch off", name);
    } catch (NativeException e) {
      if (e.errno() != Errno.ENODEV) {
        throw e;
      }
    }
  }

  /** Adds an address to a device, which counts at once. */
  public void addAddress(Link link, InetAddress address, int length) {
    byte[] bytes = address.getAddress();
    NetlinkMessage message =
        new NetlinkMessage(NEW_ADDRESS, CREATE)
            .bytes(family(bytes), length, 0, 0)
            .ints(link.index())
            .attribute(IFA_LOCAL, bytes)
            .attribute(IFA_ADDRESS, bytes)
            .attribute(IFA_FLAGS, IFA_F_NODAD);
    socket.execute(
        message, "add address", address.getHostAddress() + "/" + length + " to " + link.name());
  }

  /** Adds a default route through a gateway. */
  public void addDefaultRoute(Link link, InetAddress gateway) {
    byte[] bytes = gateway.getAddress();
    NetlinkMessage message =
        new NetlinkMessage(NEW_ROUTE, CREATE)
            .bytes(family(bytes), 0, 0, 0, TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST)
            .ints(0)
            .attribute(RTA_GATEWAY, bytes)
            .attribute(RTA_OIF, link.index());
    socket.execute(
        message, "add default route", "through " + gateway.getHostAddress() + " on " + link.name());
  }

  /** Removes a {@linkplain Route#isDefault default route}; no error if it is not there. */
  public void deleteDefaultRoute(Route route) {
    byte[] bytes = route.destination().getAddress();
    NetlinkMessage message =
        new NetlinkMessage(DELETE_ROUTE, CHANGE)
            .bytes(family(bytes), 0, 0, 0, TABLE_MAIN, 0, ANY_SCOPE, 0)
            .ints(0)
            .attribute(RTA_OIF, route.link())
            .attribute(RTA_PRIORITY, route.priority());
    // Without it the kernel takes those away, too, that IPv6 has joined with this one.
    route.gateway().ifPresent(gateway -> message.attribute(RTA_GATEWAY, gateway.getAddress()));
    try {
      socket.execute(message, "remove default route", "on device " + route.link());
    } catch (NativeException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** Has what comes in by a device for an address of this host taken in; no error if it is. */
  public void addLocalRoute(Link link, InetAddress address) {
    byte[] bytes = address.getAddress();
    // Other devices may have one with the same destination, which the kernel goes by the device of.
    NetlinkMessage message =
        new NetlinkMessage(NEW_ROUTE, CREATE_OR_ADD)
            .bytes(family(bytes), 8 * bytes.length, 0, 0, TABLE_LOCAL, RTPROT_STATIC, 0, RTN_LOCAL)
            .ints(0)
            .attribute(RTA_DST, bytes)
            .attribute(RTA_OIF, link.index());
    try {
      socket.execute(
          message, "add local route", "to " + address.getHostAddress() + " on " + link.name());
    } catch (NativeException e) {
      if (e.errno() != Errno.EEXIST) {
        throw e;
      }
    }
  }

  /** Removes a device, with its addresses and routes; false if it is not there. */
  public boolean deleteLink(String name) {
    NetlinkMessage message = linkMessage(DELETE_LINK, CHANGE, 0, 0, 0).attribute(IFLA_IFNAME, name);
    try {
      socket.execute(message, "remove device", name);
      return true;
    } catch (NativeException e) {
      if (e.errno() == Errno.ENODEV) {
        return false;
      }
      throw e;
    }
  }

  private static NetlinkMessage linkMessage(int type, int flags, int index, int set, int mask) {
    return new NetlinkMessage(type, flags).bytes(0, 0).shorts(0).ints(index, set, mask);
  }

  private static int family(byte[] address) {
    return address.length == 4 ? AF_INET : AF_INET6;
  }

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw NetlinkSocket.corrupt("an address of " + bytes.length + " bytes");
    }
  }

  private static void requireLength(ByteBuffer answer, int length) {
    if (answer.remaining() < length) {
      throw NetlinkSocket.corrupt("an entry of " + answer.remaining() + " bytes");
    }
  }

  @Override
  public void close() {
    if (owned) {
      socket.close();
    }
  }
}
