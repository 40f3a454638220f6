package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.manifest;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);
  private static final String NAME = "registry.example:5000";
  private static final ImageReference REFERENCE = ImageReference.parse(NAME + "/app:1");
  private static final String LOGIN = "joe:s3cret";

  private final Map<String, Integer> ports = new HashMap<>();
  private FakeRegistry registry;
  private TestProxy proxy;

  @AfterEach
  void close() throws IOException {
    if (registry != null) {
      registry.close();
    }
    if (proxy != null) {
      proxy.close();
    }
  }

  private RegistryClient.Builder start(boolean tls, String login) throws IOException {
    registry =
        tls
            ? FakeRegistry.answeringOverTls(ProxiesTest::answer)
            : FakeRegistry.answering(ProxiesTest::answer);
    ports.put(NAME, HttpUrl.get(registry.url("/")).port());
    proxy = new TestProxy(ports, login);
    RegistryClient.Builder client = registry.client();
    return tls ? client.https(NAME) : client.plainHttp(NAME);
  }

  private static MockResponse answer(RecordedRequest request) {
    return switch (request.getMethod()) {
      case "POST" -> new MockResponse.Builder().code(202).addHeader("Location", "/up").build();
      case "PUT" -> status(201);
      default -> manifest(MANIFEST).build();
    };
  }

  private void use(RegistryClient.Builder builder, String url) {
    byte[] blob = {1, 2, 3};
    try (RegistryClient client = builder.proxies(ProxySettings.of(url)).build()) {
      assertThat(client.resolve(REFERENCE)).isEqualTo(DESCRIPTOR);
      assertThat(client.manifest(REFERENCE, DESCRIPTOR)).isEqualTo(MANIFEST);
      client.putBlob(REFERENCE, FakeRegistry.blob(blob), new ByteArrayInputStream(blob));
    }
  }

  @Nested
  class AnHttpProxy {
    @Test
    void tunnelsHttps() throws IOException {
      use(start(true, ""), proxyUrl("http", ""));
      assertThat(proxy.asked).containsOnly("CONNECT " + NAME + " ");
    }

    @Test
    void passesPlainHttpOn() throws IOException {
      use(start(false, ""), proxyUrl("http", ""));
      assertThat(proxy.asked)
          .contains("HEAD http://" + NAME + "/v2/app/manifests/1 ")
          .hasSize(registry.requests.size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void getsTheCredentialsOfItsUrlAndTheRegistryDoesNot(boolean tls) throws IOException {
      use(start(tls, LOGIN), proxyUrl("http", "joe:s3c%72et@"));
      assertThat(proxy.asked).isNotEmpty().allMatch(line -> line.contains("Proxy-Authorization"));
      assertThat(registry.requests)
          .allMatch(request -> request.getHeaders().get("Proxy-Authorization") == null)
          .allMatch(request -> request.getHeaders().get("Authorization") == null);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thatRefusesIsAnErrorWithoutThePassword(boolean tls) throws IOException {
      RegistryClient.Builder builder = start(tls, LOGIN);
      RuncibleException failure = failure(builder, proxyUrl("http", "joe:wr0ng@"));
      assertThat(failure)
          .hasMessageContaining(tls ? "Failed to authenticate with proxy" : "407")
          .hasMessageNotContaining("wr0ng");
    }

    @Test
    void thatDoesNotReachTheRegistryIsAnError() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      ports.clear();
      assertThat(failure(builder, proxyUrl("http", "")).kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    }
  }

  @Nested
  class ASocksProxy {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resolvesTheNames(boolean tls) throws IOException {
      use(start(tls, ""), proxyUrl("socks5", ""));
      assertThat(proxy.asked).isNotEmpty().containsOnly("CONNECT " + NAME + " ");
    }

    @Test
    void getsTheCredentialsOfItsUrl() throws IOException {
      use(start(true, LOGIN), proxyUrl("socks5h", LOGIN + "@"));
      assertThat(proxy.asked).containsOnly("CONNECT " + NAME + " " + LOGIN);
    }

    @Test
    void thatRefusesIsAnErrorWithoutThePassword() throws IOException {
      RegistryClient.Builder builder = start(true, LOGIN);
      assertThat(failure(builder, proxyUrl("socks5", "joe:wr0ng@")))
          .hasMessageContaining("refuses the user or the password")
          .hasMessageNotContaining("wr0ng");
      assertThat(failure(builder, proxyUrl("socks5", "")))
          .hasMessageContaining("wants a login that is not given");
    }

    @Test
    void thatDoesNotReachTheRegistrySaysSo() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      ports.clear();
      assertThat(failure(builder, proxyUrl("socks5", ""))).hasMessageContaining("host unreachable");
    }
  }

  private String proxyUrl(String scheme, String user) {
    return proxy.url(scheme, user);
  }

  private RuncibleException failure(RegistryClient.Builder builder, String url) {
    try (RegistryClient client = builder.attempts(1).proxies(ProxySettings.of(url)).build()) {
      return catchThrowableOfType(RuncibleException.class, () -> client.resolve(REFERENCE));
    }
  }

  @Nested
  class AUrl {
    @ParameterizedTest
    @CsvSource({
      "proxy.example:3128,false,proxy.example,3128",
      "http://proxy.example,false,proxy.example,80",
      "socks5://proxy.example,true,proxy.example,1080",
      "SOCKS5H://[::1]:99,true,::1,99"
    })
    void saysWhereTheProxyIs(String url, boolean socks, String host, int port) {
      ProxyServer server = ProxyServer.parse(url, "X");
      assertThat(server.socks()).isEqualTo(socks);
      assertThat(server.host()).isEqualTo(host);
      assertThat(server.port()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "http://s3cret:@",
          "http://s3cret^@proxy.example",
          "ftp://u:s3cret@proxy.example",
          "http://u:s3cret@proxy.example:99999",
          "http://u:s3cret%0a@proxy.example",
          "http://u:s3cret%zz@proxy.example"
        })
    void thatIsNoneIsRefusedAndNotQuoted(String url) {
      RuncibleException failure =
          catchThrowableOfType(RuncibleException.class, () -> ProxySettings.of(url));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageNotContaining("s3cret").hasNoCause();
    }

    @Test
    void ofAnUnknownKindIsUnsupported() {
      for (String scheme : new String[] {"https", "socks4"}) {
        assertThat(
                catchThrowableOfType(
                        RuncibleException.class,
                        () -> ProxySettings.of(scheme + "://proxy.example"))
                    .kind())
            .isEqualTo(ErrorKind.UNSUPPORTED);
      }
    }

    @Test
    void hasNoPasswordInItsText() {
      assertThat(ProxyServer.parse("http://u:s3cret@proxy.example", "X").toString())
          .doesNotContain("s3cret");
    }
  }

  @Nested
  class Exceptions {
    @ParameterizedTest
    @CsvSource({
      "'*', https://a.example/",
      "a.example, https://a.example/",
      "a.example, https://b.a.example/",
      ".a.example, https://b.a.example/",
      "*.a.example, https://b.a.example/",
      "'x, A.Example', https://a.example/",
      "'x a.example', https://a.example/",
      "a.example:443, https://a.example/",
      "a.example:5000, https://b.a.example:5000/",
      "10.1.2.3, https://10.1.2.3/",
      "10.1.2.3:5000, https://10.1.2.3:5000/",
      "10.0.0.0/8, https://10.200.0.1/",
      "0.0.0.0/0, https://10.200.0.1/",
      "fd00::/8, https://[fd12::1]/",
      "fd00::1, https://[fd00:0::1]/",
      "[fd00::1]:5000, https://[fd00::1]:5000/"
    })
    void cover(String entries, String url) {
      assertThat(NoProxy.parse(entries).covers(HttpUrl.get(url))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
      "'', https://a.example/",
      "a.example, https://ba.example/",
      ".a.example, https://a.example/",
      "a.example:5000, https://a.example/",
      "10.0.0.0/8, https://11.0.0.1/",
      "10.0.0.0/8, https://a.example/",
      "10.0.0.0/8, https://[fd00::1]/",
      "10.0.0.0/33, https://10.0.0.1/",
      "10.0.0.0/x, https://10.0.0.1/",
      "a/8, https://10.0.0.1/",
      "fd00::/8, https://[fe00::1]/",
      "':', https://a.example/",
      "'[', https://a.example/",
      "'[]', https://a.example/"
    })
    void doNotCover(String entries, String url) {
      assertThat(NoProxy.parse(entries).covers(HttpUrl.get(url))).isFalse();
    }

    @Test
    void goWithASetting() throws IOException {
      RegistryClient.Builder builder = start(false, "").attempts(1);
      ProxySettings settings = ProxySettings.of(proxyUrl("http", ""));
      try (RegistryClient client = builder.proxies(settings.except(".example")).build()) {
        // The name has no address without the proxy.
        assertThat(
                catchThrowableOfType(RuncibleException.class, () -> client.resolve(REFERENCE))
                    .kind())
            .isEqualTo(ErrorKind.UNAVAILABLE);
      }
      assertThat(proxy.asked).isEmpty();
    }

    @Test
    void areLoopbackAddressesAlways() throws IOException {
      RegistryClient.Builder builder = start(false, "");
      try (RegistryClient client =
          builder.proxies(ProxySettings.of(proxyUrl("http", ""))).build()) {
        client.resolve(registry.reference("app:1"));
      }
      assertThat(proxy.asked).isEmpty();
    }
  }

  @Nested
  class TheEnvironment {
    private void use(RegistryClient.Builder builder, Map<String, String> variables) {
      try (RegistryClient client =
          builder.attempts(1).proxies(ProxySettings.environment(variables)).build()) {
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> client.resolve(REFERENCE));
        // The name has no address without the proxy.
        assertThat(failure == null).isEqualTo(!proxy.asked.isEmpty());
      }
    }

    @ParameterizedTest
    @CsvSource({
      "true,HTTPS_PROXY,true",
      "true,https_proxy,true",
      "true,ALL_PROXY,true",
      "true,all_proxy,true",
      "true,HTTP_PROXY,false",
      "false,HTTP_PROXY,true",
      "false,http_proxy,true",
      "false,HTTPS_PROXY,false"
    })
    void namesAProxyForAScheme(boolean tls, String variable, boolean used) throws IOException {
      RegistryClient.Builder builder = start(tls, "");
      use(builder, Map.of(variable, proxyUrl("http", "")));
      assertThat(proxy.asked.isEmpty()).isEqualTo(!used);
    }

    @ParameterizedTest
    @ValueSource(strings = {"NO_PROXY", "no_proxy"})
    void namesExceptions(String variable) throws IOException {
      RegistryClient.Builder builder = start(true, "");
      use(builder, Map.of("HTTPS_PROXY", proxyUrl("http", ""), variable, "registry.example"));
      assertThat(proxy.asked).isEmpty();
    }

    @Test
    void goesForTheSchemeBeforeAll() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      use(
          builder,
          Map.of("HTTPS_PROXY", proxyUrl("socks5", ""), "ALL_PROXY", "http://127.0.0.1:1"));
      assertThat(proxy.asked).isNotEmpty();
    }

    @Test
    void thatNamesNoProxyIsAnErrorThatNamesTheVariable() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      ProxySettings broken = ProxySettings.environment(Map.of("HTTPS_PROXY", "gopher://x"));
      try (RegistryClient client = builder.proxies(broken).build()) {
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> client.resolve(REFERENCE));
        assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
        assertThat(failure).hasMessageContaining("HTTPS_PROXY");
      }
    }
  }

  @Nested
  class TheJvm {
    @Test
    void namesAProxyInItsPropertiesThatGoBeforeTheEnvironment() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      HttpUrl url = HttpUrl.get(proxyUrl("http", ""));
      System.setProperty("https.proxyHost", url.host());
      System.setProperty("https.proxyPort", Integer.toString(url.port()));
      try (RegistryClient client =
          builder
              .proxies(ProxySettings.environment(Map.of("HTTPS_PROXY", "http://127.0.0.1:1")))
              .build()) {
        assertThat(client.resolve(REFERENCE)).isEqualTo(DESCRIPTOR);
      } finally {
        System.clearProperty("https.proxyHost");
        System.clearProperty("https.proxyPort");
      }
      assertThat(proxy.asked).containsOnly("CONNECT " + NAME + " ");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void namesASocksProxyInItsProperties(boolean tls) throws IOException {
      RegistryClient.Builder builder = start(tls, "");
      HttpUrl url = HttpUrl.get(proxyUrl("http", ""));
      System.setProperty("socksProxyHost", url.host());
      System.setProperty("socksProxyPort", Integer.toString(url.port()));
      try (RegistryClient client =
          builder
              .proxies(ProxySettings.environment(Map.of("ALL_PROXY", "http://127.0.0.1:1")))
              .build()) {
        assertThat(client.resolve(REFERENCE)).isEqualTo(DESCRIPTOR);
      } finally {
        System.clearProperty("socksProxyHost");
        System.clearProperty("socksProxyPort");
      }
      assertThat(proxy.asked).containsOnly("CONNECT " + NAME + " ");
    }

    @Test
    void namesHostsWithoutAProxyInItsProperties() throws IOException {
      RegistryClient.Builder builder = start(true, "");
      HttpUrl url = HttpUrl.get(proxyUrl("http", ""));
      System.setProperty("https.proxyHost", url.host());
      System.setProperty("https.proxyPort", Integer.toString(url.port()));
      System.setProperty("http.nonProxyHosts", "*.example");
      try (RegistryClient client =
          builder.proxies(ProxySettings.environment(Map.of())).attempts(1).build()) {
        // Without the proxy, nobody knows the name.
        assertThat(catchThrowableOfType(RuncibleException.class, () -> client.resolve(REFERENCE)))
            .hasMessageContaining("no known address");
      } finally {
        System.clearProperty("https.proxyHost");
        System.clearProperty("https.proxyPort");
        System.clearProperty("http.nonProxyHosts");
      }
      assertThat(proxy.asked).isEmpty();
    }
  }
}
