package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP/1.1 server for answers without side effects. The JDK's own is no choice here: it
 * keeps a client that greets it with TLS waiting, as skopeo and docker do to find out that they
 * must not, and it delays the body of each answer by the acknowledgement of its head.
 */
final class HttpListener implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryServer.class);
  private static final int MAX_CONNECTIONS = 128;
  private static final long PAUSE_NANOS = 10_000_000;
  private static final int IDLE_SECONDS = 10;
  private static final int CLOSE_SECONDS = 10;
  private static final byte[] BUSY =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
          .getBytes(ISO_8859_1);

  private final ServerSocket socket;
  private final Function<HttpRequest, HttpAnswer> handler;
  private final ThreadPoolExecutor threads;
  private final Thread acceptor;
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Listens from now on.
   *
   * @param name of the threads, which are daemons
   * @param handler answers requests, on several threads at once; when it throws, the connection is
   *     closed without an answer
   */
  HttpListener(InetSocketAddress address, String name, Function<HttpRequest, HttpAnswer> handler)
      throws IOException {
    this.socket = new ServerSocket();
    this.handler = handler;
    try {
      socket.bind(address);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
    AtomicInteger count = new AtomicInteger();
    threads =
        new ThreadPoolExecutor(
            0,
            MAX_CONNECTIONS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> daemon(task, name + "-" + count.incrementAndGet()));
    acceptor = daemon(this::accept, name);
    acceptor.start();
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  InetSocketAddress address() {
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  private void accept() {
    while (!closed) {
      try {
        start(socket.accept());
      } catch (IOException e) {
        if (!closed) {
          // Out of file descriptors, most likely: the next connection may fare better.
          LOG.debug("Accepting a connection failed", e);
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
  }

  private void start(Socket connection) throws IOException {
    connections.add(connection);
    try {
      threads.execute(() -> serve(connection));
    } catch (RejectedExecutionException e) {
      connections.remove(connection);
      try (connection) {
        connection.getOutputStream().write(BUSY);
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      if (!closed) {
        new HttpConnection(connection, handler).run();
      }
    } catch (IOException | UncheckedIOException e) {
      // Mostly a client that went away or stays silent.
      LOG.debug("A connection ended early", e);
    } catch (RuntimeException e) {
      LOG.warn("A connection was closed: it could not be answered", e);
    } finally {
      connections.remove(connection);
    }
  }

  /** Stops listening, drops the connections and waits for the threads to end. Idempotent. */
  @Override
  public void close() {
    closed = true;
    quietly(socket);
    // Before the interrupt, or a request that it ends would still be answered.
    connections.forEach(HttpListener::quietly);
    threads.shutdownNow();
    try {
      acceptor.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
      threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void quietly(Closeable open) {
    try {
      open.close();
    } catch (IOException e) {
      LOG.debug("Closing a socket failed", e);
    }
  }
}
