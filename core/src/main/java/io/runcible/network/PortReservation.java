package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NativeAccess;
import java.io.IOException;
import java.io.InputStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes ports of the host. The kernel lets two sockets have one port if both allow it
 * (SO_REUSEADDR) and not both listen. A server has to allow it, or what is left of old connections
 * keeps it from starting for a minute; so a reservation allows it only for the moments in which the
 * port is taken and in which its own listener joins.
 */
final class PortReservation {
  private static final int MAX_NUMBER = 64;
  private static final int TRIES = 5;
  private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private PortReservation() {}

  static ProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address
        ? StandardProtocolFamily.INET6
        : StandardProtocolFamily.INET;
  }

  /** A TCP socket that has the port and does not listen. */
  static SocketChannel tcp(PortBinding wanted) throws IOException {
    InetSocketAddress address = new InetSocketAddress(wanted.hostAddress(), wanted.hostPort());
    for (int i = 1; ; i++) {
      SocketChannel reservation = SocketChannel.open(family(wanted.hostAddress()));
      try {
        reservation.setOption(StandardSocketOptions.SO_REUSEADDR, wanted.hostPort() != 0);
        reservation.bind(address);
        reservation.setOption(StandardSocketOptions.SO_REUSEADDR, false);
        if (wanted.hostPort() != 0) {
          // Two may have come here at once; then neither can listen.
          listen(reservation, 1).close();
        }
        return reservation;
      } catch (IOException | RuntimeException e) {
        reservation.close();
        boolean served = i == 1 && PortHolder.isServed(wanted);
        if (i == TRIES || wanted.hostPort() == 0 || served) {
          throw e;
        }
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(MAX_PAUSE_NANOS));
      }
    }
  }

  /** A listener on the port of a reservation. */
  static ServerSocketChannel listen(SocketChannel reservation, int backlog) throws IOException {
    SocketAddress address = reservation.getLocalAddress();
    ServerSocketChannel listener =
        ServerSocketChannel.open(family(((InetSocketAddress) address).getAddress()));
    try {
      reservation.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      try {
        listener.bind(address, backlog);
      } finally {
        reservation.setOption(StandardSocketOptions.SO_REUSEADDR, false);
      }
      return listener;
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
  }

  static DatagramChannel udp(PortBinding wanted) throws IOException {
    DatagramChannel channel = DatagramChannel.open(family(wanted.hostAddress()));
    try {
      channel.bind(new InetSocketAddress(wanted.hostAddress(), wanted.hostPort()));
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  static void close(@Nullable Channel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      log().debug("A socket does not close", e);
    }
  }

  static int port(NetworkChannel channel) throws IOException {
    return ((InetSocketAddress) channel.getLocalAddress()).getPort();
  }

  /** Why a port cannot be had, in the words of whoever wanted it. */
  static RuncibleException failure(PortBinding wanted, Exception cause) {
    String what =
        "cannot publish port "
            + wanted.containerPort()
            + " on "
            + PortBinding.hostText(wanted.hostAddress())
            + ":"
            + wanted.hostPort()
            + "/"
            + wanted.protocol();
    if (cause instanceof UnsupportedOperationException) {
      return new RuncibleException(
          ErrorKind.UNSUPPORTED, what + ": this JVM has no IPv6 sockets", cause);
    }
    if (!isOfThisHost(wanted.hostAddress())) {
      return new RuncibleException(
          ErrorKind.INVALID_INPUT, what + ": this host does not have the address", cause);
    }
    if (isPrivileged(wanted.hostPort()) && !NativeAccess.isRoot()) {
      return new RuncibleException(
          ErrorKind.PERMISSION_DENIED,
          what + ": an ordinary user gets no port below net.ipv4.ip_unprivileged_port_start",
          cause);
    }
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        what
            + ": "
            + PortHolder.find(wanted)
                .map(holder -> "it is taken by " + holder)
                .orElse("it cannot be had (" + cause.getMessage() + ")")
            + "; choose another port, or 0 for a free one",
        cause);
  }

  private static boolean isOfThisHost(InetAddress address) {
    try {
      return address.isAnyLocalAddress()
          || address.isLoopbackAddress()
          || NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return true;
    }
  }

  private static boolean isPrivileged(int port) {
    Path first = Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    try (InputStream in = Files.newInputStream(first)) {
      // The kernel answers the first read alone, so that must be for all of it.
      String number = new String(in.readNBytes(MAX_NUMBER), StandardCharsets.US_ASCII);
      return port != 0 && port < Integer.parseInt(number.strip());
    } catch (IOException | NumberFormatException e) {
      return port != 0 && port < 1024;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(PortReservation.class);
  }
}
