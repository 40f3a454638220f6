package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;

/**
 * Registries that follow the OCI distribution specification 1.1, as a source and a sink of images.
 * One client serves any number of registries, which the references name. {@code docker.io} is
 * Docker's registry.
 *
 * <p>All methods block, and throw {@link RuncibleException} with these kinds besides those that
 * they name:
 *
 * <ul>
 *   <li>UNAUTHENTICATED when a registry wants credentials and there are none, or refuses them; many
 *       registries say the same of a repository that does not exist
 *   <li>PERMISSION_DENIED when the credentials do not allow the operation
 *   <li>UNAVAILABLE when a registry cannot be reached, or cannot serve after several tries; TIMEOUT
 *       when it falls silent
 *   <li>INVALID_INPUT when it answers with what breaks the specification
 *   <li>CANCELLED when the thread is interrupted, at once; it stays interrupted
 *   <li>FAILED_PRECONDITION after {@link #close()}
 * </ul>
 *
 * <p>Thread-safe. The connections are pooled; the few helper threads of the HTTP library are
 * daemons, shared by all clients of the JVM, and end when they have been idle for a minute.
 */
public final class RegistryClient implements ImageSource, ImageSink {
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final ManifestRequests manifests;
  private final BlobRequests blobs;
  private final Set<String> plainHttp;
  private final Set<String> https;

  private RegistryClient(Builder builder) {
    RetryPolicy retry =
        new RetryPolicy(
            builder.attempts,
            builder.clock,
            builder.sleeper,
            () -> ThreadLocalRandom.current().nextDouble());
    this.transport = new HttpTransport(builder.settings(), retry, Version.userAgent());
    CredentialStore credentials =
        new ExplicitCredentials(builder.credentials, builder.credentialStore);
    this.sender = new TokenAuthenticator(transport, credentials, builder.clock)::send;
    this.manifests = new ManifestRequests(transport, sender);
    this.blobs = new BlobRequests(transport, sender);
    this.plainHttp = Set.copyOf(builder.plainHttp);
    this.https = Set.copyOf(builder.https);
  }

  /** A client with the defaults of {@link Builder}. */
  public static RegistryClient create() {
    return builder().build();
  }

  /** Begins a client. */
  public static Builder builder() {
    return new Builder();
  }

  private RegistryEndpoint endpoint(ImageReference reference) {
    String registry = reference.registry();
    boolean plain =
        plainHttp.contains(registry)
            || (RegistryEndpoint.isLoopback(registry) && !https.contains(registry));
    return RegistryEndpoint.of(registry, plain);
  }

  private Operation pull(String what, ImageReference reference) {
    return Operation.pull(what, endpoint(reference), reference);
  }

