package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.status;
import static io.runcible.registry.StoringRegistry.names;
import static io.runcible.registry.StoringRegistry.referrer;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReferrersTest extends FakeRegistryTests {
  private static final Digest SUBJECT = Digest.sha256(MANIFEST);
  private static final String API = "/v2/team/app/referrers/" + SUBJECT;
  private static final String TAG = "sha256-" + SUBJECT.hex();

  private final StoringRegistry store = new StoringRegistry();

  private ImageReference app() {
    return registry.reference("team/app:1");
  }

  private List<String> list() {
    return names(client.referrers(app(), SUBJECT));
  }

  private Manifest put(String name) {
    Manifest manifest = referrer(SUBJECT, name);
    client.putManifest(pinned(manifest), manifest.descriptor(), manifest.raw());
    return manifest;
  }

  private ImageReference pinned(Manifest manifest) {
    return registry.reference("team/app@" + manifest.digest());
  }

  private static Descriptor entry(String name) {
    Manifest manifest = referrer(SUBJECT, name);
    return new Descriptor(
        manifest.mediaType(),
        manifest.digest(),
        manifest.raw().length,
        Map.of("name", name),
        Optional.empty(),
        manifest.artifactType());
  }

  private static MockResponse.Builder listOf(String... names) {
    List<Descriptor> entries = new ArrayList<>();
    for (String name : names) {
      entries.add(entry(name));
    }
    return FakeRegistry.content(ImageIndex.of(entries, Map.of()).raw())
        .addHeader("Content-Type", MediaType.OCI_INDEX);
  }

  @Nested
  class OfTheRegistry {
    @Test
    void areListedPageByPage() {
      serve(
          request ->
              request.getTarget().equals(API)
                  ? listOf("a", "b").addHeader("Link", "<" + API + "?next=b>; rel=\"next\"").build()
                  : listOf("c").build());
      assertThat(list()).containsExactly("a", "b", "c");
      assertThat(registry.lines()).containsExactly("GET " + API, "GET " + API + "?next=b");
    }

    @Test
    void areKnownByTypeAndAnnotations() {
      serve(request -> listOf("a").build());
      assertThat(client.referrers(app(), SUBJECT)).containsExactly(entry("a"));
    }

    @Test
    void areChosenByTypeThereOrHere() {
      serve(request -> listOf("a", "b").build());
      assertThat(names(client.referrers(app(), SUBJECT, "application/x.b"))).containsExactly("b");
      assertThat(registry.lines())
          .containsExactly("GET " + API + "?artifactType=application%2Fx.b");
    }

    @Test
    void mayBeNone() {
      serve(request -> listOf().build());
      assertThat(list()).isEmpty();
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void onPagesInACircleEnd() {
      serve(request -> listOf("a").addHeader("Link", "<" + API + ">; rel=\"next\"").build());
      assertThat(failure(ReferrersTest.this::list))
          .hasMessageContaining("circle")
          .extracting(RuncibleException::kind)
          .isEqualTo(ErrorKind.INVALID_INPUT);
    }

    @Test
    void onEndlessPagesOfMuchTextEnd() {
      String text = "x".repeat(2_000_000);
      AtomicInteger count = new AtomicInteger();
      serve(
          request ->
              FakeRegistry.content(ImageIndex.of(List.of(), Map.of("text", text)).raw())
                  .addHeader(
                      "Link", "<" + API + "?p=" + count.incrementAndGet() + ">; rel=\"next\"")
                  .build());
      assertThat(failure(ReferrersTest.this::list)).hasMessageContaining("16777216 bytes");
      assertThat(count).hasValueLessThan(40);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "{}", "{\"schemaVersion\":2,\"manifests\":[{}]}", "nonsense"})
    void thatAreNoIndexAreRefused(String body) {
      serve(request -> FakeRegistry.json(body));
      assertThat(failure(ReferrersTest.this::list).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }

    @Test
    void thatCannotBeListedNowAreNotLookedForElsewhere() {
      serve(request -> status(503));
      assertThat(failure(ReferrersTest.this::list).kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(registry.lines()).containsOnly("GET " + API);
    }

    @Test
    void areNotWrittenUnderATag() {
      serve(
          request ->
              new MockResponse.Builder().code(201).addHeader("OCI-Subject", SUBJECT).build());
      Manifest manifest = put("a");
      assertThat(registry.lines())
          .containsExactly("PUT /v2/team/app/manifests/" + manifest.digest());
    }

    @Test
    void areTakenOffTheListByTheRegistry() {
      Manifest manifest = referrer(SUBJECT, "a");
      store.put(manifest.digest().toString(), manifest.mediaType(), manifest.raw());
      serve(
          request ->
              request.getTarget().startsWith("/v2/team/app/referrers/")
                  ? listOf().build()
                  : store.apply(request));
      client.delete(pinned(manifest));
      assertThat(registry.lines()).noneMatch(line -> line.contains(TAG));
    }
  }

  @Nested
  class UnderATag {
    @Test
    void areListed() {
      serve(store);
      store.put(TAG, MediaType.OCI_INDEX, ImageIndex.of(List.of(entry("a")), Map.of()).raw());
      assertThat(client.referrers(app(), SUBJECT)).containsExactly(entry("a"));
      assertThat(client.referrers(app(), SUBJECT, "application/x.b")).isEmpty();
    }

    @Test
    void areNoneWithoutTheTag() {
      serve(store);
      assertThat(list()).isEmpty();
    }

    @Test
    void ofALongDigestAreUnderAShortenedTag() {
      Digest longer = new Digest("sha512", "ab".repeat(64));
      serve(store);
      store.put(
          "sha512-" + "ab".repeat(32),
          MediaType.OCI_INDEX,
          ImageIndex.of(List.of(entry("a")), Map.of()).raw());
      assertThat(names(client.referrers(app(), longer))).containsExactly("a");
    }

    @Test
    void areEnteredByTheClient() {
      serve(store);
      put("a");
      put("b");
      put("b");
      assertThat(client.referrers(app(), SUBJECT)).containsExactly(entry("a"), entry("b"));
      assertThat(store.tags).containsOnlyKeys(TAG);
    }

    @Test
    void areEnteredByTheTypeOfTheConfigurationWhenTheManifestNamesNone() {
      serve(store);
      Manifest plain =
          Manifest.parse(
              new String(referrer(SUBJECT, "a").raw(), UTF_8)
                  .replace("\"artifactType\":\"application/x.a\",", "")
                  .getBytes(UTF_8),
              MediaType.OCI_MANIFEST);
      client.putManifest(pinned(plain), plain.descriptor(), plain.raw());
      assertThat(store.index(TAG).manifests().get(0).artifactType()).contains(MediaType.OCI_EMPTY);
    }

    @Test
    void keepWhatIsNotKnownOfTheList() {
      serve(store);
      String list =
          "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\""
              + Digest.sha256(new byte[1])
              + "\",\"size\":1,\"x\":[7]}],\"y\":{\"z\":null}}";
      store.put(TAG, MediaType.OCI_INDEX, list.getBytes(UTF_8));
      put("a");
      String after = new String(store.index(TAG).raw(), UTF_8);
      assertThat(after).contains("\"x\":[7]").contains("\"y\":{\"z\":null}").contains("x.a");
    }

    @Test
    void areNotEnteredInAListThatIsNestedTooDeep() {
      serve(store);
      String deep = "[".repeat(50) + "]".repeat(50);
      String list = "{\"schemaVersion\":2,\"manifests\":[],\"x\":" + deep + "}";
      store.put(TAG, MediaType.OCI_INDEX, list.getBytes(UTF_8));
      RuncibleException failure = failure(() -> put("a"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining(TAG).hasMessageContaining("nested too deep");
    }

    @Test
    void goWithTheManifest() {
      serve(store);
      Manifest first = put("a");
      put("b");
      client.delete(pinned(first));
      assertThat(list()).containsExactly("b");
    }

    @Test
    void leaveAnEmptyListBehind() {
      serve(store);
      Manifest first = put("a");
      client.delete(pinned(first));
      assertThat(list()).isEmpty();
      assertThat(store.tags).containsOnlyKeys(TAG);
    }

    @Test
    void thatAnotherWriterDroppedAreEnteredAgain() {
      byte[] others = ImageIndex.of(List.of(entry("other")), Map.of()).raw();
      AtomicInteger lost = new AtomicInteger();
      serve(
          request -> {
            MockResponse answer = store.apply(request);
            boolean list = request.getMethod().equals("PUT") && request.getTarget().endsWith(TAG);
            if (list && lost.incrementAndGet() <= 2) {
              store.put(TAG, MediaType.OCI_INDEX, others);
            }
            return answer;
          });
      put("a");
      assertThat(list()).containsExactly("other", "a");
      assertThat(registry.pauses).hasSize(2);
    }

    @Test
    void areGivenUpWhenTheOthersNeverStop() {
      byte[] others = ImageIndex.of(List.of(entry("other")), Map.of()).raw();
      serve(
          request -> {
            MockResponse answer = store.apply(request);
            if (request.getTarget().endsWith(TAG)) {
              store.put(TAG, MediaType.OCI_INDEX, others);
            }
            return answer;
          });
      RuncibleException failure = failure(() -> put("a"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining(TAG);
      assertThat(registry.lines()).filteredOn(line -> line.startsWith("PUT")).hasSize(9);
    }

    @Test
    void ofManyThreadsAreAllEntered() throws Exception {
      serve(store);
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Callable<Manifest>> puts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          String name = "n" + i;
          puts.add(() -> put(name));
        }
        for (Future<Manifest> result : threads.invokeAll(puts)) {
          result.get();
        }
      } finally {
        threads.shutdownNow();
      }
      assertThat(list()).hasSize(20);
    }

    @Test
    void areNotEnteredInWhatIsNoList() {
      serve(store);
      Manifest other = referrer(SUBJECT, "x");
      store.put(TAG, MediaType.OCI_MANIFEST, other.raw());
      RuncibleException failure = failure(() -> put("a"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining(TAG).hasMessageContaining("list of referrers");
      assertThat(failure(ReferrersTest.this::list).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }

    @Test
    void areNotEnteredInAFullList() {
      serve(store);
      String text = "x".repeat(Manifest.MAX_SIZE - 200);
      byte[] full = ImageIndex.of(List.of(), Map.of("text", text)).raw();
      store.put(TAG, MediaType.OCI_INDEX, full);
      RuncibleException failure = failure(() -> put("a"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(failure).hasMessageContaining(TAG).hasMessageContaining("takes no more");
      assertThat(store.index(TAG).raw()).isEqualTo(full);
    }

    @Test
    void whoseEntryCannotBeRemovedAreDeletedAllTheSame() {
      serve(
          request ->
              request.getMethod().equals("PUT") && request.getTarget().endsWith(TAG)
                  ? error(403, "DENIED", "read only")
                  : store.apply(request));
      Manifest manifest = referrer(SUBJECT, "a");
      store.put(manifest.digest().toString(), manifest.mediaType(), manifest.raw());
      store.put(TAG, MediaType.OCI_INDEX, ImageIndex.of(List.of(entry("a")), Map.of()).raw());
      RuncibleException failure = failure(() -> client.delete(pinned(manifest)));
      assertThat(failure.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
      assertThat(failure).hasMessageContaining("is deleted, but still among the referrers");
    }
  }

  @Test
  void aSubjectInWhatIsNoManifestIsRefusedBeforeItIsSent() {
    serve(store);
    byte[] raw = "{\"schemaVersion\":2,\"subject\":{\"digest\":\"../x\"}}".getBytes(UTF_8);
    RuncibleException failure =
        failure(() -> client.putManifest(app(), Descriptor.of(MediaType.OCI_MANIFEST, raw), raw));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(registry.requests).isEmpty();
  }
}
