package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/**
 * A proxy as its URL says. The password is in no text form of it.
 *
 * @param socks whether it speaks SOCKS 5 rather than HTTP
 * @param host its name or address
 * @param port its port
 * @param credentials what it wants to see; for HTTP as a header
 */
record ProxyServer(boolean socks, String host, int port, Optional<Login> credentials) {
  private static final int HTTP_PORT = 80;
  private static final int SOCKS_PORT = 1080;
  private static final String HEADER = "Proxy-Authorization";

  /** A user with a password. */
  record Login(String username, String password) {
    @Override
    public String toString() {
      return "Login[user and password]";
    }
  }

  /**
   * Reads a URL; without a scheme it is HTTP.
   *
   * @param from where it comes from, for the message
   */
  static ProxyServer parse(String url, String from) {
    URI uri;
    try {
      uri = new URI(url.contains("://") ? url : "http://" + url);
    } catch (URISyntaxException e) {
      // The cause would quote the password.
      throw invalid(from, "is not a URL");
    }
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    boolean socks =
        switch (scheme) {
          case "http" -> false;
          case "socks", "socks5", "socks5h" -> true;
          case "https", "socks4", "socks4a" ->
              throw new RuncibleException(
                  ErrorKind.UNSUPPORTED,
                  "the proxy in " + from + " is of the kind " + scheme + "; http and socks5 work");
          default -> throw invalid(from, "has a scheme that is neither http nor socks5");
        };
    String host = uri.getHost();
    if (host == null || uri.getPort() > 0xffff || uri.getPort() == 0) {
      throw invalid(from, "names no host, or no port from 1 to 65535");
    }
    int usual = socks ? SOCKS_PORT : HTTP_PORT;
    return new ProxyServer(
        socks,
        host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
        uri.getPort() < 0 ? usual : uri.getPort(),
        Optional.ofNullable(uri.getRawUserInfo()).map(info -> login(info, from)));
  }

  private static Login login(String info, String from) {
    int colon = info.indexOf(':');
    String user = colon < 0 ? info : info.substring(0, colon);
    String password = colon < 0 ? "" : info.substring(colon + 1);
    Login login = new Login(decoded(user), decoded(password));
    if (login.username().indexOf(':') >= 0
        || (login.username() + login.password()).chars().anyMatch(Character::isISOControl)) {
      throw invalid(from, "has a user or a password with a character that cannot be sent");
    }
    return login;
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static RuncibleException invalid(String from, String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, "the proxy in " + from + " " + reason);
  }

  /** Makes a client go through this proxy. */
  void apply(OkHttpClient.Builder client) {
    if (socks) {
      client
          .proxy(Proxy.NO_PROXY)
          .dns(SocksSockets.NAMES)
          .socketFactory(new SocksSockets(this, new InterruptibleDns()));
      return;
    }
    client.proxy(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port)));
    credentials
        .flatMap(login -> Credentials.basic(login.username(), login.password()).basicHeader())
        .ifPresent(header -> authorize(client, header));
  }

  /** A tunnel is asked for with the header; what is not tunnelled has it in each request. */
  private static void authorize(OkHttpClient.Builder client, String header) {
    client.proxyAuthenticator(
        (route, response) ->
            response.request().header(HEADER) != null
                ? null
                : response.request().newBuilder().header(HEADER, header).build());
    client.addNetworkInterceptor(
        chain -> {
          Request request = chain.request();
          return chain.proceed(
              request.isHttps() ? request : request.newBuilder().header(HEADER, header).build());
        });
  }
}
