package io.runcible.registry;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sockets that read much at once. The HTTP library asks for 8 KiB at a time, and TLS for a header
 * of five bytes before each record: for a large blob that would be ten thousands of system calls.
 */
final class BufferedSockets extends SocketFactory {
  private static final int BUFFER = 64 * 1024;

  @Override
  public Socket createSocket() {
    return new Buffered();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connected(new InetSocketAddress(host, port), null);
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    return connected(new InetSocketAddress(host, port), new InetSocketAddress(local, localPort));
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return connected(new InetSocketAddress(host, port), null);
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    return connected(new InetSocketAddress(host, port), new InetSocketAddress(local, localPort));
  }

  private static Socket connected(InetSocketAddress target, @Nullable InetSocketAddress local)
      throws IOException {
    Socket socket = new Buffered();
    try {
      socket.bind(local);
      socket.connect(target);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static final class Buffered extends Socket {
    private @Nullable InputStream buffered;

    @Override
    public synchronized InputStream getInputStream() throws IOException {
      InputStream known = buffered;
      // To ask the socket each time also tells whether it is still open.
      InputStream content = super.getInputStream();
      if (known == null) {
        known = new BufferedInputStream(content, BUFFER);
        buffered = known;
      }
      return known;
    }
  }
}
