package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * What {@link RegistryClient.Builder} was told, checked, with the defaults; and the parts of a
 * client that are made of it. Not thread-safe.
 */
final class ClientSettings {
  private static final int MAX_CONNECTIONS = 16;

  /** The HTTP library counts milliseconds in an int. */
  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(20);

  private final Map<String, Protocol> protocols = new HashMap<>();
  private final Map<String, Credentials> credentials = new HashMap<>();
  private final Map<String, Path> certificates = new HashMap<>();
  private final List<X509Certificate> authorities = new ArrayList<>();
  private @Nullable CredentialStore credentialStore;
  private RegistryConfiguration registries = RegistryConfiguration.host();
  private ProxySettings proxies = ProxySettings.host();
  private Duration connectTimeout = Duration.ofSeconds(10);
  private Duration stallTimeout = Duration.ofSeconds(30);
  private int attempts = 5;
  private int blobConnections = 1;
  private long chunkedAbove = 64L * 1024 * 1024;
  private int downloadWindow = 8 * 1024 * 1024;
  private int uploadWindow = BlobUpload.WINDOW;
  private Clock clock = Clock.systemUTC();
  private RetryPolicy.Sleeper sleeper = pause -> Thread.sleep(pause.toMillis());

  /** How a registry is spoken to. */
  enum Protocol {
    PLAIN_HTTP,
    HTTPS,
    /** HTTPS without its certificate being verified or, failing that, plain HTTP. */
    INSECURE
  }

  void registries(RegistryConfiguration configuration) {
    registries = Objects.requireNonNull(configuration, "configuration");
  }

  void proxies(ProxySettings settings) {
    proxies = Objects.requireNonNull(settings, "settings");
  }

  void trust(List<X509Certificate> trusted) {
    authorities.addAll(trusted);
  }

  void certificates(String registry, Path directory) {
    certificates.put(
        Objects.requireNonNull(registry, "registry"),
        Objects.requireNonNull(directory, "directory"));
  }

  void protocol(String registry, Protocol protocol) {
    protocols.put(Objects.requireNonNull(registry, "registry"), protocol);
  }

  void credentials(String registry, Credentials given) {
    credentials.put(
        Objects.requireNonNull(registry, "registry"), Objects.requireNonNull(given, "credentials"));
  }

  void credentialStore(CredentialStore store) {
    credentialStore = Objects.requireNonNull(store, "store");
  }

  void connectTimeout(Duration timeout) {
    connectTimeout = positive(timeout);
  }

  void stallTimeout(Duration timeout) {
    stallTimeout = positive(timeout);
  }

  private static Duration positive(Duration timeout) {
    if (timeout.compareTo(LONGEST_TIMEOUT) > 0 || timeout.toMillis() < 1) {
      throw invalid("a timeout is a millisecond to " + LONGEST_TIMEOUT + ", not " + timeout);
    }
    return timeout;
  }

  private static RuncibleException invalid(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, reason);
  }

  void attempts(int number) {
    if (number < 1) {
      throw invalid("a request takes at least 1 attempt, not " + number);
    }
    attempts = number;
  }

  void blobConnections(int number) {
    if (number < 1 || number > MAX_CONNECTIONS) {
      throw invalid("a blob takes 1 to " + MAX_CONNECTIONS + " connections, not " + number);
    }
    blobConnections = number;
  }

  void chunkedAbove(long size) {
    if (size < 0) {
      throw invalid("a size is not negative: " + size);
    }
    chunkedAbove = size;
  }

  void windows(int download, int upload) {
    downloadWindow = download;
    uploadWindow = upload;
  }

  void clock(Clock other) {
    clock = other;
  }

  void sleeper(RetryPolicy.Sleeper other) {
    sleeper = other;
  }

  Clock clock() {
    return clock;
  }

  HttpTransport transport() {
    Duration connect = connectTimeout;
    Duration stall = stallTimeout;
    RetryPolicy retry =
        new RetryPolicy(attempts, clock, sleeper, () -> ThreadLocalRandom.current().nextDouble());
    TlsSettings tls = new TlsSettings(List.copyOf(authorities), certificateDirectories());
    return new HttpTransport(
        () -> connections(connect, stall), tls, proxies, retry, Version.userAgent());
  }

  private static OkHttpClient.Builder connections(Duration connect, Duration stall) {
    return new OkHttpClient.Builder()
        .connectTimeout(connect)
        .readTimeout(stall)
        .writeTimeout(stall);
  }

  private CertificateDirectories certificateDirectories() {
    return new CertificateDirectories(registries.certificates(), Map.copyOf(certificates));
  }

  Routes routes(HttpTransport transport) {
    return new Routes(
        registries, certificateDirectories(), transport, Map.copyOf(protocols), clock);
  }

  /** Where credentials are looked for, and kept. */
  CredentialStore credentialStore() {
    return credentialStore != null ? credentialStore : DockerCredentials.standard(registries);
  }

  /** Credentials that were given, which go before those of a store. */
  CredentialStore explicitBefore(CredentialStore store) {
    return new ExplicitCredentials(credentials, store);
  }

  BlobRequests.Settings blobs() {
    return new BlobRequests.Settings(
        blobConnections,
        downloadWindow,
        new BlobUpload.Settings(chunkedAbove, uploadWindow),
        stallTimeout);
  }
}
