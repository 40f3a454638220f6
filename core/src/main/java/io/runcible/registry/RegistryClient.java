package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** The registries of the OCI distribution specification 1.1, as a source of images. */
public final class RegistryClient implements ImageSource {
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final Set<String> plainHttp;
  private final Set<ResumingBlobStream> open = ConcurrentHashMap.newKeySet();

  private RegistryClient(Builder builder) {
    OkHttpClient.Builder settings =
        new OkHttpClient.Builder()
            .connectTimeout(builder.connectTimeout)
            .readTimeout(builder.stallTimeout)
            .writeTimeout(builder.stallTimeout);
    RetryPolicy retry =
        new RetryPolicy(
            builder.attempts,
            builder.clock,
            builder.sleeper,
            () -> ThreadLocalRandom.current().nextDouble());
    this.transport = new HttpTransport(settings, retry, Version.userAgent());
    this.sender = transport::send;
    this.plainHttp = Set.copyOf(builder.plainHttp);
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
    return RegistryEndpoint.of(
        registry, RegistryEndpoint.isLoopback(registry) || plainHttp.contains(registry));
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    RegistryEndpoint endpoint = endpoint(reference);
    Operation operation = Operation.pull("resolve " + reference, endpoint, reference);
    String name =
        reference.digest().map(Object::toString).orElseGet(() -> reference.tag().orElseThrow());
    Request get =
        new Request.Builder()
            .url(endpoint.manifest(reference, name))
            .header("Accept", ManifestReader.ACCEPT)
            .build();
    Request head = get.newBuilder().head().build();
    Optional<Descriptor> pointer =
        transport.call(
            operation,
            sender,
            head,
            response -> {
              try (response) {
                return response.code() == 200
                    ? ManifestReader.head(operation, response, reference.digest())
                    : Optional.empty();
              }
            });
    return pointer.orElseGet(
        () ->
            transport.call(
                operation,
                sender,
                get,
                response -> {
                  try (Response good = expect(operation, response, 200)) {
                    return ManifestReader.whole(operation, good, reference.digest());
                  }
                }));
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    RegistryEndpoint endpoint = endpoint(reference);
    Operation operation =
        Operation.pull(
            "read manifest " + descriptor.digest() + " of " + reference.name(),
            endpoint,
            reference);
    if (descriptor.size() > Manifest.MAX_SIZE) {
      throw Failures.of(
          ErrorKind.INVALID_INPUT, operation, "it has " + descriptor.size() + " bytes");
    }
    Request get =
        new Request.Builder()
            .url(endpoint.manifest(reference, descriptor.digest().toString()))
            .header("Accept", descriptor.mediaType() + ", " + ManifestReader.ACCEPT)
            .build();
    byte[] raw =
        transport.call(
            operation,
            sender,
            get,
            response -> {
              try (Response good = expect(operation, response, 200)) {
                return ManifestReader.read(operation, good);
              }
            });
    descriptor.verify(raw);
    return raw;
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    RegistryEndpoint endpoint = endpoint(reference);
    Operation operation =
        Operation.pull(
            "read blob " + descriptor.digest() + " of " + reference.name(), endpoint, reference);
    Request get =
        new Request.Builder().url(endpoint.blob(reference, descriptor.digest().toString())).build();
    ResumingBlobStream stream =
        new ResumingBlobStream(
            operation,
            transport,
            descriptor,
            (position, cancellation) -> openBlob(operation, get, position, cancellation),
            open::remove);
    open.add(stream);
    try {
      stream.start();
      return stream;
    } catch (RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  private Response openBlob(
      Operation operation, Request get, long position, Cancellation cancellation) {
    Request.Builder request = get.newBuilder().tag(Cancellation.class, cancellation);
    if (position > 0) {
      request.header("Range", "bytes=" + position + "-");
    }
    return transport.call(
        operation,
        sender,
        request.build(),
        response ->
            position > 0 && response.code() == 206 ? response : expect(operation, response, 200));
  }

  private Response expect(Operation operation, Response response, int status) {
    if (response.code() == status) {
      return response;
    }
    throw transport.unexpected(operation, response);
  }

  @Override
  public void close() {
    transport.close();
    open.forEach(ResumingBlobStream::abort);
  }

  /** Settings of a client. Not thread-safe. */
  public static final class Builder {
    private final Set<String> plainHttp = new HashSet<>();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration stallTimeout = Duration.ofSeconds(30);
    private int attempts = 5;
    private Clock clock = Clock.systemUTC();
    private RetryPolicy.Sleeper sleeper = pause -> Thread.sleep(pause.toMillis());

    private Builder() {}

    /**
     * Speaks plain HTTP to a registry. Loopback addresses ({@code localhost}, {@code 127.0.0.0/8},
     * {@code [::1]}) are spoken to in plain HTTP by default.
     *
     * @param registry the registry as in a reference, with its port
     */
    public Builder plainHttp(String registry) {
      plainHttp.add(Objects.requireNonNull(registry, "registry"));
      return this;
    }

    /** Makes the client. */
    public RegistryClient build() {
      return new RegistryClient(this);
    }
  }
}
