package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.random;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PushTest extends FakeRegistryTests {
  private static final byte[] CONTENT = random(200_000);
  private static final Descriptor BLOB = blob(CONTENT);
  private static final Descriptor MANIFEST_DESCRIPTOR =
      Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);

  private static MockResponse.Builder answer(int status) {
    return new MockResponse.Builder().code(status);
  }

  private static Function<RecordedRequest, MockResponse> uploads(
      String location, MockResponse end) {
    return request ->
        request.getMethod().equals("POST")
            ? answer(202).addHeader("Location", location).build()
            : end;
  }

  private void push(Descriptor descriptor, InputStream content) {
    client.putBlob(registry.reference("team/app:1"), descriptor, content);
  }

  private RuncibleException failure(Descriptor descriptor, InputStream content) {
    return catchThrowableOfType(RuncibleException.class, () -> push(descriptor, content));
  }

  private static InputStream stream(byte[] content) {
    return new ByteArrayInputStream(content);
  }

  @Nested
  class ABlob {
    @Test
    void isSentInOnePieceToWhereTheRegistrySays() {
      serve(
          uploads(
              "/v2/team/app/blobs/uploads/7?_state=a%2Fb",
              answer(201).addHeader("Docker-Content-Digest", BLOB.digest()).build()));
      push(BLOB, stream(CONTENT));
      assertThat(registry.lines())
          .containsExactly(
              "POST /v2/team/app/blobs/uploads/",
              "PUT /v2/team/app/blobs/uploads/7?_state=a%2Fb&digest=" + BLOB.digest());
      RecordedRequest put = registry.requests.get(1);
      assertThat(put.getBody().toByteArray()).isEqualTo(CONTENT);
      assertThat(put.getHeaders().get("Content-Length")).isEqualTo("200000");
    }

    @Test
    void mayBeEmpty() {
      serve(uploads("upload", answer(201).build()));
      push(blob(new byte[0]), stream(new byte[0]));
      assertThat(registry.lines()).hasSize(2);
      assertThat(registry.lines().get(1)).startsWith("PUT /v2/team/app/blobs/uploads/upload?");
    }

    @Test
    void thatIsNotWhatItsDigestSaysIsNeverSentWhole() {
      serve(uploads("/upload", answer(201).build()));
      byte[] other = CONTENT.clone();
      other[100_000] ^= 1;
      RuncibleException failure = failure(BLOB, stream(other));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(registry.requests)
          .noneMatch(request -> request.getBody() != null && request.getBody().size() >= 200_000);
    }

    @Test
    void thatIsTooShortOrTooLongIsCorrupt() {
      serve(uploads("/upload", answer(201).build()));
      assertThat(failure(BLOB, stream(new byte[10])).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure(BLOB, stream(new byte[300_000])).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void thatCannotBeReadIsTheFaultOfItsSource() {
      serve(uploads("/upload", answer(201).build()));
      InputStream broken =
          new InputStream() {
            @Override
            public int read() throws IOException {
              throw new IOException("disk on fire");
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
              throw new IOException("disk on fire");
            }
          };
      RuncibleException failure = failure(BLOB, broken);
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("reading its content failed: disk on fire");
    }

    @Test
    void thatTheRegistryRefusesIsAnErrorInItsWords() {
      serve(uploads("/upload", error(400, "DIGEST_INVALID", "digest did not match")));
      RuncibleException failure = failure(BLOB, stream(CONTENT));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("DIGEST_INVALID");
    }

    @Test
    void thatTheRegistryStoresAsSomethingElseIsCorrupt() {
      serve(
          uploads(
              "/upload",
              answer(201).addHeader("Docker-Content-Digest", Digest.sha256(new byte[1])).build()));
      assertThat(failure(BLOB, stream(CONTENT)).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void isNotSentToNowhere() {
      serve(uploads("ftp://host.example/", status(500)));
      assertThat(failure(BLOB, stream(CONTENT)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void goesToAnotherHostWithoutTheAuthorization() {
      FakeRegistry[] self = new FakeRegistry[1];
      serve(
          request -> {
            if (request.getTarget().startsWith("/storage")) {
              return answer(201).build();
            }
            return request.getHeaders().get("Authorization") == null
                ? answer(401).addHeader("WWW-Authenticate", "Basic realm=x").build()
                : answer(202).addHeader("Location", self[0].urlElsewhere("/storage")).build();
          });
      self[0] = registry;
      try (RegistryClient known =
          registry.client().credentials(registry.name(), Credentials.basic("u", "p")).build()) {
        known.putBlob(registry.reference("app:1"), BLOB, stream(CONTENT));
      }
      RecordedRequest put = registry.requests.get(2);
      assertThat(put.getMethod()).isEqualTo("PUT");
      assertThat(put.getHeaders().get("Authorization")).isNull();
    }

    @Test
    void endsWhenItsThreadIsInterrupted() {
      Thread caller = Thread.currentThread();
      serve(
          request -> {
            if (request.getMethod().equals("POST")) {
              return answer(202).addHeader("Location", "/upload").build();
            }
            return answer(201).build();
          });
      InputStream interrupting =
          new ByteArrayInputStream(CONTENT) {
            @Override
            public synchronized int read(byte[] buffer, int offset, int length) {
              caller.interrupt();
              return super.read(buffer, offset, length);
            }
          };
      RuncibleException failure = failure(BLOB, interrupting);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    }
  }

  @Nested
  class ABlobOfAnotherRepository {
    private static final String MOUNT = "POST /v2/team/app/blobs/uploads/?mount=";

    private boolean mount() {
      return client.mountBlob(
          registry.reference("team/app:1"), BLOB, registry.reference("team/base:1"));
    }

    @Test
    void isMountedByOneRequest() {
      serve(request -> answer(201).addHeader("Docker-Content-Digest", BLOB.digest()).build());
      assertThat(mount()).isTrue();
      assertThat(registry.lines()).hasSize(1);
      assertThat(registry.lines().get(0))
          .startsWith(MOUNT)
          .endsWith("&from=team%2Fbase")
          .contains(BLOB.digest().hex());
    }

    @Test
    void isNotMountedWhenTheRegistryBeginsAnUploadWhichIsCancelled() {
      serve(
          request ->
              request.getMethod().equals("POST")
                  ? answer(202).addHeader("Location", "/upload/7").build()
                  : answer(204).build());
      assertThat(mount()).isFalse();
      assertThat(registry.lines()).hasSize(2).endsWith("DELETE /upload/7");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 405})
    void isNotMountedWhenTheRegistryRefuses(int status) {
      serve(request -> status(status));
      assertThat(mount()).isFalse();
    }

    @Test
    void failsWhenTheRegistryCannotServe() {
      serve(request -> status(503));
      assertThat(catchThrowableOfType(RuncibleException.class, this::mount).kind())
          .isEqualTo(ErrorKind.UNAVAILABLE);
    }

    @Test
    void isNotMountedFromAnotherRegistry() {
      serve(request -> status(500));
      assertThat(
              client.mountBlob(
                  registry.reference("app:1"), BLOB, ImageReference.parse("registry.example/app")))
          .isFalse();
      assertThat(registry.requests).isEmpty();
    }

    @Test
    void takesATokenForBothRepositories() {
      FakeRegistry[] self = new FakeRegistry[1];
      serve(
          request -> {
            if (request.getTarget().startsWith("/token")) {
              return FakeRegistry.json("{\"token\":\"t\"}");
            }
            return request.getHeaders().get("Authorization") == null
                ? answer(401)
                    .addHeader("WWW-Authenticate", "Bearer realm=\"" + self[0].url("/token") + "\"")
                    .build()
                : answer(201).build();
          });
      self[0] = registry;
      assertThat(mount()).isTrue();
      assertThat(registry.lines())
          .contains(
              "GET /token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush"
                  + "&scope=repository%3Ateam%2Fbase%3Apull");
    }
  }

  @Nested
  class LookingForABlob {
    private boolean has() {
      return client.hasBlob(registry.reference("team/app:1"), BLOB);
    }

    @Test
    void tellsWhetherItIsThere() {
      serve(request -> content(CONTENT).build());
      assertThat(has()).isTrue();
      assertThat(registry.lines()).containsExactly("HEAD /v2/team/app/blobs/" + BLOB.digest());
    }

    @Test
    void tellsWhenItIsNot() {
      serve(request -> status(404));
      assertThat(has()).isFalse();
    }

    @Test
    void tellsItsLength() {
      serve(request -> content(CONTENT).build());
      assertThat(client.blobSize(registry.reference("app:1"), BLOB.digest())).isEqualTo(200_000);
    }

    @Test
    void mayNotTellItsLength() {
      serve(
          request ->
              content(CONTENT)
                  .removeHeader("Content-Length")
                  .addHeader("Transfer-Encoding", "chunked")
                  .build());
      assertThat(has()).isTrue();
      assertThat(failureOfSize().kind()).isEqualTo(ErrorKind.UNSUPPORTED);
    }

    @Test
    void hasNoLengthWhenItIsNotThere() {
      serve(request -> status(404));
      assertThat(failureOfSize().kind()).isEqualTo(ErrorKind.NOT_FOUND);
    }

    private RuncibleException failureOfSize() {
      return catchThrowableOfType(
          RuncibleException.class,
          () -> client.blobSize(registry.reference("app:1"), BLOB.digest()));
    }

    @Test
    void failsWhenItHasAnotherLength() {
      serve(request -> content(new byte[10]).build());
      assertThat(catchThrowableOfType(RuncibleException.class, this::has).kind())
          .isEqualTo(ErrorKind.CORRUPT_DATA);
    }
  }

  @Nested
  class AManifest {
    private void put(String rest, Descriptor descriptor, byte[] raw) {
      client.putManifest(registry.reference(rest), descriptor, raw);
    }

    private RuncibleException failure(String rest, Descriptor descriptor, byte[] raw) {
      return catchThrowableOfType(RuncibleException.class, () -> put(rest, descriptor, raw));
    }

    @Test
    void isStoredUnderItsTag() {
      serve(request -> answer(201).build());
      put("team/app:1", MANIFEST_DESCRIPTOR, MANIFEST);
      assertThat(registry.lines()).containsExactly("PUT /v2/team/app/manifests/1");
      RecordedRequest put = registry.requests.get(0);
      assertThat(put.getHeaders().get("Content-Type")).isEqualTo(MediaType.OCI_MANIFEST);
      assertThat(put.getBody().toByteArray()).isEqualTo(MANIFEST);
    }

    @Test
    void isStoredUnderItsDigestWhenThereIsNoTag() {
      serve(request -> answer(201).build());
      Digest digest = MANIFEST_DESCRIPTOR.digest();
      put("team/app@" + digest, MANIFEST_DESCRIPTOR, MANIFEST);
      assertThat(registry.lines()).containsExactly("PUT /v2/team/app/manifests/" + digest);
    }

    @Test
    void ofOtherBytesOrAnotherDigestIsNotSent() {
      serve(request -> answer(201).build());
      Digest other = Digest.sha256(new byte[1]);
      assertThat(failure("app:1", MANIFEST_DESCRIPTOR, new byte[2]).kind())
          .isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure("app@" + other, MANIFEST_DESCRIPTOR, MANIFEST).kind())
          .isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(registry.requests).isEmpty();
    }

    @Test
    void thatIsRefusedIsAnErrorInTheWordsOfTheRegistry() {
      serve(request -> error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown"));
      RuncibleException failure = failure("app:1", MANIFEST_DESCRIPTOR, MANIFEST);
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("MANIFEST_BLOB_UNKNOWN");
    }
  }
}
