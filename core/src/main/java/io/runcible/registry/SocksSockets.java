package io.runcible.registry;

import io.runcible.Digest;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.net.SocketFactory;
import okhttp3.Dns;

/**
 * Sockets through a SOCKS proxy of version 5 (RFC 1928), with a user and a password where it wants
 * them (RFC 1929). The JDK has these, too, but takes the password only from a place that the whole
 * JVM shares. Names are resolved by the proxy.
 */
final class SocksSockets extends SocketFactory {
  private static final int VERSION = 5;
  private static final int NO_LOGIN = 0;
  private static final int PASSWORD = 2;
  private static final int CONNECT = 1;
  private static final int IPV4 = 1;
  private static final int NAME = 3;
  private static final int IPV6 = 4;
  private static final int MAX_FIELD = 255;

  /** Leaves names to the proxy: stands in for addresses, a different one for each name. */
  static final Dns NAMES =
      host -> {
        Optional<InetAddress> literal = NoProxy.address(host);
        if (literal.isPresent()) {
          return List.of(literal.get());
        }
        String hash = Digest.sha256(host.getBytes(StandardCharsets.UTF_8)).hex();
        byte[] address = HexFormat.of().parseHex(hash.substring(0, 32));
        return List.of(InetAddress.getByAddress(host, address));
      };

  private final ProxyServer proxy;
  private final Dns dns;

  SocksSockets(ProxyServer proxy, Dns dns) {
    this.proxy = proxy;
    this.dns = dns;
  }

  @Override
  public Socket createSocket() {
    return new Tunnel();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    Socket socket = createSocket();
    socket.connect(InetSocketAddress.createUnresolved(host, port));
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort) {
    throw new UnsupportedOperationException("a tunnel has no local address of its own");
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    Socket socket = createSocket();
    socket.connect(new InetSocketAddress(host, port));
    return socket;
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
    throw new UnsupportedOperationException("a tunnel has no local address of its own");
  }

  private static IOException failure(String reason) {
    return new IOException("the SOCKS proxy " + reason);
  }

  /** A socket that is connected when the proxy is. */
  private final class Tunnel extends Socket {
    @Override
    public void connect(SocketAddress target) throws IOException {
      connect(target, 0);
    }

    @Override
    public void connect(SocketAddress target, int timeout) throws IOException {
      InetSocketAddress server =
          new InetSocketAddress(dns.lookup(proxy.host()).get(0), proxy.port());
      super.connect(server, timeout);
      try {
        reach((InetSocketAddress) target, timeout);
      } catch (IOException e) {
        close();
        throw e;
      }
    }

    private void reach(InetSocketAddress target, int timeout) throws IOException {
      int usual = getSoTimeout();
      setSoTimeout(timeout);
      DataInputStream in = new DataInputStream(getInputStream());
      OutputStream out = getOutputStream();
      login(in, out);
      ask(in, out, target);
      setSoTimeout(usual);
    }

    private void login(DataInputStream in, OutputStream out) throws IOException {
      Optional<ProxyServer.Login> login = proxy.credentials();
      out.write(
          login.isPresent()
              ? new byte[] {VERSION, 2, NO_LOGIN, PASSWORD}
              : new byte[] {VERSION, 1, NO_LOGIN});
      if (in.readUnsignedByte() != VERSION) {
        throw failure("does not speak version 5");
      }
      int method = in.readUnsignedByte();
      if (method == NO_LOGIN) {
        return;
      }
      if (method != PASSWORD || login.isEmpty()) {
        throw failure("wants a login that " + (login.isEmpty() ? "is not given" : "is not known"));
      }
      byte[] user = field(login.get().username());
      byte[] password = field(login.get().password());
      ByteBuffer message = ByteBuffer.allocate(3 + user.length + password.length);
      message.put((byte) 1).put((byte) user.length).put(user);
      message.put((byte) password.length).put(password);
      out.write(message.array());
      in.readUnsignedByte();
      if (in.readUnsignedByte() != 0) {
        throw failure("refuses the user or the password");
      }
    }

    private void ask(DataInputStream in, OutputStream out, InetSocketAddress target)
        throws IOException {
      byte[] host = field(target.getHostString());
      Optional<InetAddress> literal = NoProxy.address(target.getHostString());
      byte[] address = literal.map(InetAddress::getAddress).orElse(host);
      ByteBuffer message = ByteBuffer.allocate(7 + address.length);
      message.put((byte) VERSION).put((byte) CONNECT).put((byte) 0);
      if (literal.isEmpty()) {
        message.put((byte) NAME).put((byte) address.length);
      } else {
        message.put((byte) (address.length == 4 ? IPV4 : IPV6));
      }
      message.put(address).putShort((short) target.getPort());
      out.write(message.array(), 0, message.position());
      if (in.readUnsignedByte() != VERSION) {
        throw failure("does not speak version 5");
      }
      int reply = in.readUnsignedByte();
      if (reply != 0) {
        throw failure("cannot connect to " + target.getHostString() + ": " + reason(reply));
      }
      in.readUnsignedByte();
      int length =
          switch (in.readUnsignedByte()) {
            case IPV4 -> 4;
            case IPV6 -> 16;
            case NAME -> in.readUnsignedByte();
            default -> throw failure("answers with an address of no known kind");
          };
      in.readFully(new byte[length + 2]);
    }

    private byte[] field(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      if (bytes.length == 0 || bytes.length > MAX_FIELD) {
        throw failure("takes names and passwords of 1 to " + MAX_FIELD + " bytes only");
      }
      return bytes;
    }

    private String reason(int reply) {
      return switch (reply) {
        case 2 -> "not allowed";
        case 3 -> "network unreachable";
        case 4 -> "host unreachable";
        case 5 -> "connection refused";
        case 6 -> "it took too long";
        default -> "reply " + reply;
      };
    }
  }
}
