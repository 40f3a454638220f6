package io.runcible.serve;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.layout.ImageLayout;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A registry over HTTP (OCI distribution specification 1.1) for the images of a source: pulling,
 * and the lists of tags, of referrers and, as Docker's registry has it, of repositories. When it is
 * {@linkplain Builder#writable() writable}, also pushing and deleting. Without {@linkplain
 * Builder#user users} and {@linkplain Builder#tls TLS} unless told otherwise, so it listens on
 * loopback unless told otherwise.
 *
 * <p>The repository {@code team/app} of the server is {@code team/app} of one registry in the
 * source, by default of {@code docker.io}: what was written under the short name {@code team/app:1}
 * is served as {@code team/app:1}.
 *
 * <p>The source must know the size of its blobs ({@link ImageSource#blobSize}); it stays the
 * caller's and must stay open. Thread-safe. Each connection has a thread while it is open, at most
 * 128; the threads are daemons. A client that is idle or keeps the server waiting for half a
 * minute, or sends less than a kilobyte per second, loses its connection.
 */
public final class RegistryServer implements AutoCloseable {
  private static final AtomicInteger SERVERS = new AtomicInteger();
  private static final long DEFAULT_UPLOAD_BYTES = 64L << 30;

  private final HttpListener listener;
  private final @Nullable UploadDirectory uploads;

  private RegistryServer(HttpListener listener, @Nullable UploadDirectory uploads) {
    this.listener = listener;
    this.uploads = uploads;
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
   * Stops listening, drops the connections, waits for requests under way to end, at most 10
   * seconds, and removes unfinished uploads. Idempotent.
   */
  @Override
  public void close() {
    listener.close();
    if (uploads != null) {
      uploads.close();
    }
  }

  /** What to serve and where. */
  public static final class Builder {
    private final ImageSource source;
    private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
    private String registry = "docker.io";
    private @Nullable ImageSink sink;
    private @Nullable Path uploads;
    private long maxUploadBytes = DEFAULT_UPLOAD_BYTES;
    private final Map<String, String> passwords = new HashMap<>();
    private @Nullable SSLContext tls;

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
     * Lets clients push to the source and delete from it, as {@link #writable(ImageSink)} does with
     * the source itself, such as a layout.
     *
     * @throws RuncibleException INVALID_INPUT when the source is no {@link ImageSink}
     */
    public Builder writable() {
      if (source instanceof ImageSink both) {
        return writable(both);
      }
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "this source cannot be written to as a layout can; name the sink that belongs to it");
    }

    /**
     * Lets clients push and delete: anybody who reaches the server, unless there are {@linkplain
     * #user users}. A manifest is taken when all that it names is there. What is pushed and never
     * named by a manifest stays where it is.
     *
     * <p>Blobs that come in parts are kept in the {@linkplain #uploads directory for uploads} until
     * they are whole: at most 1000, and none for longer than 10 minutes without a request for it.
     *
     * @param sink writes to where the source reads; it stays the caller's and must stay open
     */
    public Builder writable(ImageSink sink) {
      this.sink = Objects.requireNonNull(sink, "sink");
      return this;
    }

    /**
     * Says where unfinished uploads are kept. Servers may share a directory; each removes what
     * killed ones left there. By default it is in the directory of the layout or the store.
     *
     * @param maxBytes how many bytes uploads may have together, and so how long a blob may be; 64
     *     GiB by default
     * @throws RuncibleException INVALID_INPUT for a limit below 1
     */
    public Builder uploads(Path directory, long maxBytes) {
      if (maxBytes < 1) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "uploads need room, not " + maxBytes + " bytes");
      }
      this.uploads = Objects.requireNonNull(directory, "directory");
      this.maxUploadBytes = maxBytes;
      return this;
    }

    /**
     * Lets this user in, and nobody without a password any more, by basic authentication. Without
     * {@linkplain #tls TLS}, passwords can be read on the way.
     *
     * @throws RuncibleException INVALID_INPUT for a name that is empty or has a colon
     */
    public Builder user(String name, String password) {
      if (name.isEmpty() || name.indexOf(':') >= 0) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "the name of a user is not empty and has no colon");
      }
      passwords.put(name, Objects.requireNonNull(password, "password"));
      return this;
    }

    /** Listens for HTTPS, with the key and certificate of the context, instead of HTTP. */
    public Builder tls(SSLContext context) {
      this.tls = Objects.requireNonNull(context, "context");
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws RuncibleException UNAVAILABLE when the address or the directory for uploads cannot be
     *     used, INVALID_INPUT when there is no directory for uploads
     */
    public RegistryServer start() {
      UploadDirectory directory = sink == null ? null : UploadDirectory.open(uploadDirectory());
      try {
        return start(directory);
      } catch (IOException | RuntimeException e) {
        if (directory != null) {
          directory.close();
        }
        throw e instanceof RuntimeException unchecked
            ? unchecked
            : new RuncibleException(
                ErrorKind.UNAVAILABLE,
                "cannot serve a registry at " + address + ": " + e.getMessage(),
                e);
      }
    }

    private Path uploadDirectory() {
      if (uploads != null) {
        return uploads;
      }
      if (source instanceof ImageLayout layout) {
        return layout.directory().resolve(".runcible-uploads");
      }
      if (source instanceof LocalStore store) {
        return store.root().resolve("uploads");
      }
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a writable server needs a directory for uploads; name one");
    }

    private RegistryServer start(@Nullable UploadDirectory directory) throws IOException {
      String name = "runcible-registry-" + SERVERS.incrementAndGet();
      Users users = new Users(passwords);
      if (sink == null || directory == null) {
        RegistryHandler reader = new RegistryHandler(source, registry, null, users);
        return new RegistryServer(
            new HttpListener(address, name, tls, () -> {}, reader::answer), null);
      }
      Uploads sessions = new Uploads(directory, maxUploadBytes, System::nanoTime);
      UploadHandler uploadHandler = new UploadHandler(source, sink, registry, sessions);
      PushHandler pushes = new PushHandler(source, sink, uploadHandler);
      RegistryHandler handler = new RegistryHandler(source, registry, pushes, users);
      return new RegistryServer(
          new HttpListener(address, name, tls, sessions::expire, handler::answer), directory);
    }
  }
}
