package io.runcible.serve;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
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
 * caller's and must stay open. Thread-safe. Each connection has a thread while it is open, at most
 * 128, and 30 seconds when it is idle; the threads are daemons.
 */
public final class RegistryServer implements AutoCloseable {
  private static final AtomicInteger SERVERS = new AtomicInteger();

  private final HttpListener listener;

  private RegistryServer(HttpListener listener) {
    this.listener = listener;
  }

  /** Prepares to serve a source on 127.0.0.1, at a free port. */
  public static Builder serve(ImageSource source) {
    return new Builder(source);
  }

  /** Where the server listens. */
  public InetSocketAddress address() {
    return listener.address();
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
    listener.close();
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
      RegistryHandler handler = new RegistryHandler(source, registry);
      try {
        return new RegistryServer(new HttpListener(address, name, handler::answer));
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "cannot serve a registry at " + address + ": " + e.getMessage(),
            e);
      }
    }
  }
}
