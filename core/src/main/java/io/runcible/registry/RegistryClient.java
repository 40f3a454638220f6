package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

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
  private final RegistryRequests requests;
  private final Routes routes;
  private final RegistryReads reads;
  private final RegistryWrites writes;
  private final Deletion deletion;
  private final Login login;

  private RegistryClient(ClientSettings settings) {
    HttpTransport transport = settings.transport();
    CredentialStore credentials = settings.credentialStore();
    this.requests = RegistryRequests.of(transport, settings, credentials);
    this.routes = settings.routes(transport);
    this.reads = new RegistryReads(routes, requests);
    this.writes = new RegistryWrites(routes, requests);
    this.deletion = new Deletion(routes, requests);
    this.login = new Login(transport, routes, settings.clock(), credentials);
  }

  /** A client with the defaults of {@link Builder}. */
  public static RegistryClient create() {
    return builder().build();
  }

  /** Begins a client. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes one HEAD request, and a GET when the answer to that does not tell. What the registry
   * announces is only a pointer: {@link #manifest} checks the content behind it.
   */
  @Override
  public Descriptor resolve(ImageReference reference) {
    return reads.resolve(reference);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Takes one request.
   */
  @Override
  public ImageDocument read(ImageReference reference) {
    return reads.read(reference);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    return reads.manifest(reference, descriptor);
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
    return reads.blob(reference, descriptor, 0);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Asks for that part alone. A registry that knows no ranges sends the whole, of which the
   * first bytes are dropped.
   *
   * @throws RuncibleException also CORRUPT_DATA, when the registry announces another length than
   *     the descriptor has, or sends another part; INVALID_INPUT when there is no such position
   */
  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor, long from) {
    return reads.blob(reference, descriptor, from);
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
    return reads.tags(repository);
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
    return deletion.tagsOf(repository, digest);
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
  @Override
  public List<String> repositories(String registry) {
    return reads.repositories(registry);
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
    return reads.referrers(repository, subject, Optional.empty());
  }

  /**
   * Lists the referrers of one type, as {@link #referrers(ImageReference, Digest)} does. The
   * registry is asked to choose; where it does not, the client does.
   *
   * @param artifactType the type of artifact, such as {@code application/spdx+json}
   */
  public List<Descriptor> referrers(
      ImageReference repository, Digest subject, String artifactType) {
    return reads.referrers(repository, subject, Optional.of(artifactType));
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException UNSUPPORTED when the registry does not announce lengths
   */
  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return reads.blobSize(reference, digest);
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException CORRUPT_DATA when the registry has a blob of that digest and another
   *     length
   */
  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    return reads.hasBlob(reference, descriptor);
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
    return writes.mountBlob(reference, descriptor, from);
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
    writes.putBlob(reference, descriptor, content);
  }

  /**
   * {@inheritDoc}
   *
   * <p>When the registry has lost what was sent, or a connection breaks of which what was sent is
   * no longer kept, the upload begins anew, until {@link Builder#attempts} are made.
   */
  @Override
  public void putBlob(
      ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
    writes.putBlob(reference, descriptor, content);
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
    writes.putManifest(reference, descriptor, raw);
  }

  /**
   * Deletes a tag or a manifest, as {@link #delete(ImageReference, Collection)} does without
   * further tags.
   */
  @Override
  public void delete(ImageReference reference) {
    deletion.delete(reference, List.of());
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
    deletion.delete(reference, alsoTags);
  }

  /**
   * Deletes a blob (distribution specification, "Deleting Blobs"), whether a manifest names it or
   * not.
   *
   * @param repository where it is; its tag and digest do not matter
   * @throws RuncibleException NOT_FOUND when there is no such blob, UNSUPPORTED when the registry
   *     does not delete
   */
  @Override
  public void deleteBlob(ImageReference repository, Digest digest) {
    deletion.blob(repository, digest);
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
    login.keep(registry, credentials);
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
    return login.forget(registry);
  }

  /** Ends the connections and the streams of blobs. Idempotent; requests under way fail. */
  @Override
  public void close() {
    requests.close();
  }

  /** Settings of a client. Not thread-safe. */
  public static final class Builder {
    private final ClientSettings settings = new ClientSettings();

    private Builder() {}

    /**
     * Where mirrors, other locations, insecure and blocked registries, and certificates are
     * configured. The default is {@link RegistryConfiguration#host()}.
     */
    public Builder registries(RegistryConfiguration configuration) {
      settings.registries(configuration);
      return this;
    }

    /** Through which proxies to connect. The default is {@link ProxySettings#host()}. */
    public Builder proxies(ProxySettings settings) {
      this.settings.proxies(settings);
      return this;
    }

    /**
     * Trusts the certificates of a key store, besides those that the JVM trusts, for all
     * registries. Those for a single one are in {@link RegistryConfiguration#withCertificates}.
     *
     * @throws RuncibleException INVALID_INPUT when the store has not been loaded
     */
    public Builder trust(KeyStore store) {
      settings.trust(TlsSettings.authorities(store));
      return this;
    }

    /**
     * Trusts and shows the certificates of a directory to one registry, instead of those that the
     * configuration has for it. The files are as for {@link
     * RegistryConfiguration#withCertificates}: {@code *.crt}, and {@code NAME.cert} with {@code
     * NAME.key}. They are read when the first connection to the registry is made, which fails with
     * NOT_FOUND when there is no such directory.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder certificates(String registry, Path directory) {
      settings.certificates(registry, directory);
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
      settings.protocol(registry, ClientSettings.Protocol.PLAIN_HTTP);
      return this;
    }

    /**
     * Speaks HTTPS to a registry with a loopback address.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder https(String registry) {
      settings.protocol(registry, ClientSettings.Protocol.HTTPS);
      return this;
    }

    /**
     * Takes a registry as it is: over HTTPS without its certificate being verified or, where it
     * does not answer to that, in plain HTTP; as {@code insecure = true} of registries.conf. Anyone
     * on the way can read and change what is sent, credentials too; digests still hold. This
     * setting goes before the configuration.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder insecure(String registry) {
      settings.protocol(registry, ClientSettings.Protocol.INSECURE);
      return this;
    }

    /**
     * Gives credentials for a registry, which go before those of the store.
     *
     * @param registry the registry as in a reference: {@code docker.io}, {@code
     *     registry.example:5000}
     */
    public Builder credentials(String registry, Credentials credentials) {
      settings.credentials(registry, credentials);
      return this;
    }

    /**
     * Where to look for credentials, and where {@link RegistryClient#login} keeps them. The default
     * is {@link DockerCredentials#standard()}, unless the configuration names {@code
     * credential-helpers}.
     */
    public Builder credentialStore(CredentialStore store) {
      settings.credentialStore(store);
      return this;
    }

    /**
     * The longest wait for a connection. The default is 10 seconds.
     *
     * @throws RuncibleException INVALID_INPUT for less than a millisecond or more than 20 days
     */
    public Builder connectTimeout(Duration timeout) {
      settings.connectTimeout(timeout);
      return this;
    }

    /**
     * The longest silence on a connection, in either direction. The default is 30 seconds.
     *
     * @throws RuncibleException INVALID_INPUT as for {@link #connectTimeout}
     */
    public Builder stallTimeout(Duration timeout) {
      settings.stallTimeout(timeout);
      return this;
    }

    /**
     * How often a request is made at most when connections fail or answers are transient. The
     * default is 5; 1 never tries again.
     *
     * @throws RuncibleException INVALID_INPUT for less than 1
     */
    public Builder attempts(int attempts) {
      settings.attempts(attempts);
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
      settings.blobConnections(connections);
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
      settings.chunkedAbove(size);
      return this;
    }

    /** How much one connection fetches at a time, and how long a chunk is. */
    Builder windows(int download, int upload) {
      settings.windows(download, upload);
      return this;
    }

    Builder clock(Clock clock) {
      settings.clock(clock);
      return this;
    }

    Builder sleeper(RetryPolicy.Sleeper sleeper) {
      settings.sleeper(sleeper);
      return this;
    }

    /** Makes the client. */
    public RegistryClient build() {
      return new RegistryClient(settings);
    }
  }
}
