package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of the host that another program is to serve. It is taken here, and shared for the moment
 * in which the program takes it, too.
 */
final class HostPort {
  private final PortBinding binding;
  private final NetworkChannel reservation;

  private HostPort(PortBinding binding, NetworkChannel reservation) {
    this.binding = binding;
    this.reservation = reservation;
  }

  /** For pasta and slirp4netns. */
  static HostPort reserve(PortBinding wanted) {
    return reserve(wanted, true);
  }

  /**
   * Takes a port.
   *
   * @param alike whether a free port for UDP is rather one of the number that the container has
   */
  static HostPort reserve(PortBinding wanted, boolean alike) {
    try {
      NetworkChannel reservation =
          switch (wanted.protocol()) {
            case TCP -> PortReservation.tcp(wanted);
            case UDP -> deaf(alike ? udp(wanted) : PortReservation.udp(wanted));
          };
      return new HostPort(wanted.withHostPort(PortReservation.port(reservation)), reservation);
    } catch (IOException | UnsupportedOperationException e) {
      throw PortReservation.failure(wanted, e);
    }
  }

  /** Where any port will do, the same number: older releases of pasta lose datagrams otherwise. */
  private static DatagramChannel udp(PortBinding wanted) throws IOException {
    if (wanted.hostPort() == 0) {
      try {
        return PortReservation.udp(wanted.withHostPort(wanted.containerPort()));
      } catch (IOException e) {
        log().debug("Port {} is published under another number", wanted, e);
      }
    }
    return PortReservation.udp(wanted);
  }

  /** Of two sockets with one port, one that is connected to itself gets nothing of others. */
  private static DatagramChannel deaf(DatagramChannel channel) throws IOException {
    try {
      channel.connect(channel.getLocalAddress());
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  PortBinding binding() {
    return binding;
  }

  void share() {
    reuse(true);
  }

  void unshare() {
    reuse(false);
  }

  private void reuse(boolean shared) {
    try {
      reservation.setOption(StandardSocketOptions.SO_REUSEADDR, shared);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot share port " + binding, e);
    }
  }

  void close() {
    PortReservation.close(reservation);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(HostPort.class);
  }
}