  private Operation push(String what, ImageReference reference) {
    return Operation.push(what, endpoint(reference), reference);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes one HEAD request, and a GET when the answer to that does not tell. What the registry
   * announces is only a pointer: {@link #manifest} checks the content behind it.
   */
  @Override
  public Descriptor resolve(ImageReference reference) {
    return manifests.resolve(pull("resolve " + reference, reference), reference);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes one request.
   */
  @Override
  public ImageDocument read(ImageReference reference) {
    return manifests.read(pull("read manifest " + reference, reference), reference);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    String what = "read manifest " + descriptor.digest() + " of " + reference.name();
    return manifests.read(pull(what, reference), reference, descriptor);
  }

  /**
   * {@inheritDoc}
   *
   * <p>When the connection breaks, the stream asks for what is missing and goes on. Closing the
   * client ends it.
   *
   * @throws RuncibleException also CORRUPT_DATA, when the registry announces another length than
   *     the descriptor has
   */
  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    String what = "read blob " + descriptor.digest() + " of " + reference.name();
    return blobs.open(pull(what, reference), reference, descriptor);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes a request for each thousand tags or less.
   *
   * @throws RuncibleException also INVALID_INPUT when there are more than 500,000 tags
   */
  @Override
  public List<String> tags(ImageReference repository) {
    Operation operation = pull("list the tags of " + repository.name(), repository);
    return TagList.fetch(transport, sender, operation, repository);
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException UNSUPPORTED when the registry does not announce lengths
   */
  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    Operation operation = pull("tell the size of " + digest + " of " + reference.name(), reference);
    String registry = reference.registry();
    long size =
        blobs
            .size(operation, reference, digest)
            .orElseThrow(
                () -> Failures.of(ErrorKind.NOT_FOUND, operation, registry + " has no such blob"));
    if (size < 0) {
      throw Failures.of(ErrorKind.UNSUPPORTED, operation, registry + " does not tell it");
    }
    return size;
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException CORRUPT_DATA when the registry has a blob of that digest and another
   *     length
   */
  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    Digest digest = descriptor.digest();
    Operation operation = pull("look for blob " + digest + " of " + reference.name(), reference);
    Optional<Long> size = blobs.size(operation, reference, digest);
    if (size.isPresent() && size.get() >= 0 && size.get() != descriptor.size()) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          "it has " + size.get() + " bytes there instead of " + descriptor.size());
    }
    return size.isPresent();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Sends it in one piece. As the content can be read only once, a connection that breaks is not
   * made again.
   */
  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    String what = "push blob " + descriptor.digest() + " to " + reference.name();
    blobs.put(push(what, reference), reference, descriptor, content);
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException also INVALID_INPUT when the reference has another digest than the
   *     descriptor, or the document is larger than {@link Manifest#MAX_SIZE}
   */
  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    manifests.put(push("push manifest " + reference, reference), reference, descriptor, raw);
  }

  /** Ends the connections and the streams of blobs. Idempotent; requests under way fail. */
  @Override
  public void close() {
    transport.close();
    blobs.abort();
  }

  /** Settings of a client. Not thread-safe. */
  public static final class Builder {
    private final Set<String> plainHttp = new HashSet<>();
    private final Set<String> https = new HashSet<>();
    private final Map<String, Credentials> credentials = new HashMap<>();
    private final OkHttpClient.Builder http = new OkHttpClient.Builder();
    private CredentialStore credentialStore = DockerCredentials.standard();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration stallTimeout = Duration.ofSeconds(30);
    private int attempts = 5;
    private Clock clock = Clock.systemUTC();
    private RetryPolicy.Sleeper sleeper = pause -> Thread.sleep(pause.toMillis());

    private Builder() {}

    /**
     * Speaks plain HTTP to a registry. Registries with a loopback address ({@code localhost},
     * {@code 127.0.0.0/8}, {@code [::1]}) are spoken to in plain HTTP by default, all others over
     * HTTPS.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder plainHttp(String registry) {
      plainHttp.add(Objects.requireNonNull(registry, "registry"));
      https.remove(registry);
      return this;
    }

    /**
     * Speaks HTTPS to a registry with a loopback address.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder https(String registry) {
      https.add(Objects.requireNonNull(registry, "registry"));
      plainHttp.remove(registry);
      return this;
    }

    /**
     * Gives credentials for a registry, which go before those of the store.
     *
     * @param registry the registry as in a reference: {@code docker.io}, {@code
     *     registry.example:5000}
     */
    public Builder credentials(String registry, Credentials credentials) {
      this.credentials.put(
          Objects.requireNonNull(registry, "registry"),
          Objects.requireNonNull(credentials, "credentials"));
      return this;
    }

    /** Where to look for credentials. The default is {@link DockerCredentials#standard()}. */
    public Builder credentialStore(CredentialStore store) {
      credentialStore = Objects.requireNonNull(store, "store");
      return this;
    }

    /** The longest wait for a connection. The default is 10 seconds. */
    public Builder connectTimeout(Duration timeout) {
      connectTimeout = positive(timeout);
      return this;
    }

    /** The longest silence on a connection, in either direction. The default is 30 seconds. */
    public Builder stallTimeout(Duration timeout) {
      stallTimeout = positive(timeout);
      return this;
    }

    /**
     * How often a request is made at most when connections fail or answers are transient. The
     * default is 5; 1 never tries again.
     *
     * @throws RuncibleException INVALID_INPUT for less than 1
     */
    public Builder attempts(int attempts) {
      if (attempts < 1) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "a request takes at least 1 attempt, not " + attempts);
      }
      this.attempts = attempts;
      return this;
    }

    Builder clock(Clock clock) {
      this.clock = clock;
      return this;
    }

    Builder sleeper(RetryPolicy.Sleeper sleeper) {
      this.sleeper = sleeper;
      return this;
    }

    Builder trust(SSLSocketFactory sockets, X509TrustManager trust) {
      http.sslSocketFactory(sockets, trust);
      return this;
    }

    private OkHttpClient.Builder settings() {
      return http.connectTimeout(connectTimeout)
          .readTimeout(stallTimeout)
          .writeTimeout(stallTimeout);
    }

    private static Duration positive(Duration timeout) {
      if (timeout.toMillis() < 1) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "a timeout is at least a millisecond, not " + timeout);
      }
      return timeout;
    }

    /** Makes the client. */
    public RegistryClient build() {
      return new RegistryClient(this);
    }
  }
}
