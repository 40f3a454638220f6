package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.random;
import static io.runcible.registry.FakeRegistry.redirect;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Test;

class RedirectsTest {
  private static final byte[] CONTENT = random(1000);

  private static boolean authorized(RecordedRequest request) {
    return request.getHeaders().get("Authorization") != null;
  }

  private static MockResponse needsPassword(RecordedRequest request, MockResponse otherwise) {
    return authorized(request)
        ? otherwise
        : new MockResponse.Builder()
            .code(401)
            .addHeader("WWW-Authenticate", "Basic realm=x")
            .build();
  }

  private static byte[] read(FakeRegistry registry, RegistryClient.Builder client)
      throws IOException {
    try (RegistryClient open = client.build();
        InputStream in = open.blob(registry.reference("app:1"), blob(CONTENT))) {
      return in.readAllBytes();
    }
  }

  private static RuncibleException failure(FakeRegistry registry, RegistryClient.Builder client) {
    return catchThrowableOfType(RuncibleException.class, () -> read(registry, client));
  }

  private static RegistryClient.Builder withPassword(FakeRegistry registry) {
    return registry
        .client()
        .credentials(registry.name(), Credentials.basic("joe", "s3cret"))
        .credentials(
            registry.name().replace("127.0.0.1", "localhost"), Credentials.basic("other", "x"));
  }

  @Test
  void toAnotherHostDropsTheAuthorization() throws IOException {
    FakeRegistry[] self = new FakeRegistry[1];
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request ->
                request.getTarget().startsWith("/v2/")
                    ? needsPassword(request, redirect(self[0].urlElsewhere("/storage?sig=1")))
                    : content(CONTENT).build())) {
      self[0] = registry;
      assertThat(read(registry, withPassword(registry))).isEqualTo(CONTENT);
      List<RecordedRequest> requests = registry.requests;
      assertThat(requests).hasSize(3);
      assertThat(authorized(requests.get(1))).isTrue();
      assertThat(requests.get(2).getTarget()).isEqualTo("/storage?sig=1");
      assertThat(authorized(requests.get(2))).isFalse();
    }
  }

  @Test
  void toTheSameHostKeepsTheAuthorization() throws IOException {
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request ->
                needsPassword(
                    request,
                    request.getTarget().startsWith("/v2/")
                        ? redirect("/elsewhere")
                        : content(CONTENT).build()))) {
      assertThat(read(registry, withPassword(registry))).isEqualTo(CONTENT);
      assertThat(authorized(registry.requests.get(2))).isTrue();
    }
  }

  @Test
  void backToTheRegistryDoesNotBringTheAuthorizationBack() {
    FakeRegistry[] self = new FakeRegistry[1];
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request ->
                switch (request.getTarget()) {
                  case "/out" -> redirect(self[0].url("/back"));
                  case "/back" -> needsPassword(request, content(CONTENT).build());
                  default -> needsPassword(request, redirect(self[0].urlElsewhere("/out")));
                })) {
      self[0] = registry;
      assertThat(failure(registry, withPassword(registry)).kind())
          .isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(registry.requests)
          .filteredOn(request -> !request.getTarget().startsWith("/v2/"))
          .noneMatch(RedirectsTest::authorized);
    }
  }

  @Test
  void aChallengeOfAnotherHostGetsNoAnswer() {
    FakeRegistry[] self = new FakeRegistry[1];
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request ->
                request.getTarget().startsWith("/v2/")
                    ? redirect(self[0].urlElsewhere("/trap"))
                    : needsPassword(request, content(CONTENT).build()))) {
      self[0] = registry;
      RuncibleException failure = failure(registry, withPassword(registry));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      assertThat(failure).hasMessageContaining("redirected to http://localhost");
      assertThat(registry.requests).noneMatch(RedirectsTest::authorized);
    }
  }

  @Test
  void fromHttpsToHttpAreRefused() {
    try (FakeRegistry plain = FakeRegistry.answering(request -> content(CONTENT).build());
        FakeRegistry registry =
            FakeRegistry.answeringOverTls(request -> redirect(plain.url("/storage")))) {
      RuncibleException failure = failure(registry, registry.client());
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("plain HTTP");
      assertThat(plain.requests).isEmpty();
    }
  }

  @Test
  void fromHttpToHttpsAreFollowed() throws IOException {
    try (FakeRegistry secure = FakeRegistry.answeringOverTls(request -> content(CONTENT).build());
        FakeRegistry registry =
            FakeRegistry.answering(request -> redirect(secure.url("/storage")))) {
      RegistryClient.Builder client = secure.client();
      assertThat(read(registry, client)).isEqualTo(CONTENT);
    }
  }

  @Test
  void inACircleEnd() {
    try (FakeRegistry registry =
        FakeRegistry.answering(request -> redirect(request.getTarget() + "x"))) {
      RuncibleException failure = failure(registry, registry.client());
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("more than 8 times");
      assertThat(registry.requests).hasSize(9);
    }
  }

  @Test
  void toNowhereAreRefused() {
    for (String location : List.of("file:///etc/passwd", "ftp://host.example/", "http://[", "")) {
      try (FakeRegistry registry = FakeRegistry.answering(request -> redirect(location))) {
        RuncibleException failure = failure(registry, registry.client());
        assertThat(failure.kind()).as(location).isEqualTo(ErrorKind.INVALID_INPUT);
      }
    }
    try (FakeRegistry registry = FakeRegistry.answering(request -> status(302))) {
      assertThat(failure(registry, registry.client()).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void keepTheRange() throws IOException {
    FakeRegistry[] self = new FakeRegistry[1];
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request -> {
              if (request.getTarget().startsWith("/v2/")) {
                return redirect(self[0].urlElsewhere("/storage"));
              }
              return BlobStreamTest.cutOnce(request, CONTENT);
            })) {
      self[0] = registry;
      assertThat(read(registry, registry.client())).isEqualTo(CONTENT);
      assertThat(registry.requests).hasSize(4);
    }
  }
}
