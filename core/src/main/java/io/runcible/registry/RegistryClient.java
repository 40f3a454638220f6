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
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
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
  private final ManifestRequests manifests;
  private final BlobRequests blobs;
  private final ListRequests lists;
  private final ReferrerRequests referrers;
  private final Deletion deletion;
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
    HttpTransport.Sender sender =
        new TokenAuthenticator(transport, credentials, builder.clock)::send;
    this.manifests = new ManifestRequests(transport, sender);
    this.blobs = new BlobRequests(transport, sender, builder.blobSettings());
    this.lists = new ListRequests(transport, sender);
    this.referrers = new ReferrerRequests(transport, sender, manifests);
    this.deletion = new Deletion(transport, sender, manifests, lists, referrers);
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

  private Operation deletion(String what, ImageReference reference) {
    return Operation.delete(what, endpoint(reference), reference);
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
    return lists.tags(operation, repository);
  }

  /**
   * The tags of a repository that point at a manifest, sorted; unmodifiable. They vanish when it is
   * {@linkplain #delete(ImageReference, Collection) deleted}. Takes the list of all tags and a
   * request for each, several at once.
   *
   * @param repository where to look; its tag and digest do not matter
   * @throws RuncibleException also UNSUPPORTED when there are more than 20,000 tags
   */
  public List<String> tagsOf(ImageReference repository, Digest digest) {
    String what = "find the tags of " + digest + " in " + repository.name();
    return deletion.tagsOf(pull(what, repository), repository, digest);
  }

  /**
   * Lists the repositories of a registry, sorted, as {@code team/app}; unmodifiable. The
   * distribution specification has no such list, but most registries do; large public ones do not.
   * Takes a request for each thousand repositories or less.
   *
   * @param registry the registry as in a reference, with its port
   * @throws RuncibleException also UNSUPPORTED when the registry does not list them, INVALID_INPUT
   *     when there are more than 500,000 or the registry is malformed
   */
  public List<String> repositories(String registry) {
    ImageReference any = ImageReference.parse(registry + "/any");
    if (!any.registry().equals(registry)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this is not the name of a registry: " + any.registry());
    }
    Operation operation = Operation.catalog("list the repositories of " + registry, endpoint(any));
    return lists
        .repositories(operation)
        .orElseThrow(
            () -> Failures.of(ErrorKind.UNSUPPORTED, operation, registry + " does not list them"));
  }

  /**
   * {@inheritDoc}
   *
   * <p>Asks the registry (distribution specification, "Listing Referrers"), and where that keeps no
   * list, looks under the tag {@code sha256-…} that clients keep instead ("Unavailable Referrers
   * API").
   *
   * @throws RuncibleException also INVALID_INPUT when there are more than 100,000
   */
  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    return referrers(repository, subject, Optional.empty());
  }

  /**
   * Lists the referrers of one type, as {@link #referrers(ImageReference, Digest)} does. The
   * registry is asked to choose; where it does not, the client does.
   *
   * @param artifactType the type of artifact, such as {@code application/spdx+json}
   */
  public List<Descriptor> referrers(
      ImageReference repository, Digest subject, String artifactType) {
    return referrers(repository, subject, Optional.of(artifactType));
  }

  private List<Descriptor> referrers(
      ImageReference repository, Digest subject, Optional<String> artifactType) {
    String what = "list the referrers of " + subject + " in " + repository.name();
    return referrers.list(pull(what, repository), repository, subject, artifactType);
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
   * <p>Takes one request, and another one when the registry would rather be sent the blob
   * (distribution specification, "Mounting a blob from another repository"). A refusal is an answer
   * of {@code false}.
   *
   * @param from a repository of the same registry; of another one, the answer is {@code false}
   */
  @Override
  public boolean mountBlob(ImageReference reference, Descriptor descriptor, ImageReference from) {
    if (!reference.registry().equals(from.registry())) {
      return false;
    }
    String what =
        "mount blob " + descriptor.digest() + " of " + from.name() + " in " + reference.name();
    Operation operation = push(what, reference).readingFrom(from);
    return blobs.mount(operation, reference, descriptor, from);
  }

  /**
   * {@inheritDoc}
   *
   * <p>A blob up to {@link Builder#chunkedAbove} is sent in one piece, a larger one in chunks of 16
   * MiB, or what the registry asks for (distribution specification, "Pushing Blobs"). As the
   * content can be read only once, the last 16 MiB are kept in memory: a blob of that size, or a
   * chunk, is sent again when the connection breaks or the registry cannot serve for a moment. An
   * upload that fails is cancelled, unless the thread is interrupted.
   */
  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    String what = "push blob " + descriptor.digest() + " to " + reference.name();
    blobs.put(push(what, reference), reference, descriptor, content);
  }

  /**
   * {@inheritDoc}
   *
   * <p>When it has a subject and the registry does not say that it keeps the list of referrers, the
   * manifest is entered in the list under the tag {@code sha256-…} (distribution specification,
   * "Pushing Manifests with Subject"). Whoever else writes that list at the same moment with
   * another client can still undo it; it is read back, and written again up to eight times.
   *
   * @throws RuncibleException also INVALID_INPUT when the reference has another digest than the
   *     descriptor, the document is larger than {@link Manifest#MAX_SIZE}, or what is under the tag
   *     of the referrers is no list; FAILED_PRECONDITION when that list is full
   */
  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    Optional<Referrer> referrer = Referrer.of(descriptor, raw);
    Operation operation = push("push manifest " + reference, reference);
    boolean listed = manifests.put(operation, reference, descriptor, raw);
    if (referrer.isPresent() && !listed) {
      referrers.add(operation, reference, referrer.get());
    }
  }

  /**
   * Deletes a tag or a manifest, as {@link #delete(ImageReference, Collection)} does without
   * further tags.
   */
  public void delete(ImageReference reference) {
    delete(reference, List.of());
  }

  /**
   * Deletes what a reference names (distribution specification, "Content Management").
   *
   * <p>A reference with a tag alone loses that tag, and the manifest stays under its digest. Not
   * every registry can do that.
   *
   * <p>A reference with a digest loses the manifest and, with it, every tag that points at it. That
   * happens only when all of them are named: as the tag of the reference, or in {@code alsoTags},
   * which is what {@link #tagsOf} finds. A tag that is made between the look at them and the
   * deletion is not noticed. A manifest that has a subject goes off the list of its referrers.
   *
   * <p>Blobs stay until the registry collects its garbage.
   *
   * @param alsoTags further tags that may vanish
   * @throws RuncibleException NOT_FOUND when there is no such tag or manifest; FAILED_PRECONDITION
   *     naming the tags that would vanish and were not named; UNSUPPORTED when the registry does
   *     not delete, or deletes no tags
   */
  public void delete(ImageReference reference, Collection<String> alsoTags) {
    Operation operation = deletion("delete " + reference, reference);
    if (reference.digest().isEmpty()) {
      deletion.tag(operation, reference);
    } else {
      String what = operation.what();
      deletion.manifest(
          pull(what, reference), push(what, reference), operation, reference, alsoTags);
    }
  }

  /**
   * Deletes a blob (distribution specification, "Deleting Blobs"), whether a manifest names it or
   * not.
   *
   * @param repository where it is; its tag and digest do not matter
   * @throws RuncibleException NOT_FOUND when there is no such blob, UNSUPPORTED when the registry
   *     does not delete
   */
  public void deleteBlob(ImageReference repository, Digest digest) {
    Operation operation =
        deletion("delete blob " + digest + " of " + repository.name(), repository);
    blobs.delete(operation, repository, digest);
  }

  /** Ends the connections and the streams of blobs. Idempotent; requests under way fail. */
  @Override
  public void close() {
    transport.close();
    blobs.abort();
  }

  /** Settings of a client. Not thread-safe. */
  public static final class Builder {
    private static final int MAX_CONNECTIONS = 16;

    private final Set<String> plainHttp = new HashSet<>();
    private final Set<String> https = new HashSet<>();
    private final Map<String, Credentials> credentials = new HashMap<>();
    private final OkHttpClient.Builder http = new OkHttpClient.Builder();
    private CredentialStore credentialStore = DockerCredentials.standard();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration stallTimeout = Duration.ofSeconds(30);
    private int attempts = 5;
    private int blobConnections = 1;
    private long chunkedAbove = 64L * 1024 * 1024;
    private int downloadWindow = 8 * 1024 * 1024;
    private int uploadWindow = BlobUpload.WINDOW;
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

    /**
     * Over how many connections one blob is fetched. With more than one, a blob of more than 16 MiB
     * is asked for in ranges of 8 MiB, when the registry serves them; that takes 8 MiB of memory
     * for each connection and 8 more. It helps where a registry limits the speed of a connection.
     * The default is 1.
     *
     * @throws RuncibleException INVALID_INPUT when it is not 1 to 16
     */
    public Builder blobConnections(int connections) {
      if (connections < 1 || connections > MAX_CONNECTIONS) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "a blob takes 1 to " + MAX_CONNECTIONS + " connections, not " + connections);
      }
      blobConnections = connections;
      return this;
    }

    /**
     * The size in bytes above which a blob is sent in chunks, so that a connection that breaks
     * costs a chunk and not the whole. Not every registry takes chunks; when it refuses the first
     * one, the blob goes in one piece. The default is 64 MiB; {@link Long#MAX_VALUE} never sends
     * chunks.
     *
     * @throws RuncibleException INVALID_INPUT for a negative size
     */
    public Builder chunkedAbove(long size) {
      if (size < 0) {
        throw new RuncibleException(ErrorKind.INVALID_INPUT, "a size is not negative: " + size);
      }
      chunkedAbove = size;
      return this;
    }

    /** How much one connection fetches at a time, and how long a chunk is. */
    Builder windows(int download, int upload) {
      downloadWindow = download;
      uploadWindow = upload;
      return this;
    }

    private BlobRequests.Settings blobSettings() {
      return new BlobRequests.Settings(
          blobConnections, downloadWindow, new BlobUpload.Settings(chunkedAbove, uploadWindow));
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
