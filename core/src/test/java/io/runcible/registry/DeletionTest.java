package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.status;
import static io.runcible.registry.StoringRegistry.referrer;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeletionTest extends FakeRegistryTests {
  private static final byte[] ONE = referrer(Digest.sha256(new byte[1]), "one").raw();
  private static final byte[] TWO = referrer(Digest.sha256(new byte[1]), "two").raw();
  private static final Digest DIGEST = Digest.sha256(ONE);

  private final StoringRegistry store = new StoringRegistry();

  private void tag(byte[] raw, String... tags) {
    for (String tag : tags) {
      store.put(tag, MediaType.OCI_MANIFEST, raw);
    }
  }

  private ImageReference reference(String rest) {
    return registry.reference("team/app" + rest);
  }

  private List<String> deletions() {
    return registry.lines().stream().filter(line -> line.startsWith("DELETE")).toList();
  }

  @Test
  void ofATagLeavesTheManifest() {
    serve(store);
    tag(ONE, "1", "2");
    client.delete(reference(":1"));
    assertThat(store.tags).containsOnlyKeys("2");
    assertThat(registry.lines()).containsExactly("DELETE /v2/team/app/manifests/1");
    assertThat(client.resolve(reference("@" + DIGEST)).digest()).isEqualTo(DIGEST);
  }

  @ParameterizedTest
  @CsvSource({"405,UNSUPPORTED", "400,DIGEST_INVALID"})
  void ofATagWhereThatIsNotServedSaysWhatToDo(int status, String code) {
    serve(request -> error(status, code, "no"));
    RuncibleException failure = failure(() -> client.delete(reference(":1")));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
    assertThat(failure).hasMessageContaining(code).hasMessageContaining("by its digest");
  }

  @Test
  void ofAManifestTakesTheTagThatWasNamedAlong() {
    serve(store);
    tag(ONE, "1");
    tag(TWO, "2");
    client.delete(reference(":1@" + DIGEST));
    assertThat(store.tags).containsOnlyKeys("2");
    assertThat(deletions()).containsExactly("DELETE /v2/team/app/manifests/" + DIGEST);
  }

  @Test
  void ofAManifestIsRefusedWhenOtherTagsWouldVanish() {
    serve(store);
    tag(ONE, "1", "latest", "stable");
    tag(TWO, "2");
    RuncibleException failure = failure(() -> client.delete(reference(":1@" + DIGEST)));
    assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining("the tags latest, stable, which point at the same");
    assertThat(failure(() -> client.delete(reference("@" + DIGEST), List.of("1", "stable"))))
        .hasMessageContaining("the tags latest,");
    assertThat(deletions()).isEmpty();
    assertThat(store.tags).hasSize(4);
  }

  @Test
  void ofAManifestTakesTheTagsThatWereFoundAlong() {
    serve(store);
    tag(ONE, "1", "latest", "stable");
    tag(TWO, "2");
    List<String> tags = client.tagsOf(reference(""), DIGEST);
    assertThat(tags).containsExactly("1", "latest", "stable");
    client.delete(reference("@" + DIGEST), tags);
    assertThat(store.tags).containsOnlyKeys("2");
  }

  @Test
  void ofAManifestWithManyTagsNamesTwentyOfThem() {
    serve(store);
    for (int i = 100; i < 150; i++) {
      tag(ONE, "t" + i);
    }
    RuncibleException failure = failure(() -> client.delete(reference("@" + DIGEST)));
    assertThat(failure).hasMessageContaining("t119 and 30 more");
  }

  @Test
  void ofAMissingManifestIsNotFound() {
    serve(store);
    tag(TWO, "2");
    assertThat(failure(() -> client.delete(reference("@" + DIGEST))).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure(() -> client.delete(reference(":1"))).kind()).isEqualTo(ErrorKind.NOT_FOUND);
  }

  @Test
  void lookingAtATagThatIsGoneMeanwhileGoesOn() {
    serve(
        request ->
            request.getTarget().endsWith("/manifests/1") ? status(404) : store.apply(request));
    tag(ONE, "1", "2");
    assertThat(client.tagsOf(reference(""), DIGEST)).containsExactly("2");
  }

  @Test
  void lookingAtATagThatCannotBeSeenDeletesNothing() {
    serve(
        request ->
            request.getTarget().endsWith("/manifests/2") ? status(503) : store.apply(request));
    tag(ONE, "1", "2");
    RuncibleException failure = failure(() -> client.delete(reference(":1@" + DIGEST)));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(deletions()).isEmpty();
  }

  @Test
  void lookingAtTooManyTagsIsRefused() {
    serve(
        request ->
            request.getTarget().contains("/tags/list")
                ? FakeRegistry.json(manyTags())
                : store.apply(request));
    tag(ONE, "1");
    RuncibleException failure = failure(() -> client.delete(reference(":1@" + DIGEST)));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
    assertThat(failure).hasMessageContaining("20001 tags");
    assertThat(deletions()).isEmpty();
  }

  private static String manyTags() {
    StringBuilder tags = new StringBuilder("{\"tags\":[\"1\"");
    for (int i = 0; i < 20_000; i++) {
      tags.append(",\"t").append(i).append('"');
    }
    return tags.append("]}").toString();
  }

  @Test
  void lookingAtTagsEndsWhenTheThreadIsInterrupted() {
    Thread caller = Thread.currentThread();
    serve(
        request -> {
          if (request.getTarget().endsWith("/manifests/2")) {
            caller.interrupt();
            return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
          }
          return store.apply(request);
        });
    tag(ONE, "1", "2");
    RuncibleException failure = failure(() -> client.tagsOf(reference(""), DIGEST));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
  }

  @Test
  void ofWhatIsNoProperManifestIsPossible() {
    serve(store);
    byte[] broken = {'x'};
    tag(broken, "1");
    client.delete(reference(":1@" + Digest.sha256(broken)));
    assertThat(store.tags).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 202, 204})
  void ofABlobIsOneRequest(int status) {
    serve(request -> status(status));
    client.deleteBlob(reference(""), DIGEST);
    assertThat(registry.lines()).containsExactly("DELETE /v2/team/app/blobs/" + DIGEST);
  }

  @ParameterizedTest
  @CsvSource({
    "404,NOT_FOUND",
    "405,UNSUPPORTED",
    "403,PERMISSION_DENIED",
    "401,UNAUTHENTICATED",
    "201,UNAVAILABLE"
  })
  void ofABlobThatIsRefusedHasTheKindOfItsStatus(int status, ErrorKind kind) {
    serve(request -> status(status));
    assertThat(failure(() -> client.deleteBlob(reference(""), DIGEST)).kind()).isEqualTo(kind);
  }
}
