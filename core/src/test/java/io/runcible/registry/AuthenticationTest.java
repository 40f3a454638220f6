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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class AuthenticationTest extends ChallengingRegistry {
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
}
