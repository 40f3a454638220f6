package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.manifest;
import static io.runcible.registry.FakeRegistry.status;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthenticationTest {
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);
  private static final String SECRET = "s3cret";
  private static final String BASIC =
      "Basic " + Base64.getEncoder().encodeToString("joe:s3cret".getBytes(UTF_8));

  private final AtomicInteger issued = new AtomicInteger();
  private FakeRegistry registry;

  @AfterEach
  void close() {
    registry.close();
  }

  private static String authorization(RecordedRequest request) {
    return Optional.ofNullable(request.getHeaders().get("Authorization")).orElse("none");
  }

  private static MockResponse challenge(String... challenges) {
    MockResponse.Builder response =
        new MockResponse.Builder()
            .code(401)
            .body("{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"log in\"}]}");
    for (String challenge : challenges) {
      response.addHeader("WWW-Authenticate", challenge);
    }
    return response.build();
  }

  private static boolean isToken(RecordedRequest request) {
    return request.getTarget().startsWith("/token");
  }

  private String bearer(String scope) {
    return "Bearer realm=\""
        + registry.url("/token")
        + "\",service=\"registry.example\",scope=\""
        + scope
        + "\"";
  }

  /** A registry that takes any token of its token server, which is another path of it. */
  private Function<RecordedRequest, MockResponse> tokens(
      Function<RecordedRequest, MockResponse> tokenServer) {
    return request -> {
      if (isToken(request)) {
        return tokenServer.apply(request);
      }
      return authorization(request).startsWith("Bearer t")
          ? manifest(MANIFEST).build()
          : challenge(bearer("repository:team/app:pull"));
    };
  }

  private MockResponse issue() {
    return json("{\"token\":\"t" + issued.incrementAndGet() + "\",\"expires_in\":300}");
  }

  private RegistryClient withPassword() {
    return registry.client().credentials(registry.name(), Credentials.basic("joe", SECRET)).build();
  }

  private Descriptor resolve(RegistryClient client, String rest) {
    return client.resolve(registry.reference(rest));
  }

  private RuncibleException failure(RegistryClient client) {
    try (client) {
      return catchThrowableOfType(RuncibleException.class, () -> resolve(client, "team/app:1"));
    }
  }

  private List<RecordedRequest> tokenRequests() {
    return registry.requests.stream().filter(AuthenticationTest::isToken).toList();
  }

  @Nested
  class Passwords {
    @Test
    void areSentAfterAChallengeAndThenAtOnce() {
      registry =
          FakeRegistry.answering(
              request ->
                  authorization(request).equals(BASIC)
                      ? manifest(MANIFEST).build()
                      : challenge("Basic realm=\"x\""));
      try (RegistryClient client = withPassword()) {
        assertThat(resolve(client, "team/app:1")).isEqualTo(DESCRIPTOR);
        assertThat(resolve(client, "team/app:2")).isEqualTo(DESCRIPTOR);
      }
      assertThat(registry.requests)
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none", BASIC, BASIC);
    }

    @Test
    void ofAnotherRegistryAreNotSent() {
      registry = FakeRegistry.answering(request -> challenge("Basic realm=x"));
      RegistryClient client =
          registry
              .client()
              .credentials("registry.example", Credentials.basic("joe", SECRET))
              .build();
      assertThat(failure(client).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(registry.requests)
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none");
    }

    @Test
    void thatAreWrongAreTriedOnceAndNotShown() {
      registry = FakeRegistry.answering(request -> challenge("Basic realm=x"));
      RuncibleException failure = failure(withPassword());
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(failure)
          .hasMessageContaining(registry.name() + " refused access to team/app")
          .hasMessageContaining("the credential store that was passed")
          .hasMessageNotContaining(SECRET)
          .hasMessageNotContaining(BASIC.substring(6));
      assertThat(registry.requests).hasSize(2);
    }

    @Test
    void thatAreMissingAreAskedForWithTheNextStep() {
      registry = FakeRegistry.answering(request -> challenge("Basic realm=x"));
      RuncibleException failure = failure(registry.client().build());
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(failure)
          .hasMessageContaining(registry.name() + " wants credentials for team/app")
          .hasMessageContaining("log in so that they are in the credential store");
    }

    @Test
    void areLookedUpAnewWhenTheyAreRefused() {
      AtomicInteger lookups = new AtomicInteger();
      registry =
          FakeRegistry.answering(
              request ->
                  authorization(request).equals("Basic " + base64("joe:2"))
                      ? manifest(MANIFEST).build()
                      : challenge("Basic realm=x"));
      CredentialStore changing =
          (registry, repository) ->
              Optional.of(Credentials.basic("joe", "" + lookups.incrementAndGet()));
      try (RegistryClient client = registry.client().credentialStore(changing).build()) {
        assertThat(catchThrowableOfType(RuncibleException.class, () -> resolve(client, "app:1")))
            .isNotNull();
        assertThat(resolve(client, "app:1")).isEqualTo(DESCRIPTOR);
      }
    }

    private String base64(String text) {
      return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    @Test
    void areNotAskedForWhenAccessIsDenied() {
      registry = FakeRegistry.answering(request -> error(403, "DENIED", "not yours"));
      RuncibleException failure = failure(withPassword());
      assertThat(failure.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
      assertThat(failure).hasMessageContaining("DENIED: not yours");
      assertThat(registry.requests)
          .extracting(AuthenticationTest::authorization)
          .containsOnly("none");
    }

    @Test
    void aRefusalThatOffersNothingIsARefusal() {
      registry = FakeRegistry.answering(request -> status(401));
      assertThat(failure(withPassword()).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void anUnknownWayToLogInIsUnsupported() {
      registry = FakeRegistry.answering(request -> challenge("Negotiate", "Digest realm=x"));
      RuncibleException failure = failure(withPassword());
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
      assertThat(registry.requests).hasSize(1);
    }
  }

  @Nested
  class Tokens {
    @Test
    void areFetchedAnonymously() {
      registry = FakeRegistry.answering(tokens(request -> issue()));
      try (RegistryClient client = registry.client().build()) {
        assertThat(resolve(client, "team/app:1")).isEqualTo(DESCRIPTOR);
      }
      HttpUrl asked = tokenRequests().get(0).getUrl();
      assertThat(asked.queryParameter("service")).isEqualTo("registry.example");
      assertThat(asked.queryParameter("scope")).isEqualTo("repository:team/app:pull");
      assertThat(authorization(tokenRequests().get(0))).isEqualTo("none");
      assertThat(registry.requests)
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none", "none", "Bearer t1");
    }

    @Test
    void areFetchedWithThePasswordWhichTheRegistryItselfDoesNotGet() {
      registry =
          FakeRegistry.answering(
              tokens(request -> authorization(request).equals(BASIC) ? issue() : status(401)));
      try (RegistryClient client = withPassword()) {
        assertThat(resolve(client, "team/app:1")).isEqualTo(DESCRIPTOR);
      }
      assertThat(registry.requests)
          .filteredOn(request -> !isToken(request))
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none", "Bearer t1");
    }

    @Test
    void areUsedAgainUntilShortlyBeforeTheyExpire() {
      registry = FakeRegistry.answering(tokens(request -> issue()));
      try (RegistryClient client = registry.client().build()) {
        resolve(client, "team/app:1");
        registry.clock.advance(Duration.ofSeconds(269));
        resolve(client, "team/app:1");
        assertThat(tokenRequests()).hasSize(1);
        registry.clock.advance(Duration.ofSeconds(2));
        resolve(client, "team/app:1");
        assertThat(tokenRequests()).hasSize(2);
      }
      assertThat(registry.requests)
          .filteredOn(request -> !isToken(request))
          .extracting(AuthenticationTest::authorization)
          .containsExactly("none", "Bearer t1", "Bearer t1", "Bearer t2");
    }

    @Test
    void areForOneRepository() {
      registry = FakeRegistry.answering(tokens(request -> issue()));
      try (RegistryClient client = registry.client().build()) {
        resolve(client, "team/app:1");
        resolve(client, "team/other:1");
      }
      assertThat(tokenRequests())
          .extracting(request -> request.getUrl().queryParameter("scope"))
          .containsExactly("repository:team/app:pull", "repository:team/other:pull");
    }

    @Test
    void forPushingAllowPushing() {
      registry =
          FakeRegistry.answering(
              request ->
                  isToken(request)
                      ? issue()
                      : authorization(request).equals("none")
                          ? challenge("Bearer realm=\"" + registry.url("/token") + "\"")
                          : new MockResponse.Builder().code(201).build());
      try (RegistryClient client = registry.client().build()) {
        client.putManifest(registry.reference("team/app:1"), DESCRIPTOR, MANIFEST);
      }
      assertThat(tokenRequests().get(0).getUrl().queryParameter("scope"))
          .isEqualTo("repository:team/app:pull,push");
    }

    @Test
    void thatTheRegistryNoLongerTakesAreRenewedOnce() {
      AtomicInteger revoked = new AtomicInteger();
      registry =
          FakeRegistry.answering(
              request ->
                  isToken(request)
                      ? issue()
                      : authorization(request).equals("Bearer t" + (revoked.get() + 1))
                          ? manifest(MANIFEST).build()
                          : challenge(bearer("repository:team/app:pull")));
      try (RegistryClient client = registry.client().build()) {
        resolve(client, "team/app:1");
        revoked.incrementAndGet();
        resolve(client, "team/app:1");
      }
      assertThat(tokenRequests()).hasSize(2);
    }

    @Test
    void thatAreRefusedAtOnceAreAnError() {
      registry =
          FakeRegistry.answering(
              request -> isToken(request) ? issue() : challenge(bearer("repository:x:pull")));
      RuncibleException failure;
      try (RegistryClient client = registry.client().build()) {
        failure =
            catchThrowableOfType(
                RuncibleException.class,
                () -> client.manifest(registry.reference("team/app:1"), DESCRIPTOR));
      }
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(failure)
          .hasMessageContaining("UNAUTHORIZED: log in")
          .hasMessageContaining("it may not exist")
          .hasMessageNotContaining("t1");
      assertThat(registry.requests).hasSize(3);
    }

    @Test
    void areFetchedOnceForManyThreads() throws Exception {
      int threads = 8;
      CyclicBarrier together = new CyclicBarrier(threads);
      registry =
          FakeRegistry.answering(
              request -> {
                if (!isToken(request) && authorization(request).equals("none")) {
                  await(together);
                }
                return tokens(r -> issue()).apply(request);
              });
      ExecutorService executor = Executors.newFixedThreadPool(threads);
      try (RegistryClient client = registry.client().build()) {
        List<Future<Descriptor>> results = new ArrayList<>();
        Callable<Descriptor> task = () -> resolve(client, "team/app:1");
        for (int i = 0; i < threads; i++) {
          results.add(executor.submit(task));
        }
        for (Future<Descriptor> result : results) {
          assertThat(result.get()).isEqualTo(DESCRIPTOR);
        }
      } finally {
        executor.shutdownNow();
      }
      assertThat(tokenRequests()).hasSize(1);
    }

    private void await(CyclicBarrier barrier) {
      try {
        barrier.await();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    @Test
    void areExchangedForAnIdentityToken() {
      registry = FakeRegistry.answering(tokens(request -> json("{\"access_token\":\"t1\"}")));
      try (RegistryClient client =
          registry
              .client()
              .credentials(registry.name(), Credentials.identityToken("id&t"))
              .build()) {
        resolve(client, "team/app:1");
      }
      RecordedRequest exchange = tokenRequests().get(0);
      assertThat(exchange.getMethod()).isEqualTo("POST");
      assertThat(exchange.getTarget()).isEqualTo("/token");
      assertThat(exchange.getBody().utf8())
          .contains("grant_type=refresh_token", "refresh_token=id%26t", "client_id=runcible")
          .contains("service=registry.example", "scope=repository%3Ateam%2Fapp%3Apull");
    }
  }

  @Nested
  class ABadTokenServer {
    private RuncibleException failure(MockResponse answer) {
      registry = FakeRegistry.answering(tokens(request -> answer));
      return AuthenticationTest.this.failure(withPassword());
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
        RuncibleException failure = AuthenticationTest.this.failure(withPassword());
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
            AuthenticationTest.this.failure(
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
              AuthenticationTest.this.failure(
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
                      challenges.incrementAndGet() == 1
                          ? registry.url("/token")
                          : trap.url("/token");
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
        assertThat(AuthenticationTest.this.failure(withPassword()).kind())
            .isEqualTo(ErrorKind.UNAUTHENTICATED);
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
        assertThat(AuthenticationTest.this.failure(withPassword()).kind())
            .isEqualTo(ErrorKind.UNAUTHENTICATED);
        registry.close();
      }
    }
  }
}
