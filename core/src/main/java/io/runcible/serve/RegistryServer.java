package io.runcible.serve;

import com.sun.net.httpserver.HttpServer;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Serves the images of a source over HTTP, read-only, as a registry does (OCI distribution
 * specification, the category "Pull" and the listing of tags). Without authentication and without
 * TLS, so it listens on loopback unless told otherwise.
 *
 * <p>The repository {@code team/app} of the server is {@code team/app} of one registry in the
 * source, by default of {@code docker.io}: what was written under the short name {@code team/app:1}
 * is served as {@code team/app:1}.
 *
 * <p>The source must know the size of its blobs ({@link ImageSource#blobSize}); it stays the
 * caller's and must stay open. Thread-safe. The threads are daemons.
 */
public final class RegistryServer implements AutoCloseable {
  private static final int MAX_REQUESTS = 32;
  private static final int IDLE_SECONDS = 10;
  private static final int CLOSE_SECONDS = 10;
  private static final AtomicInteger SERVERS = new AtomicInteger();

  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final AtomicBoolean closed = new AtomicBoolean();

  private RegistryServer(HttpServer server, ThreadPoolExecutor threads) {
    this.server = server;
    this.threads = threads;
  }

  /** Prepares to serve a source on 127.0.0.1, at a free port. */
  public static Builder serve(ImageSource source) {
    return new Builder(source);
  }

  /** Where the server listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  /**
   * The address as the registry of a reference: {@code 127.0.0.1:41234}. For a server that listens
   * on all addresses, that of loopback.
   */
  public String host() {
    InetAddress address = address().getAddress();
    if (address.isAnyLocalAddress()) {
      return "127.0.0.1:" + address().getPort();
    }
    String text = address.getHostAddress();
    return (address instanceof Inet6Address ? "[" + text + "]" : text) + ":" + address().getPort();
  }

  /**
   * Stops listening, drops the connections, and waits for requests under way to end, at most 10
   * seconds. Idempotent.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    server.stop(0);
    threads.shutdownNow();
    try {
      threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What to serve and where. */
  public static final class Builder {
    private final ImageSource source;
    private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
    private String registry = "docker.io";

    private Builder(ImageSource source) {
      this.source = Objects.requireNonNull(source, "source");
    }

    /** Listens elsewhere; port 0 stands for any free port. */
    public Builder address(InetSocketAddress address) {
      this.address = Objects.requireNonNull(address, "address");
      return this;
    }

    /**
     * Serves the images that the source knows under another registry than {@code docker.io}.
     *
     * @param registry such as {@code registry.example:5000}
     * @throws RuncibleException INVALID_INPUT when it cannot be the registry of a reference
     */
    public Builder registry(String registry) {
      ImageReference reference = ImageReference.parse(registry + "/x");
      if (!reference.repository().equals("x") && !reference.repository().equals("library/x")) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "'" + registry + "' is not a registry: it needs a dot or a port, and no '/'");
      }
      this.registry = reference.registry();
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws RuncibleException UNAVAILABLE when the address cannot be used
     */
    public RegistryServer start() {
      String name = "runcible-registry-" + SERVERS.incrementAndGet();
      try {
        HttpServer server = HttpServers.create(address);
        ThreadPoolExecutor threads = threads(name);
        server.setExecutor(threads);
        server.createContext("/", new RegistryHandler(source, registry));
        startAsDaemon(server, name);
        return new RegistryServer(server, threads);
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "cannot serve a registry at " + address + ": " + e.getMessage(),
            e);
      }
    }

    private static ThreadPoolExecutor threads(String name) {
      AtomicInteger count = new AtomicInteger();
      ThreadPoolExecutor threads =
          new ThreadPoolExecutor(
              MAX_REQUESTS,
              MAX_REQUESTS,
              IDLE_SECONDS,
              TimeUnit.SECONDS,
              new LinkedBlockingQueue<>(),
              task -> {
                Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
                thread.setDaemon(true);
                return thread;
              });
      threads.allowCoreThreadTimeOut(true);
      return threads;
    }

    /** The server's own thread is a daemon if the thread that starts it is one. */
    private static void startAsDaemon(HttpServer server, String name) throws IOException {
      FutureTask<Void> start = new FutureTask<>(server::start, null);
      Thread starter = new Thread(start, name + "-start");
      starter.setDaemon(true);
      starter.start();
      try {
        start.get();
      } catch (InterruptedException e) {
        server.stop(0);
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while starting a registry", e);
      } catch (ExecutionException e) {
        throw new IOException(e.getCause());
      }
    }
  }
}
