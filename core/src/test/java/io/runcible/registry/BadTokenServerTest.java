package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.manifest;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a token server may do wrong, or a registry that names one. */
class BadTokenServerTest extends ChallengingRegistry {
  private RuncibleException failure(MockResponse answer) {
    registry = FakeRegistry.answering(tokens(request -> answer));
    return failure(withPassword());
  }

  @Test
  void thatRefusesTheCredentialsIsQuoted() {
    RuncibleException failure = failure(error(401, "UNAUTHORIZED", "incorrect password"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
    assertThat(failure)
        .hasMessageContaining("the token server " + registry.url(""))
        .hasMessageContaining("refused the credentials")
        .hasMessageContaining("incorrect password")
        .hasMessageNotContaining(SECRET);
  }

  @Test
  void thatIsDownIsUnavailableAfterSeveralTries() {
    RuncibleException failure = failure(status(502));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(tokenRequests()).hasSize(3);
  }

  @Test
  void thatSendsNoUsableTokenIsRefused() {
    for (String body :
        List.of(
            "",
            "{}",
            "[]",
            "{\"token\":1}",
            "{\"token\":\"a\\r\\nX-Header: b\"}",
            "{\"token\":\"ä\"}",
            "{\"token\":\"" + "x".repeat(70_000) + "\"}")) {
      assertThat(failure(json(body)).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      registry.close();
    }
  }

  @Test
  void thatTellsAStrangeLifeGetsTheUsualOne() {
    for (String life : List.of("-1", "0", "\"x\"", "1e99", "null")) {
      registry =
          FakeRegistry.answering(
              tokens(request -> json("{\"token\":\"t1\",\"expires_in\":" + life + "}")));
      try (RegistryClient client = registry.client().build()) {
        resolve(client, "team/app:1");
        registry.clock.advance(Duration.ofSeconds(50));
        resolve(client, "team/app:1");
        assertThat(tokenRequests()).hasSize(1);
        registry.clock.advance(Duration.ofSeconds(10));
        resolve(client, "team/app:1");
        assertThat(tokenRequests()).hasSize(2);
      }
      registry.close();
    }
  }

  @Test
  void onPlainHttpForAnHttpsRegistryGetsNothing() {
    try (FakeRegistry plain = FakeRegistry.answering(request -> issue())) {
      registry =
          FakeRegistry.answeringOverTls(
              request -> challenge("Bearer realm=\"" + plain.url("/token") + "\""));
      RuncibleException failure = failure(withPassword());
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(failure).hasMessageContaining("plain HTTP");
      assertThat(plain.requests).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void thatRedirectsElsewhereDoesNotTakeAnIdentityTokenThere(int status) {
    try (FakeRegistry other = FakeRegistry.answering(request -> issue())) {
      registry =
          FakeRegistry.answering(
              tokens(
                  request ->
                      new MockResponse.Builder()
                          .code(status)
                          .addHeader("Location", other.urlElsewhere("/token"))
                          .build()));
      RuncibleException failure =
          failure(
              registry
                  .client()
                  .credentials(registry.name(), Credentials.identityToken(SECRET))
                  .build());
      assertThat(failure.getMessage()).contains("status " + status).doesNotContain(SECRET);
      assertThat(other.requests).isEmpty();
    }
  }

  /** What a registry asks for counts for its own token only, whatever else it could open. */
  @Test
  void thatGivesMoreThanWasAskedForOpensNothingElse() {
    registry =
        FakeRegistry.answering(
            request ->
                isToken(request)
                    ? issue()
                    : authorization(request).equals("none")
                        ? challenge(bearer("repository:team/app:pull repository:other:pull"))
                        : manifest(MANIFEST).build());
    try (RegistryClient client = withPassword()) {
      resolve(client, "team/app:1");
      resolve(client, "other:1");
    }
    assertThat(tokenRequests()).hasSize(2);
    assertThat(tokenRequests().get(1).getTarget())
        .contains("repository%3Aother%3Apull")
        .doesNotContain("team");
  }

  @Test
  void thatRedirectsElsewhereDoesNotTakeThePasswordThere() {
    try (FakeRegistry other = FakeRegistry.answering(request -> issue())) {
      registry =
          FakeRegistry.answering(
              tokens(request -> FakeRegistry.redirect(other.urlElsewhere("/token"))));
      try (RegistryClient client = withPassword()) {
        resolve(client, "team/app:1");
      }
      assertThat(other.requests)
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none");
    }
  }

  @Test
  void thatChangesGetsNothing() {
    try (FakeRegistry other = FakeRegistry.answering(request -> issue())) {
      registry =
          FakeRegistry.answering(
              request ->
                  isToken(request)
                      ? issue()
                      : authorization(request).equals("Bearer t1")
                              && request.getTarget().contains("/app/")
                          ? manifest(MANIFEST).build()
                          : challenge(
                              request.getTarget().contains("/app/")
                                  ? bearer("repository:team/app:pull")
                                  : "Bearer realm=\"" + other.url("/token") + "\""));
      try (RegistryClient client = withPassword()) {
        resolve(client, "team/app:1");
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> resolve(client, "team/trap:1"));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
        assertThat(failure).hasMessageContaining("changed its token server");
      }
      assertThat(other.requests).isEmpty();
    }
  }

  @Test
  void onAnotherHostOverHttpsGetsThePassword() {
    try (FakeRegistry other = FakeRegistry.answeringOverTls(request -> issue())) {
      registry =
          FakeRegistry.answeringOverTls(
              request ->
                  authorization(request).equals("Bearer t1")
                      ? manifest(MANIFEST).build()
                      : challenge("Bearer realm=\"" + other.urlElsewhere("/token") + "\""));
      try (RegistryClient client = withPassword()) {
        resolve(client, "team/app:1");
      }
      assertThat(other.requests)
          .extracting(AuthenticationTest::authorization)
          .containsExactly(BASIC);
    }
  }

  @Test
  void onAnotherHostOverPlainHttpGetsNoCredentials() throws IOException {
    try (FakeRegistry trap = FakeRegistry.answering(request -> issue());
        TestProxy names =
            new TestProxy(Map.of("trap.example:80", HttpUrl.get(trap.url("/")).port()), "")) {
      registry =
          FakeRegistry.answering(
              request -> challenge("Bearer realm=\"http://trap.example/token\""));
      for (Credentials secret :
          List.of(Credentials.basic("joe", SECRET), Credentials.identityToken(SECRET))) {
        RuncibleException failure =
            failure(
                registry
                    .client()
                    .proxies(ProxySettings.of(names.url("socks5", "")))
                    .credentials(registry.name(), secret)
                    .build());
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
        assertThat(failure)
            .hasMessageContaining("token server on another host over plain HTTP")
            .hasMessageContaining("http://trap.example")
            .hasMessageNotContaining(SECRET);
      }
      assertThat(names.asked).isEmpty();
      assertThat(trap.requests).isEmpty();
    }
  }

  @Test
  void onThisMachineGetsNothingForAPlainRegistryElsewhere() throws IOException {
    try (FakeRegistry trap = FakeRegistry.answering(request -> issue())) {
      registry =
          FakeRegistry.answering(
              request -> challenge("Bearer realm=\"" + trap.url("/token") + "\""));
      int port = HttpUrl.get(registry.url("/")).port();
      try (TestProxy names = new TestProxy(Map.of("registry.example:5000", port), "");
          RegistryClient client =
              registry
                  .client()
                  .plainHttp("registry.example:5000")
                  .proxies(ProxySettings.of(names.url("socks5", "")))
                  .credentials("registry.example:5000", Credentials.basic("joe", SECRET))
                  .build()) {
        RuncibleException failure =
            catchThrowableOfType(
                RuncibleException.class,
                () -> client.resolve(ImageReference.parse("registry.example:5000/team/app:1")));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      }
      assertThat(trap.requests).isEmpty();
      assertThat(registry.requests)
          .extracting(AuthenticationTest::authorization)
          .containsOnly("none");
    }
  }

  @Test
  void thatChangesLaterGetsNothingEvenOverHttps() {
    AtomicInteger challenges = new AtomicInteger();
    try (FakeRegistry trap = FakeRegistry.answeringOverTls(request -> issue())) {
      registry =
          FakeRegistry.answeringOverTls(
              request -> {
                if (isToken(request)) {
                  return issue();
                }
                if (authorization(request).startsWith("Bearer")
                    && request.getTarget().contains("/app/")) {
                  return manifest(MANIFEST).build();
                }
                String realm =
                    challenges.incrementAndGet() == 1 ? registry.url("/token") : trap.url("/token");
                return challenge("Bearer realm=\"" + realm + "\"");
              });
      try (RegistryClient client = withPassword()) {
        resolve(client, "team/app:1");
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> resolve(client, "team/trap:1"));
        assertThat(failure).hasMessageContaining("changed its token server");
      }
      assertThat(trap.requests).isEmpty();
    }
  }

  @Test
  void thatARedirectLeadsToIsNotAsked() {
    try (FakeRegistry trap =
        FakeRegistry.answeringOverTls(
            request ->
                isToken(request)
                    ? issue()
                    : challenge(
                        "Bearer realm=\"https://" + request.getHeaders().get("Host") + "/token\"",
                        "Basic realm=x"))) {
      registry =
          FakeRegistry.answeringOverTls(
              request -> FakeRegistry.redirect(trap.url(request.getTarget())));
      assertThat(failure(withPassword()).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(trap.requests)
          .allMatch(request -> !isToken(request))
          .extracting(AuthenticationTest::authorization)
          .containsOnly("none");
    }
  }

  @Test
  void withoutAnAddressIsAnError() {
    for (String realm : List.of("", "realm=\"file:///etc/passwd\"", "realm=\"not a url\"")) {
      registry = FakeRegistry.answering(request -> challenge("Bearer " + realm));
      assertThat(failure(withPassword()).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      registry.close();
    }
  }
}
