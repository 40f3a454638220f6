package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

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
  private final CredentialStore credentials;
  private final Routes routes;
  private final Clock clock;

  private RegistryClient(Builder builder) {
    RetryPolicy retry =
        new RetryPolicy(
            builder.attempts,
            builder.clock,
            builder.sleeper,
            () -> ThreadLocalRandom.current().nextDouble());
    this.transport =
        new HttpTransport(
            builder.connections(), builder.tls(), builder.proxies, retry, Version.userAgent());
    this.routes =
        new Routes(builder.registries, transport, builder.plainHttp, builder.https, builder.clock);
    this.clock = builder.clock;
    this.credentials = builder.store();
    this.sender =
        new TokenAuthenticator(
                transport, new ExplicitCredentials(builder.credentials, credentials), clock)
            ::send;
    this.manifests = new ManifestRequests(transport, sender);
    this.blobs = new BlobRequests(transport, sender);
  }

  /** A client with the defaults of {@link Builder}. */
  public static RegistryClient create() {
    return builder().build();
  }

  /** Begins a client. */
  public static Builder builder() {
    return new Builder();
  }

  /** At the location; what may come from a mirror is read by {@link Routes#read}. */
  private Operation pull(String what, ImageReference reference) {
    return routes.location(what, reference, Access.PULL);
  }

  private Operation push(String what, ImageReference reference) {
    return routes.location(what, reference, Access.PUSH);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes one HEAD request, and a GET when the answer to that does not tell. What the registry
   * announces is only a pointer: {@link #manifest} checks the content behind it.
   */
  @Override
  public Descriptor resolve(ImageReference reference) {
    return routes.read(
        "resolve " + reference, reference, operation -> manifests.resolve(operation, reference));
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    String what = "read manifest " + descriptor.digest() + " of " + reference.name();
    return routes.read(
        what, reference, operation -> manifests.read(operation, reference, descriptor));
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
    return routes.read(what, reference, operation -> blobs.open(operation, reference, descriptor));
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
    return routes.read(
        "tell the size of " + digest + " of " + reference.name(),
        reference,
        operation -> blobSize(operation, reference, digest));
  }

  private long blobSize(Operation operation, ImageReference reference, Digest digest) {
    String registry = operation.endpoint().name();
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

  /**
   * Says under which names an image is looked for, in order: the mirrors that the configuration has
   * for it, and last its location. Without a configuration for it, that is the reference itself.
   * Asks no registry.
   *
   * @return unmodifiable, never empty
   */
  public List<ImageReference> names(ImageReference reference) {
    return routes.names(reference);
  }

  /**
   * Tries credentials out, and keeps them in the credential store if the registry takes them. A
   * registry that lets anybody in takes any. The host is asked by its own name, whatever mirrors or
   * locations are configured.
   *
   * @param registry the registry as in a reference, or a part of it to which alone the credentials
   *     belong: {@code registry.example:5000}, {@code registry.example/team}
   * @throws RuncibleException UNAUTHENTICATED when the registry refuses them; nothing is kept then.
   *     INVALID_INPUT when the name is not that of a registry, UNSUPPORTED when the store cannot
   *     keep them, FAILED_PRECONDITION when it fails to
   */
  public void login(String registry, Credentials credentials) {
    String key = Login.key(registry);
    new Login(transport, routes, clock).verify(key, credentials);
    this.credentials.store(key, credentials);
  }

  /**
   * Forgets what {@link #login} kept. What this client has been told, and the access tokens that it
   * already has, are not affected. Asks no registry.
   *
   * @param registry as for {@link #login}
   * @return whether there were credentials
   * @throws RuncibleException UNSUPPORTED when the store only looks up, FAILED_PRECONDITION when it
   *     fails
   */
  public boolean logout(String registry) {
    return credentials.erase(Login.key(registry));
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
    private final List<X509Certificate> authorities = new ArrayList<>();
    private @Nullable CredentialStore credentialStore;
    private RegistryConfiguration registries = RegistryConfiguration.host();
    private ProxySettings proxies = ProxySettings.host();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration stallTimeout = Duration.ofSeconds(30);
    private int attempts = 5;
    private Clock clock = Clock.systemUTC();
    private RetryPolicy.Sleeper sleeper = pause -> Thread.sleep(pause.toMillis());

    private Builder() {}

    /**
     * Where mirrors, other locations, insecure and blocked registries, and certificates are
     * configured. The default is {@link RegistryConfiguration#host()}.
     */
    public Builder registries(RegistryConfiguration configuration) {
      registries = Objects.requireNonNull(configuration, "configuration");
      return this;
    }

    /** Through which proxies to connect. The default is {@link ProxySettings#host()}. */
    public Builder proxies(ProxySettings settings) {
      proxies = Objects.requireNonNull(settings, "settings");
      return this;
    }

    /**
     * Trusts the certificates of a key store, besides those that the JVM trusts, for all
     * registries. Those for a single one are in {@link RegistryConfiguration#withCertificates}.
     *
     * @throws RuncibleException INVALID_INPUT when the store has not been loaded
     */
    public Builder trust(KeyStore store) {
      authorities.addAll(TlsSettings.authorities(store));
      return this;
    }

    /**
     * Speaks plain HTTP to a registry. Registries with a loopback address ({@code localhost},
     * {@code 127.0.0.0/8}, {@code [::1]}) are spoken to in plain HTTP by default, unless the
     * configuration has certificates for them or says whether they are insecure; all others over
     * HTTPS. This setting, like {@link #https}, goes before the configuration.
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

    /**
     * Where to look for credentials, and where {@link RegistryClient#login} keeps them. The default
     * is {@link DockerCredentials#standard()}, unless the configuration names {@code
     * credential-helpers}.
     */
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

    private CredentialStore store() {
      return credentialStore != null ? credentialStore : DockerCredentials.standard(registries);
    }

    private TlsSettings tls() {
      return new TlsSettings(
          List.copyOf(authorities), new CertificateDirectories(registries.certificates()));
    }

    private OkHttpClient.Builder connections() {
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
