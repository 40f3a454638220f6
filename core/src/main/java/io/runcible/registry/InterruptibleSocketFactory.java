package io.runcible.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets over channels: a thread that blocks in one of them wakes when it is interrupted,
 * which a plain socket's does not.
 */
final class InterruptibleSocketFactory extends SocketFactory {
  @Override
  public Socket createSocket() throws IOException {
    return socket(null, null);
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return socket(null, new InetSocketAddress(host, port));
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return socket(null, new InetSocketAddress(host, port));
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return socket(new InetSocketAddress(localHost, localPort), new InetSocketAddress(host, port));
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return socket(new InetSocketAddress(localHost, localPort), new InetSocketAddress(host, port));
  }

  private static Socket socket(
      @Nullable InetSocketAddress local, @Nullable InetSocketAddress remote) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      if (local != null) {
        channel.bind(local);
      }
      if (remote != null) {
        channel.connect(remote);
      }
      return channel.socket();
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }
}
