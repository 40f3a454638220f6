package io.runcible.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Passes connections on, and drops one of them after so many bytes that a client sent. The client
 * hears of that when the target is done with what has arrived, so that it finds it there.
 */
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
      AtomicBoolean broken = new AtomicBoolean();
      start(() -> send(client, target, broken));
      start(() -> answer(target, client, broken));
    }
  }

  private void send(Socket client, Socket target, AtomicBoolean broken) throws IOException {
    try (client;
        target) {
      InputStream in = client.getInputStream();
      byte[] buffer = new byte[8192];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        target.getOutputStream().write(buffer, 0, count);
        long before = left.getAndAdd(-count);
        if (before > 0 && before <= count) {
          broken.set(true);
          breaks.incrementAndGet();
          target.shutdownOutput();
          in.transferTo(OutputStream.nullOutputStream());
          return;
        }
      }
    }
  }

  private static void answer(Socket target, Socket client, AtomicBoolean broken)
      throws IOException {
    try (target;
        client) {
      InputStream in = target.getInputStream();
      byte[] buffer = new byte[8192];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (!broken.get()) {
          client.getOutputStream().write(buffer, 0, count);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
