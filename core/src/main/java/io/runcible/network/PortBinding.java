package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * A port of a container that the host publishes, and where.
 *
 * <p>The default address is 127.0.0.1: what is published is reached from this machine and from
 * nowhere else. That is where a test connects to, and a database with the password of a test is not
 * for the network. To publish to others is one word more: {@code 0.0.0.0} for every IPv4 address of
 * the host, {@code ::} for every address, IPv4 included.
 *
 * @param containerPort where the program listens, 1 to 65535
 * @param protocol TCP or UDP
 * @param hostAddress the address of the host that clients connect to
 * @param hostPort the port of the host, or 0 for a free one that the kernel chooses
 */
public record PortBinding(
    int containerPort, Protocol protocol, InetAddress hostAddress, int hostPort) {
  /** What a port speaks. */
  public enum Protocol {
    TCP,
    UDP;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int MAX_PORT = 0xffff;

  /**
   * Checks the values.
   *
   * @throws RuncibleException INVALID_INPUT if one is no port, or the address is of one network
   *     device (a zone, RFC 4007)
   */
  public PortBinding {
    Objects.requireNonNull(protocol);
    Objects.requireNonNull(hostAddress);
    if (containerPort < 1 || containerPort > MAX_PORT) {
      throw invalid(containerPort + " is no port of a container: give 1 to " + MAX_PORT);
    }
    if (hostAddress.getHostAddress().indexOf('%') >= 0) {
      throw invalid(hostAddress.getHostAddress() + ": ports cannot be published on a zone");
    }
    if (hostPort < 0 || hostPort > MAX_PORT) {
      throw invalid(hostPort + " is no port of a host: give 1 to " + MAX_PORT + ", or 0 for any");
    }
  }

  /** A TCP port, on a free port of 127.0.0.1. */
  public static PortBinding tcp(int containerPort) {
    return new PortBinding(containerPort, Protocol.TCP, ipv4Loopback(), 0);
  }

  /** A UDP port, on a free port of 127.0.0.1. */
  public static PortBinding udp(int containerPort) {
    return new PortBinding(containerPort, Protocol.UDP, ipv4Loopback(), 0);
  }

  /**
   * Reads what {@code docker run --publish} takes: {@code [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]},
   * such as {@code 8080:80}, {@code 127.0.0.1::53/udp} or {@code [::1]:80:80}. Both ports may be
   * ranges of the same length, {@code 8000-8010:8000-8010}. Unlike there, the default address is
   * 127.0.0.1. Addresses are not looked up.
   *
   * @return one binding, or one for each port of a range
   * @throws RuncibleException INVALID_INPUT if the text is something else, UNSUPPORTED for SCTP
   */
  public static List<PortBinding> parse(String text) {
    return PortBindingParser.parse(text);
  }

  /** The same on another port of the host; 0 for a free one. */
  public PortBinding withHostPort(int port) {
    return new PortBinding(containerPort, protocol, hostAddress, port);
  }

  /**
   * The same on another address of the host.
   *
   * @param address an IPv4 or IPv6 address, which is not looked up
   * @throws RuncibleException INVALID_INPUT if it is none
   */
  public PortBinding withHostAddress(String address) {
    return new PortBinding(
        containerPort, protocol, PortBindingParser.address(address, address), hostPort);
  }

  /** The form that {@link #parse} reads, with everything in it. */
  @Override
  public String toString() {
    return hostText(hostAddress) + ":" + hostPort + ":" + containerPort + "/" + protocol;
  }

  /** An address as it stands before a port. */
  static String hostText(InetAddress address) {
    String text = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + text + "]" : text;
  }

  static InetAddress ipv4Loopback() {
    return ofBytes(127, 0, 0, 1);
  }

  static InetAddress ofBytes(int... bytes) {
    byte[] address = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      address[i] = (byte) bytes[i];
    }
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
