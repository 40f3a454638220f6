package io.runcible.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Passes connections on, and drops one of them after so many bytes that a client sent. */
final class BreakingProxy implements AutoCloseable {
  private final ServerSocket server;
  private final String host;
  private final int port;
  private final AtomicLong left;
  private final AtomicInteger breaks = new AtomicInteger();

  private BreakingProxy(String target, long bytes) throws IOException {
    int colon = target.lastIndexOf(':');
    this.host = target.substring(0, colon);
    this.port = Integer.parseInt(target.substring(colon + 1));
    this.left = new AtomicLong(bytes);
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  static BreakingProxy to(String target, long bytes) throws IOException {
    return new BreakingProxy(target, bytes);
  }

  String name() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** How often a connection was dropped. */
  int breaks() {
    return breaks.get();
  }

  /** What moves bytes until it cannot. */
  private interface Loop {
    void run() throws IOException;
  }

  private static void start(Loop loop) {
    Thread thread =
        new Thread(
            () -> {
              try {
                loop.run();
              } catch (IOException e) {
                // One of both ends has closed.
              }
            },
            "breaking-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = server.accept();
      Socket target = new Socket(host, port);
      start(() -> pass(client, target, true));
      start(() -> pass(target, client, false));
    }
  }

  private void pass(Socket from, Socket to, boolean counted) throws IOException {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[8192];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        out.write(buffer, 0, count);
        long before = counted ? left.getAndAdd(-count) : 0;
        if (before > 0 && before <= count) {
          breaks.incrementAndGet();
          return;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
