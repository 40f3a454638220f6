package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP/1.1 server. The JDK's own is no choice here: it keeps a client that greets it with
 * TLS waiting, as skopeo and docker do to find out that they must not, and it delays the body of
 * each answer by the acknowledgement of its head.
 */
final class HttpListener implements Closeable {
  private static final int MAX_CONNECTIONS = 128;
  private static final long PAUSE_NANOS = 10_000_000;
  private static final int IDLE_SECONDS = 10;
  private static final int CLOSE_SECONDS = 10;
  private static final int TICK_MILLIS = 1_000;
  private static final int SILENCE_MILLIS = 30_000;
  private static final int HANDSHAKE_SECONDS = 30;
  private static final int WRITE_SECONDS = 60;
  private static final byte[] BUSY =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
          .getBytes(ISO_8859_1);

  private final ServerSocket socket;
  private final Function<HttpRequest, HttpAnswer> handler;
  private final ThreadPoolExecutor threads;
  private final Thread acceptor;
  private final @Nullable SSLContext tls;
  private final Runnable housekeeping;
  private final Map<Socket, ClientPace> connections = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Listens from now on.
   *
   * @param name of the threads, which are daemons
   * @param tls for encrypted connections, or null for plain ones
   * @param housekeeping is run every second or so, and takes no time
   * @param handler answers requests, on several threads at once; when it throws, the connection is
   *     closed without an answer
   */
  HttpListener(
      InetSocketAddress address,
      String name,
      @Nullable SSLContext tls,
      Runnable housekeeping,
      Function<HttpRequest, HttpAnswer> handler)
      throws IOException {
    this.socket = new ServerSocket();
    this.tls = tls;
    this.housekeeping = housekeeping;
    this.handler = handler;
    try {
      socket.bind(address);
      socket.setSoTimeout(TICK_MILLIS);
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
    long tick = System.nanoTime();
    while (!closed) {
      try {
        start(socket.accept());
      } catch (SocketTimeoutException e) {
        // Time to look after the others.
      } catch (IOException e) {
        if (!closed) {
          // Out of file descriptors, most likely: the next connection may fare better.
          log().debug("Accepting a connection failed", e);
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
      long now = System.nanoTime();
      if (now - tick >= TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS)) {
        tick = now;
        tick(now);
      }
    }
  }

  private void tick(long now) {
    connections.forEach(
        (connection, pace) -> {
          if (pace.isOverdue(now)) {
            log().debug("A connection is closed: its client is too slow");
            quietly(connection);
          }
        });
    try {
      housekeeping.run();
    } catch (RuntimeException e) {
      log().warn("Cannot clean up after clients", e);
    }
  }

  private void start(Socket connection) throws IOException {
    connections.put(connection, new ClientPace(WRITE_SECONDS));
    try {
      threads.execute(() -> serve(connection));
    } catch (RejectedExecutionException e) {
      connections.remove(connection);
      try (connection) {
        if (tls == null) {
          connection.getOutputStream().write(BUSY);
        }
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      ClientPace pace = connections.get(connection);
      if (!closed && pace != null) {
        connection.setSoTimeout(SILENCE_MILLIS);
        new HttpConnection(secured(connection, pace), pace, handler).run();
      }
    } catch (IOException | UncheckedIOException e) {
      // Mostly a client that went away or stays silent.
      log().debug("A connection ended early", e);
    } catch (RuntimeException e) {
      log().warn("A connection was closed: it could not be answered", e);
    } finally {
      connections.remove(connection);
    }
  }

  private Socket secured(Socket connection, ClientPace pace) throws IOException {
    if (tls == null) {
      return connection;
    }
    SSLSocket secured = (SSLSocket) tls.getSocketFactory().createSocket(connection, null, true);
    pace.allow(HANDSHAKE_SECONDS, 0);
    pace.await(
        () -> {
          secured.startHandshake();
          return 0;
        });
    return secured;
  }

  /** Stops listening, drops the connections and waits for the threads to end. Idempotent. */
  @Override
  public void close() {
    closed = true;
    quietly(socket);
    // Before the interrupt, or a request that it ends would still be answered.
    connections.keySet().forEach(HttpListener::quietly);
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
      log().debug("Closing a socket failed", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RegistryServer.class);
  }
}
