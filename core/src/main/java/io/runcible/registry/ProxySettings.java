package io.runcible.registry;

import io.runcible.RuncibleException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import okhttp3.Authenticator;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;

/**
 * Through which proxies registries are reached. Proxies of HTTP and of SOCKS 5 are known, as URLs:
 * {@code http://user:password@proxy.example:3128}, {@code socks5://proxy.example:1080}; a user and
 * a password in it are percent-encoded. A SOCKS proxy resolves the names. Loopback addresses are
 * never reached through a proxy.
 *
 * <p>Immutable and thread-safe; passwords are in no text form of it.
 */
public final class ProxySettings {
  private final Function<HttpUrl, Optional<Route>> choice;
  private final NoProxy exceptions;

  /** Makes a client go through a proxy. */
  @FunctionalInterface
  private interface Route {
    void apply(OkHttpClient.Builder client);
  }

  private ProxySettings(Function<HttpUrl, Optional<Route>> choice, NoProxy exceptions) {
    this.choice = choice;
    this.exceptions = exceptions;
  }

  /**
   * What the JVM and the environment of this process say. If a system property names a proxy for
   * the scheme ({@code https.proxyHost}, {@code http.proxyHost}, {@code socksProxyHost}), the JVM's
   * properties alone decide. Otherwise {@code HTTPS_PROXY} or {@code HTTP_PROXY}, by the scheme of
   * the registry, then {@code ALL_PROXY}, except for the hosts in {@code NO_PROXY}; each also in
   * lower case. Without them, the JVM's {@link ProxySelector} is asked.
   *
   * <p>A variable that names no usable proxy is an error of the first operation that needs it.
   */
  public static ProxySettings host() {
    return environment(System.getenv());
  }

  static ProxySettings environment(Map<String, String> variables) {
    NoProxy exceptions = NoProxy.parse(variable(variables, "NO_PROXY").orElse(""));
    return new ProxySettings(
        url -> {
          if (System.getProperty(url.scheme() + ".proxyHost") != null
              || System.getProperty("socksProxyHost") != null) {
            return Optional.of(ProxySettings::throughJvm);
          }
          String name = url.scheme().toUpperCase(Locale.ROOT) + "_PROXY";
          String used = variable(variables, name).isPresent() ? name : "ALL_PROXY";
          Optional<String> proxy = variable(variables, used);
          if (proxy.isEmpty()) {
            return Optional.of(ProxySettings::throughJvm);
          }
          return exceptions.covers(url)
              ? Optional.empty()
              : Optional.of(ProxyServer.parse(proxy.get(), used)::apply);
        },
        NoProxy.NONE);
  }

  private static Optional<String> variable(Map<String, String> variables, String name) {
    return Optional.ofNullable(variables.get(name))
        .filter(value -> !value.isBlank())
        .or(() -> Optional.ofNullable(variables.get(name.toLowerCase(Locale.ROOT))))
        .map(String::trim)
        .filter(value -> !value.isEmpty());
  }

  /** The library does it so by default, but it would not ask for a password. */
  private static void throughJvm(OkHttpClient.Builder client) {
    client.proxyAuthenticator(Authenticator.JAVA_NET_AUTHENTICATOR);
  }

  /** No proxy, whatever the JVM and the environment say. */
  public static ProxySettings none() {
    return new ProxySettings(url -> Optional.empty(), NoProxy.NONE);
  }

  /**
   * One proxy for all registries.
   *
   * @throws RuncibleException INVALID_INPUT when it is not the URL of a proxy, UNSUPPORTED when it
   *     is of a kind other than {@code http} and {@code socks5}
   */
  public static ProxySettings of(String url) {
    ProxyServer server = ProxyServer.parse(url, "the settings");
    return new ProxySettings(any -> Optional.of(server::apply), NoProxy.NONE);
  }

  /**
   * The same with other exceptions.
   *
   * @param hosts as in {@code NO_PROXY}: a list with commas of {@code example} (that host and those
   *     below it), {@code .example} (those below it), addresses, networks such as {@code
   *     10.0.0.0/8}, hosts with a port, or {@code *}. An entry that is none of these stands for no
   *     host
   */
  public ProxySettings except(String hosts) {
    return new ProxySettings(choice, NoProxy.parse(hosts));
  }

  /** Sets up a client that connects to the host and port of this URL only. */
  void apply(OkHttpClient.Builder client, HttpUrl url) {
    Optional<Route> route =
        RegistryEndpoint.isLoopback(url) || exceptions.covers(url)
            ? Optional.empty()
            : choice.apply(url);
    if (route.isPresent()) {
      route.get().apply(client);
    } else {
      client.proxy(Proxy.NO_PROXY);
    }
  }
}
