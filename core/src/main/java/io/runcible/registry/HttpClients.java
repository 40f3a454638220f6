package io.runcible.registry;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import okhttp3.ConnectionSpec;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * A client for each host, with the certificates and the proxy that are for it; so nothing that is
 * for one host is used for another, wherever a redirect leads. They share their connections, which
 * are told apart by these settings. Thread-safe.
 */
final class HttpClients {
  private static final int MAX_HOSTS = 256;

  private final Supplier<OkHttpClient> making;

  /** Made for the first request, as the library takes long to start; many clients send none. */
  private final AtomicReference<@Nullable OkHttpClient> common = new AtomicReference<>();

  /** Knows the authorities: made when the first secure connection is. */
  private volatile @Nullable OkHttpClient secure;

  private final TlsSettings tls;
  private final ProxySettings proxies;
  private final Map<String, OkHttpClient> clients = new ConcurrentHashMap<>();

  /**
   * Makes no client yet.
   *
   * @param making makes what they have in common, for {@link #plain} connections; of two that are
   *     made at once one is not used
   */
  HttpClients(Supplier<OkHttpClient> making, TlsSettings tls, ProxySettings proxies) {
    this.making = making;
    this.tls = tls;
    this.proxies = proxies;
  }

  /** With these, the library does not load the authorities that the JVM trusts. */
  static List<ConnectionSpec> plain() {
    return List.of(ConnectionSpec.CLEARTEXT);
  }

  /**
   * The client for the host and port of a URL.
   *
   * @param verified whether its certificate must be valid
   */
  OkHttpClient of(HttpUrl url, boolean verified) {
    String key = url.scheme() + " " + url.host() + " " + url.port() + " " + verified;
    OkHttpClient known = clients.get(key);
    if (known != null) {
      return known;
    }
    OkHttpClient.Builder builder = (url.isHttps() ? secure() : common()).newBuilder();
    tls.apply(builder, url, verified);
    proxies.apply(builder, url);
    OkHttpClient made = builder.build();
    if (clients.size() >= MAX_HOSTS) {
      // Redirects may lead to any number of hosts.
      clients.clear();
    }
    OkHttpClient first = clients.putIfAbsent(key, made);
    return first != null ? first : made;
  }

  private OkHttpClient common() {
    OkHttpClient known = common.get();
    if (known != null) {
      return known;
    }
    OkHttpClient made = making.get();
    return common.compareAndSet(null, made) ? made : Objects.requireNonNull(common.get());
  }

  /** Two that are made at once are alike. */
  private OkHttpClient secure() {
    OkHttpClient known = secure;
    if (known == null) {
      known = common().newBuilder().connectionSpecs(List.of(ConnectionSpec.MODERN_TLS)).build();
      secure = known;
    }
    return known;
  }

  /** Ends idle connections. */
  void close() {
    OkHttpClient made = common.get();
    if (made != null) {
      made.connectionPool().evictAll();
    }
  }
}
