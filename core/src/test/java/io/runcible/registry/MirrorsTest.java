package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.json;
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
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mirrors, other locations, and what is blocked or insecure. */
class MirrorsTest {
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);
  private static final ImageReference LOGICAL = ImageReference.parse("logical.example/app:1");

  @TempDir Path directory;

  private FakeRegistry mirror;
  private FakeRegistry location;

  @AfterEach
  void close() {
    for (FakeRegistry registry : new FakeRegistry[] {mirror, location}) {
      if (registry != null) {
        registry.close();
      }
    }
  }

  private void answering(
      Function<RecordedRequest, MockResponse> atMirror,
      Function<RecordedRequest, MockResponse> atLocation) {
    mirror = FakeRegistry.answering(atMirror);
    location = FakeRegistry.answering(atLocation);
  }

  private static MockResponse good(RecordedRequest request) {
    return manifest(MANIFEST).build();
  }

  private RegistryConfiguration configuration(String toml) {
    try {
      return RegistryConfiguration.file(
          Files.writeString(directory.resolve("registries.conf"), toml));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private RegistryClient.Builder mirrored() {
    return mirrored("");
  }

  private RegistryClient.Builder mirrored(String more) {
    return mirrored(mirror.name(), more);
  }

  private RegistryClient.Builder mirrored(String mirrorName, String more) {
    String toml =
        "[[registry]]\nprefix='logical.example'\nlocation='"
            + location.name()
            + "/there'\n[[registry.mirror]]\nlocation='"
            + mirrorName
            + "/copy'\n"
            + more;
    return location.client().registries(configuration(toml));
  }

  private static RuncibleException failure(RegistryClient client) {
    return catchThrowableOfType(RuncibleException.class, () -> client.resolve(LOGICAL));
  }

  @Nested
  class Mirrors {
    @Test
    void areAskedFirst() {
      answering(MirrorsTest::good, MirrorsTest::good);
      try (RegistryClient client = mirrored().build()) {
        assertThat(client.resolve(LOGICAL)).isEqualTo(DESCRIPTOR);
        assertThat(client.manifest(LOGICAL, DESCRIPTOR)).isEqualTo(MANIFEST);
      }
      assertThat(mirror.lines())
          .containsExactly(
              "HEAD /v2/copy/app/manifests/1", "GET /v2/copy/app/manifests/" + DESCRIPTOR.digest());
      assertThat(location.requests).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 500, 503, 401, 403, 400, 405})
    void thatFailAreFollowedByTheLocation(int status) throws IOException {
      byte[] blob = {1, 2, 3};
      Descriptor descriptor = FakeRegistry.blob(blob);
      answering(request -> status(status), request -> content(blob).build());
      try (RegistryClient client = mirrored().build();
          InputStream in = client.blob(LOGICAL, descriptor)) {
        assertThat(in.readAllBytes()).isEqualTo(blob);
        assertThat(client.blobSize(LOGICAL, descriptor.digest())).isEqualTo(3);
      }
      assertThat(mirror.requests).isNotEmpty();
      assertThat(location.lines()).contains("GET /v2/there/app/blobs/" + descriptor.digest());
    }

    @Test
    void thatLieAreFollowedByTheLocation() {
      answering(request -> content(new byte[] {1}).build(), MirrorsTest::good);
      try (RegistryClient client = mirrored().build()) {
        assertThat(client.manifest(LOGICAL, DESCRIPTOR)).isEqualTo(MANIFEST);
      }
    }

    @Test
    void thatCannotBeReachedRestForAWhile() throws IOException {
      answering(MirrorsTest::good, MirrorsTest::good);
      try (ClosedPort port = new ClosedPort();
          RegistryClient client = mirrored(port.name(), "").build()) {
        assertThat(client.resolve(LOGICAL)).isEqualTo(DESCRIPTOR);
        int pauses = location.pauses.size();
        assertThat(pauses).isPositive();
        client.resolve(LOGICAL);
        assertThat(location.pauses).hasSize(pauses);
        location.clock.advance(Duration.ofMinutes(2));
        client.resolve(LOGICAL);
        assertThat(location.pauses).hasSizeGreaterThan(pauses);
      }
    }

    @Test
    void areNamedWhenAllHasFailed() {
      answering(request -> status(500), request -> status(404));
      try (RegistryClient client = mirrored().build()) {
        RuncibleException failure = failure(client);
        assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(failure)
            .hasMessageContaining("cannot resolve logical.example/app:1; tried at ")
            .hasMessageContaining(mirror.name() + "/copy/app:1: " + mirror.name() + " answered 500")
            .hasMessageContaining(location.name() + "/there/app:1: ")
            .hasMessageContaining("answered 404");
        assertThat(failure.getSuppressed()).hasSize(1);
        assertThat(failure(client)).hasMessageContaining("could not be reached a moment ago");
      }
    }

    @Test
    void areNeverWrittenToNorAskedWhatTheLocationHas() {
      byte[] blob = {1, 2, 3};
      Descriptor descriptor = FakeRegistry.blob(blob);
      answering(
          request -> status(500),
          request ->
              switch (request.getMethod()) {
                case "POST" ->
                    new MockResponse.Builder().code(202).addHeader("Location", "/up").build();
                case "PUT" -> status(201);
                case "HEAD" -> status(404);
                default -> json("{\"tags\":[\"1\"]}");
              });
      try (RegistryClient client = mirrored().build()) {
        assertThat(client.hasBlob(LOGICAL, descriptor)).isFalse();
        client.putBlob(LOGICAL, descriptor, new ByteArrayInputStream(blob));
        client.putManifest(LOGICAL, DESCRIPTOR, MANIFEST);
        assertThat(client.tags(LOGICAL)).containsExactly("1");
      }
      assertThat(mirror.requests).isEmpty();
      assertThat(location.lines())
          .containsExactly(
              "HEAD /v2/there/app/blobs/" + descriptor.digest(),
              "POST /v2/there/app/blobs/uploads/",
              "PUT /up?digest=" + descriptor.digest(),
              "PUT /v2/there/app/manifests/1",
              "GET /v2/there/app/tags/list?n=1000");
    }

    @Test
    void getTheirOwnCredentialsOnly() {
      Function<RecordedRequest, MockResponse> wantsLogin =
          request ->
              request.getHeaders().get("Authorization") == null
                  ? new MockResponse.Builder()
                      .code(401)
                      .addHeader("WWW-Authenticate", "Basic realm=x")
                      .build()
                  : status(404);
      answering(wantsLogin, wantsLogin);
      Credentials ofMirror = Credentials.basic("mirror", "m");
      Credentials ofLocation = Credentials.basic("location", "l");
      try (RegistryClient client =
          mirrored()
              .credentials(mirror.name(), ofMirror)
              .credentials(location.name(), ofLocation)
              .credentials("logical.example", Credentials.basic("logical", "x"))
              .build()) {
        failure(client);
      }
      assertThat(authorizations(mirror)).containsOnly("none", ofMirror.basicHeader().orElseThrow());
      assertThat(authorizations(location))
          .containsOnly("none", ofLocation.basicHeader().orElseThrow());
    }

    private List<String> authorizations(FakeRegistry registry) {
      return registry.requests.stream()
          .map(request -> String.valueOf(request.getHeaders().get("Authorization")))
          .map(text -> text.equals("null") ? "none" : text)
          .toList();
    }

    @Test
    void areAskedForTheirOwnRepositoryInTokens() {
      answering(
          request ->
              request.getTarget().startsWith("/token")
                  ? json("{\"token\":\"t\"}")
                  : request.getHeaders().get("Authorization") == null
                      ? new MockResponse.Builder()
                          .code(401)
                          .addHeader(
                              "WWW-Authenticate", "Bearer realm=\"" + mirror.url("/token") + "\"")
                          .build()
                      : manifest(MANIFEST).build(),
          MirrorsTest::good);
      try (RegistryClient client = mirrored().build()) {
        client.resolve(LOGICAL);
      }
      assertThat(mirror.lines()).contains("GET /token?scope=repository%3Acopy%2Fapp%3Apull");
    }
  }

  @Nested
  class Blocked {
    @Test
    void namesAreRefusedWithoutARequest() {
      answering(MirrorsTest::good, MirrorsTest::good);
      RegistryConfiguration blocking =
          configuration("[[registry]]\nlocation='" + location.name() + "/secret'\nblocked=true");
      ImageReference secret = location.reference("secret/app:1");
      try (RegistryClient client = location.client().registries(blocking).build()) {
        for (Runnable call :
            List.<Runnable>of(
                () -> client.resolve(secret),
                () -> client.tags(secret),
                () -> client.putManifest(secret, DESCRIPTOR, MANIFEST))) {
          RuncibleException failure = catchThrowableOfType(RuncibleException.class, call::run);
          assertThat(failure.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
          assertThat(failure)
              .hasMessageContaining("registries.conf")
              .hasMessageContaining("blocks " + secret);
        }
        assertThat(client.resolve(location.reference("open/app:1"))).isEqualTo(DESCRIPTOR);
      }
    }

    @Test
    void namesAreNotReadFromMirrorsEither() {
      answering(MirrorsTest::good, MirrorsTest::good);
      String toml =
          "[[registry]]\nlocation='logical.example'\nblocked=true\n[[registry.mirror]]\nlocation='"
              + mirror.name()
              + "'";
      try (RegistryClient client = location.client().registries(configuration(toml)).build()) {
        assertThat(failure(client).kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
      }
      assertThat(mirror.requests).isEmpty();
    }

    @Test
    void mirrorsArePassedOverAndABlockedLocationIsTheEnd() {
      answering(MirrorsTest::good, request -> status(404));
      try (RegistryClient client =
          mirrored("[[registry]]\nlocation='" + mirror.name() + "/copy'\nblocked=true").build()) {
        assertThat(failure(client)).hasMessageContaining("blocks " + mirror.name() + "/copy/app:1");
      }
      assertThat(mirror.requests).isEmpty();
      try (RegistryClient client =
          mirrored("[[registry]]\nlocation='" + location.name() + "/there'\nblocked=true")
              .build()) {
        assertThat(client.resolve(LOGICAL)).isEqualTo(DESCRIPTOR);
        assertThat(catchThrowableOfType(RuncibleException.class, () -> client.tags(LOGICAL)).kind())
            .isEqualTo(ErrorKind.PERMISSION_DENIED);
      }
    }
  }

  @Nested
  class Insecure {
    private RegistryClient client(FakeRegistry registry, String insecure) {
      location = registry;
      return builder(registry).registries(configuration(table(registry.name(), insecure))).build();
    }

    private String table(String name, String insecure) {
      return "[[registry]]\nlocation='" + name + "/in'\ninsecure=" + insecure;
    }

    private RegistryClient.Builder builder(FakeRegistry registry) {
      // One for plain HTTP may wait for the end of a handshake; a real one may take long.
      boolean plain = registry.url("").startsWith("http:");
      return RegistryClient.builder()
          .credentialStore(CredentialStore.NONE)
          .proxies(ProxySettings.none())
          .attempts(1)
          .stallTimeout(Duration.ofSeconds(plain ? 2 : 30));
    }

    @Test
    void registriesMayHaveAnyCertificate() {
      FakeRegistry registry = FakeRegistry.answeringOverTls(MirrorsTest::good);
      try (RegistryClient client = client(registry, "true")) {
        assertThat(client.resolve(registry.reference("in/app:1"))).isEqualTo(DESCRIPTOR);
        assertThat(client.resolve(registry.reference("in/app:1"))).isEqualTo(DESCRIPTOR);
      }
      assertThat(registry.lines().stream().filter(line -> line.equals("GET /v2/"))).hasSize(1);
    }

    @Test
    void registriesMaySpeakPlainHttp() {
      FakeRegistry registry = FakeRegistry.answering(MirrorsTest::good);
      try (RegistryClient client = client(registry, "true")) {
        assertThat(client.resolve(registry.reference("in/app:1"))).isEqualTo(DESCRIPTOR);
      }
    }

    @Test
    void canBeSaidOfARegistryWithoutAConfiguration() {
      for (FakeRegistry registry :
          List.of(
              FakeRegistry.answeringOverTls(MirrorsTest::good),
              FakeRegistry.answering(MirrorsTest::good))) {
        try (registry;
            RegistryClient client =
                builder(registry)
                    .registries(RegistryConfiguration.none())
                    .https(registry.name())
                    .insecure(registry.name())
                    .build()) {
          assertThat(client.resolve(registry.reference("in/app:1"))).isEqualTo(DESCRIPTOR);
        }
      }
    }

    @Test
    void doesNotReachBeyondItsPrefix() {
      FakeRegistry registry = FakeRegistry.answeringOverTls(MirrorsTest::good);
      try (RegistryClient client = client(registry, "true")) {
        client.resolve(registry.reference("in/app:1"));
        int seen = registry.requests.size();
        RuncibleException failure =
            catchThrowableOfType(
                RuncibleException.class, () -> client.resolve(registry.reference("out/app:1")));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
        assertThat(registry.requests).hasSize(seen);
      }
    }

    @Test
    void doesNotReachAnotherHostThatARedirectNames() {
      try (FakeRegistry other = FakeRegistry.answeringOverTls(MirrorsTest::good)) {
        FakeRegistry registry =
            FakeRegistry.answeringOverTls(
                request ->
                    request.getTarget().equals("/v2/")
                        ? status(200)
                        : FakeRegistry.redirect(other.url("/x")));
        try (RegistryClient client = client(registry, "true")) {
          RuncibleException failure =
              catchThrowableOfType(
                  RuncibleException.class, () -> client.resolve(registry.reference("in/app:1")));
          assertThat(failure).hasMessageContaining("no secure connection to " + other.url(""));
        }
        assertThat(other.requests).isEmpty();
      }
    }

    @Test
    void falseMeansHttpsEvenOnThisMachine() {
      FakeRegistry registry = FakeRegistry.answering(MirrorsTest::good);
      try (RegistryClient client = client(registry, "false")) {
        assertThat(
                catchThrowableOfType(
                        RuncibleException.class,
                        () -> client.resolve(registry.reference("in/app:1")))
                    .kind())
            // A server that finds no line end in the handshake waits for one.
            .isIn(ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT);
      }
      assertThat(registry.requests).isEmpty();
    }

    @Test
    void registriesThatAreDownSayWhy() throws IOException {
      try (ClosedPort port = new ClosedPort();
          RegistryClient client =
              RegistryClient.builder()
                  .credentialStore(CredentialStore.NONE)
                  .proxies(ProxySettings.none())
                  .attempts(1)
                  .registries(configuration(table(port.name(), "true")))
                  .build()) {
        ImageReference down = ImageReference.parse(port.name() + "/in/app:1");
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> client.resolve(down));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("no connection to");
      }
    }
  }

  @Test
  void namesAreToldWithoutARequest() {
    answering(MirrorsTest::good, MirrorsTest::good);
    try (RegistryClient client = mirrored().build()) {
      assertThat(client.names(LOGICAL))
          .extracting(ImageReference::toString)
          .containsExactly(mirror.name() + "/copy/app:1", location.name() + "/there/app:1");
      assertThat(client.names(location.reference("x:1")))
          .containsExactly(location.reference("x:1"));
    }
    assertThat(mirror.requests).isEmpty();
  }
}
