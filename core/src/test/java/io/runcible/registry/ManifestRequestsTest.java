package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.manifest;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.serve.FaultyRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okio.Buffer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ManifestRequestsTest extends FakeRegistryTests {
  private static final Digest DIGEST = Digest.sha256(MANIFEST);
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);

  private static boolean isHead(RecordedRequest request) {
    return request.getMethod().equals("HEAD");
  }

  private Descriptor resolve(String rest) {
    return client.resolve(registry.reference(rest));
  }

  @Nested
  class Resolving {
    @Test
    void takesOneHeadRequest() {
      serve(request -> manifest(MANIFEST).build());
      assertThat(resolve("team/app:1")).isEqualTo(DESCRIPTOR);
      assertThat(registry.lines()).containsExactly("HEAD /v2/team/app/manifests/1");
      assertThat(registry.requests.get(0).getHeaders().get("Accept"))
          .contains(MediaType.OCI_MANIFEST, MediaType.OCI_INDEX)
          .contains(MediaType.DOCKER_MANIFEST, MediaType.DOCKER_MANIFEST_LIST);
      assertThat(registry.requests.get(0).getHeaders().get("User-Agent")).startsWith("runcible");
      assertThat(registry.requests.get(0).getHeaders().get("Authorization")).isNull();
    }

    @Test
    void asksForTheDigestWhenThereIsOne() {
      serve(request -> manifest(MANIFEST).build());
      assertThat(resolve("team/app:1@" + DIGEST)).isEqualTo(DESCRIPTOR);
      assertThat(registry.lines()).containsExactly("HEAD /v2/team/app/manifests/" + DIGEST);
    }

    @Test
    void takesAGetWhenTheHeadHasNoDigest() {
      serve(request -> manifest(MANIFEST).removeHeader("Docker-Content-Digest").build());
      assertThat(resolve("app:1")).isEqualTo(DESCRIPTOR);
      assertThat(registry.lines())
          .containsExactly("HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1");
    }

    @Test
    void takesAGetWhenTheHeadIsRefused() {
      serve(request -> isHead(request) ? status(405) : manifest(MANIFEST).build());
      assertThat(resolve("app:1")).isEqualTo(DESCRIPTOR);
    }

    @Test
    void takesAGetWhenTheHeadIsOfAnotherDigestThanWasAsked() {
      Digest other = Digest.sha256(new byte[1]);
      serve(
          request ->
              isHead(request)
                  ? manifest(MANIFEST).setHeader("Docker-Content-Digest", other).build()
                  : manifest(MANIFEST).build());
      assertThat(resolve("app@" + DIGEST).digest()).isEqualTo(DIGEST);
    }

    @Test
    void findsTheTypeInTheDocumentWhenItIsServedAsPlainJson() {
      byte[] index =
          ("{\"schemaVersion\":2,\"mediaType\":\""
                  + MediaType.DOCKER_MANIFEST_LIST
                  + "\",\"manifests\":[]}")
              .getBytes(StandardCharsets.UTF_8);
      serve(
          request ->
              content(index).addHeader("Content-Type", "application/json; charset=utf-8").build());
      assertThat(resolve("app:1")).isEqualTo(Descriptor.of(MediaType.DOCKER_MANIFEST_LIST, index));
    }

    @Test
    void checksTheWholeAnswerAgainstItsDigest() {
      serve(
          request ->
              isHead(request)
                  ? status(405)
                  : manifest(MANIFEST).body("{\"schemaVersion\":2}").build());
      RuncibleException failure = failure(() -> resolve("app:1"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure).hasMessageContaining(DIGEST.toString()).hasMessageContaining("app:1");
    }

    @Test
    void checksTheWholeAnswerAgainstTheDigestThatWasAskedFor() {
      Digest asked = Digest.sha256(new byte[1]);
      serve(request -> isHead(request) ? status(405) : manifest(MANIFEST).build());
      assertThat(failure(() -> resolve("app@" + asked)).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void refusesAHeadOfAnEnormousDocument() {
      serve(request -> manifest(MANIFEST).setHeader("Content-Length", 5_000_000).build());
      assertThat(failure(() -> resolve("app:1")).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }

    @Test
    void refusesADigestWithAPathInIt() {
      serve(
          request ->
              manifest(MANIFEST).setHeader("Docker-Content-Digest", "sha256:../../etc").build());
      assertThat(failure(() -> resolve("app:1")).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }

    @Test
    void saysWhatTheRegistrySaysWhenThereIsNoSuchImage() {
      serve(request -> error(404, "MANIFEST_UNKNOWN", "manifest \\u001b[2Junknown"));
      RuncibleException failure = failure(() -> resolve("team/app:1"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(failure)
          .hasMessage(
              "cannot resolve %s: %s answered 404 (MANIFEST_UNKNOWN: manifest ?[2Junknown)",
              registry.reference("team/app:1"), registry.name());
    }
  }

  @Nested
  class Reading {
    private byte[] read(Descriptor descriptor) {
      return client.manifest(registry.reference("team/app:1"), descriptor);
    }

    @Test
    void asksByDigest() {
      serve(request -> manifest(MANIFEST).build());
      assertThat(read(DESCRIPTOR)).isEqualTo(MANIFEST);
      assertThat(registry.lines()).containsExactly("GET /v2/team/app/manifests/" + DIGEST);
    }

    @Test
    void refusesOtherBytes() {
      byte[] other = MANIFEST.clone();
      other[3] ^= 1;
      serve(request -> manifest(other).build());
      RuncibleException failure = failure(() -> read(DESCRIPTOR));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure).hasMessageContaining(registry.name() + "/team/app");
    }

    @Test
    void refusesAnAnnouncedSizeBeyondTheLimitWithoutARequest() {
      serve(request -> status(500));
      Descriptor huge = Descriptor.of(MediaType.OCI_MANIFEST, DIGEST, Manifest.MAX_SIZE + 1L);
      assertThat(failure(() -> read(huge)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(registry.requests).isEmpty();
    }

    @Test
    void stopsReadingAnEndlessDocument() {
      Buffer large = new Buffer().write(new byte[Manifest.MAX_SIZE + 100_000]);
      serve(request -> new MockResponse.Builder().chunkedBody(large.clone(), 8192).build());
      assertThat(failure(() -> read(DESCRIPTOR)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }

  @Nested
  class Errors {
    private ErrorKind kind(int status) {
      serve(request -> status(status));
      ErrorKind kind = failure(() -> resolve("app:1")).kind();
      client.close();
      registry.close();
      return kind;
    }

    @Test
    void haveTheKindOfTheirStatus() {
      assertThat(kind(403)).isEqualTo(ErrorKind.PERMISSION_DENIED);
      assertThat(kind(404)).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(kind(429)).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(kind(400)).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(kind(503)).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(kind(418)).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(kind(501)).isEqualTo(ErrorKind.UNSUPPORTED);
    }

    @Test
    void ofAClosedClientSaySo() {
      serve(request -> manifest(MANIFEST).build());
      ImageReference reference = registry.reference("app:1");
      client.close();
      client.close();
      assertThat(failure(() -> client.resolve(reference)).kind())
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }

    @Test
    void ofAPortWithoutAServerNameItAndTheNextTries() throws IOException {
      serve(request -> status(500));
      try (ClosedPort port = new ClosedPort()) {
        ImageReference reference = ImageReference.parse(port.name() + "/app:1");
        RuncibleException failure = failure(() -> client.resolve(reference));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
        assertThat(failure)
            .hasMessageContaining("no connection to http://" + port.name())
            .hasMessageContaining(reference.toString());
      }
      assertThat(registry.pauses).hasSize(2);
    }

    @Test
    void ofPlainHttpBehindHttpsSayHowToDeclareIt() {
      // The other fake waits for more where the random bytes of a handshake look like a request.
      try (FaultyRegistry plain = FaultyRegistry.serve(new MemoryImageSource());
          RegistryClient secure =
              RegistryClient.builder()
                  .credentialStore(CredentialStore.NONE)
                  .registries(RegistryConfiguration.none())
                  .https(plain.host())
                  .sleeper(pause -> {})
                  .build()) {
        ImageReference reference = ImageReference.parse(plain.host() + "/app:1");
        RuncibleException failure = failure(() -> secure.resolve(reference));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("plainHttp(\"" + plain.host() + "\")");
        assertThat(plain.requests()).isEmpty();
      }
    }

    @Test
    void ofAnUnknownAuthorityAreNotTriedAgain() {
      registry = FakeRegistry.answeringOverTls(request -> status(500));
      client =
          RegistryClient.builder()
              .credentialStore(CredentialStore.NONE)
              .registries(RegistryConfiguration.none())
              .https(registry.name())
              .sleeper(registry.pauses::add)
              .build();
      RuncibleException failure = failure(() -> resolve("app:1"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("trust store");
      assertThat(registry.pauses).isEmpty();
    }
  }
}
