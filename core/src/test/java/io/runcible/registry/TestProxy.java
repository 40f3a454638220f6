package io.runcible.registry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A small proxy for HTTP and SOCKS 5 on a loopback port. It connects to where the test says that a
 * name leads, and to nothing else, and notes what it was asked.
 */
final class TestProxy implements AutoCloseable {
  /** What was asked: "CONNECT name:port", "GET http://…", each with the credentials shown. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  private final ServerSocket server;
  private final Map<String, Integer> ports;
  private final String login;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /**
   * Starts it.
   *
   * @param ports the loopback port by "name:port"
   * @param login "user:password" that it wants; empty for anybody
   */
  TestProxy(Map<String, Integer> ports, String login) throws IOException {
    this.ports = ports;
    this.login = login;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  String url(String scheme, String user) {
    return scheme + "://" + user + "127.0.0.1:" + server.getLocalPort();
  }

  private static void daemon(Runnable run) {
    Thread thread = new Thread(run, "test-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        open.add(client);
        daemon(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      int first = in.read();
      if (first == 5) {
        socks(client, new DataInputStream(in));
      } else if (first >= 0) {
        http(client, in, first);
      }
    } catch (IOException e) {
      // The client has gone.
    } finally {
      open.remove(client);
    }
  }

  private void socks(Socket client, DataInputStream in) throws IOException {
    OutputStream out = client.getOutputStream();
    byte[] methods = new byte[in.readUnsignedByte()];
    in.readFully(methods);
    String shown = "";
    if (login.isEmpty()) {
      out.write(new byte[] {5, 0});
    } else if (methods.length < 2) {
      out.write(new byte[] {5, (byte) 0xff});
      return;
    } else {
      out.write(new byte[] {5, 2});
      in.readUnsignedByte();
      shown = text(in) + ":" + text(in);
      out.write(new byte[] {1, (byte) (shown.equals(login) ? 0 : 1)});
      if (!shown.equals(login)) {
        asked.add("refused");
        return;
      }
    }
    in.readFully(new byte[3]);
    String host =
        switch (in.readUnsignedByte()) {
          case 1 -> InetAddress.getByAddress(in.readNBytes(4)).getHostAddress();
          case 3 -> text(in);
          default -> InetAddress.getByAddress(in.readNBytes(16)).getHostAddress();
        };
    String target = host + ":" + in.readUnsignedShort();
    asked.add("CONNECT " + target + " " + shown);
    Integer port = ports.get(target);
    out.write(new byte[] {5, (byte) (port == null ? 4 : 0), 0, 1, 0, 0, 0, 0, 0, 0});
    if (port != null) {
      relay(in, out, port);
    }
  }

  private static String text(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readUnsignedByte()];
    in.readFully(bytes);
    return new String(bytes, UTF_8);
  }

  private void http(Socket client, InputStream in, int first) throws IOException {
    OutputStream out = client.getOutputStream();
    List<String> head = new ArrayList<>();
    String line = (char) first + line(in);
    while (!line.isEmpty()) {
      head.add(line);
      line = line(in);
    }
    String[] request = head.get(0).split(" ", -1);
    String shown =
        head.stream()
            .filter(header -> header.toLowerCase(Locale.ROOT).startsWith("proxy-auth"))
            .findFirst()
            .orElse("");
    asked.add(request[0] + " " + request[1] + " " + shown);
    String wanted =
        login.isEmpty()
            ? ""
            : Credentials.basic(login.split(":", -1)[0], login.split(":", -1)[1])
                .basicHeader()
                .orElseThrow();
    boolean tunnel = request[0].equals("CONNECT");
    Integer port = ports.get(tunnel ? request[1] : request[1].split("/", -1)[2]);
    if (!shown.endsWith(wanted)) {
      answer(out, "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x");
    } else if (port == null) {
      answer(out, "502 Bad Gateway");
    } else if (tunnel) {
      out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(ISO_8859_1));
      relay(in, out, port);
    } else {
      String path = request[1].substring(request[1].indexOf('/', "http://".length()));
      head.set(0, request[0] + " " + path + " " + request[2]);
      head.removeIf(header -> header.equals(shown) && !shown.isEmpty());
      exchange(in, out, port, head);
    }
  }

  /** Passes one request on, and its answer back, and ends the connection. */
  private static void exchange(InputStream in, OutputStream out, int port, List<String> head)
      throws IOException {
    try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
      OutputStream to = target.getOutputStream();
      to.write((String.join("\r\n", head) + "\r\n\r\n").getBytes(ISO_8859_1));
      to.write(in.readNBytes(length(head)));
      InputStream from = target.getInputStream();
      List<String> answer = new ArrayList<>();
      for (String line = line(from); !line.isEmpty(); line = line(from)) {
        answer.add(line);
      }
      String all = String.join("\r\n", answer) + "\r\nConnection: close\r\n\r\n";
      out.write(all.getBytes(ISO_8859_1));
      out.write(from.readNBytes(head.get(0).startsWith("HEAD ") ? 0 : length(answer)));
    }
  }

  private static int length(List<String> head) {
    return head.stream()
        .filter(header -> header.toLowerCase(Locale.ROOT).startsWith("content-length:"))
        .map(header -> header.substring(header.indexOf(':') + 1).trim())
        .map(Integer::valueOf)
        .findFirst()
        .orElse(0);
  }

  private static void answer(OutputStream out, String status) throws IOException {
    out.write(
        ("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .getBytes(ISO_8859_1));
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString().trim();
  }

  private void relay(InputStream in, OutputStream out, int port) throws IOException {
    try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
      open.add(target);
      daemon(
          () -> {
            try {
              in.transferTo(target.getOutputStream());
            } catch (IOException e) {
              // One side has gone.
            }
          });
      target.getInputStream().transferTo(out);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
