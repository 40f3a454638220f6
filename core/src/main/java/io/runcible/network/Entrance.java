package io.runcible.network;

import io.runcible.ffi.SocketNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.List;

/** The way into the network of a container. */
interface Entrance extends AutoCloseable {
  /** A socket in there, not connected. */
  SocketChannel openTcp(ProtocolFamily family) throws IOException;

  /** A socket in there, not connected. */
  DatagramChannel openUdp(ProtocolFamily family) throws IOException;

  /** The ways to try for a client, in order. */
  List<Route> routes(InetAddress client);

  @Override
  void close();

  /**
   * The one through a namespace, which is closed with it.
   *
   * @param addresses of the container, other than those of its loopback device
   */
  static Entrance of(SocketNamespace namespace, List<InetAddress> addresses) {
    return new Entrance() {
      @Override
      public SocketChannel openTcp(ProtocolFamily family) throws IOException {
        return namespace.call(() -> SocketChannel.open(family));
      }

      @Override
      public DatagramChannel openUdp(ProtocolFamily family) throws IOException {
        return namespace.call(() -> DatagramChannel.open(family));
      }

      @Override
      public List<Route> routes(InetAddress client) {
        return Route.of(client, addresses);
      }

      @Override
      public void close() {
        namespace.close();
      }
    };
  }
}
