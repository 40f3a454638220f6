package io.runcible.registry;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  /** With these, the library does not load the authorities that the JVM trusts. */
  static final List<ConnectionSpec> PLAIN = List.of(ConnectionSpec.CLEARTEXT);

  private static final List<ConnectionSpec> SECURE = List.of(ConnectionSpec.MODERN_TLS);
  private static final int MAX_HOSTS = 256;

  private final OkHttpClient common;

  /** Knows the authorities: made when the first secure connection is. */
  private volatile @Nullable OkHttpClient secure;

  private final TlsSettings tls;
  private final ProxySettings proxies;
  private final Map<String, OkHttpClient> clients = new ConcurrentHashMap<>();

  /**
   * Makes no client yet.
   *
   * @param common what they have in common; for {@link #PLAIN} connections
   */
  HttpClients(OkHttpClient common, TlsSettings tls, ProxySettings proxies) {
    this.common = common;
    this.tls = tls;
    this.proxies = proxies;
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
    OkHttpClient.Builder builder = (url.isHttps() ? secure() : common).newBuilder();
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

  /** Two that are made at once are alike. */
  private OkHttpClient secure() {
    OkHttpClient known = secure;
    if (known == null) {
      known = common.newBuilder().connectionSpecs(SECURE).build();
      secure = known;
    }
    return known;
  }

  /** Ends idle connections and the calls under way. */
  void close() {
    common.dispatcher().cancelAll();
    common.connectionPool().evictAll();
  }
}
