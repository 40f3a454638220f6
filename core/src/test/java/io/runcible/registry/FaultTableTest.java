package io.runcible.registry;

import static io.runcible.serve.FaultyRegistry.ALWAYS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What comes of each thing that a registry can do wrong, when a client that has credentials lists
 * the tags, resolves an image, and reads its manifest, its configuration and its layer. Whatever
 * happens, no other host gets a credential, and no message shows one.
 */
class FaultTableTest {
  private static final String SECRET = "s3cret";
  private static final String DECOY = "d3coy";
  private static final String MANIFESTS = "/manifests/";
  private static final String BLOBS = "/blobs/";
  private static final String LAYER = BLOBS + Samples.manifest("one").layers().get(0).digest();
  private static final String TAGS = "/tags/list";
  private static final String TOKEN = "/token";
  private static final int FIVE_MEBIBYTES = 5 * 1024 * 1024;

  private final MemoryImageSource source = new MemoryImageSource();
  private final FaultyRegistry registry = FaultyRegistry.serve(source);
  private final FaultyRegistry elsewhere = FaultyRegistry.serve(source);
  private final CountDownLatch end = new CountDownLatch(1);

  /** Short only where it is waited out: elsewhere a busy machine must not look like a fault. */
  private Duration patience = Duration.ofSeconds(20);

  /** A way to go wrong. */
  private interface Plan {
    void arrange(FaultTableTest test);
  }

  /**
   * A row of the table.
   *
   * @param fault what goes wrong
   * @param tag the image that is read
   * @param plan arranges it
   * @param expected the kind of failure; null when the client gets over it
   * @param said what the message says
   */
  private record Row(
      String fault, String tag, Plan plan, @Nullable ErrorKind expected, String... said) {
    @Override
    public String toString() {
      return fault + ": " + (expected == null ? "is got over" : expected);
    }
  }

  private static Row isGotOver(String fault, Plan plan) {
    return new Row(fault, "1", plan, null);
  }

  private static Row fails(String fault, ErrorKind kind, Plan plan, String... said) {
    return new Row(fault, "1", plan, kind, said);
  }

  private static Row document(String what, ErrorKind kind, byte[] raw, String... said) {
    return new Row(
        what,
        "hostile",
        test -> {
          Descriptor descriptor = test.source.add(MediaType.OCI_MANIFEST, raw);
          test.source.tag(ImageReference.parse("team/app:hostile"), descriptor);
        },
        kind,
        said);
  }

  static Stream<Row> rows() {
    return Stream.of(
            connections(), statuses(), contents(), redirects(), logins(), lists(), documents())
        .flatMap(List::stream);
  }

  private static List<Row> connections() {
    return List.of(
        isGotOver(
            "a manifest cut once", t -> t.registry.fail("GET", MANIFESTS, 1, Fault.dropAfter(9))),
        isGotOver("a blob cut twice", t -> t.registry.fail(BLOBS, 2, Fault.dropAfter(100))),
        isGotOver("no answer twice", t -> t.registry.fail("", 2, Fault.drop())),
        isGotOver("a blob stalled once", t -> t.stall(BLOBS, 1)),
        fails(
            "a manifest cut always",
            ErrorKind.UNAVAILABLE,
            t -> t.registry.fail("GET", MANIFESTS, ALWAYS, Fault.dropAfter(9)),
            "manifest"),
        fails(
            "a blob cut always",
            ErrorKind.UNAVAILABLE,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.dropAfter(9)),
            "blob sha256:"),
        fails(
            "never an answer",
            ErrorKind.UNAVAILABLE,
            t -> t.registry.fail("", ALWAYS, Fault.drop())),
        fails("a manifest stalled always", ErrorKind.TIMEOUT, t -> t.stall(MANIFESTS, ALWAYS)),
        fails("a blob stalled always", ErrorKind.TIMEOUT, t -> t.stall(BLOBS, ALWAYS)));
  }

  private static List<Row> statuses() {
    return Stream.of(
            Stream.of(408, 429, 500, 502, 503, 504)
                .flatMap(
                    status ->
                        Stream.of(
                            isGotOver(
                                status + " twice",
                                t -> t.registry.fail("", 2, Fault.status(status))),
                            fails(
                                status + " always",
                                ErrorKind.UNAVAILABLE,
                                t -> t.registry.fail("", ALWAYS, Fault.status(status)),
                                "answered " + status))),
            Stream.of(
                isGotOver(
                    "429 with a pause", t -> t.registry.fail(BLOBS, 1, Fault.status(429, "7"))),
                fails(
                    "429 with a pause beyond measure",
                    ErrorKind.UNAVAILABLE,
                    t -> t.registry.fail(BLOBS, 1, Fault.status(429, "86400")),
                    "come back in 86400 s"),
                fails(
                    "403",
                    ErrorKind.PERMISSION_DENIED,
                    t -> t.registry.fail(BLOBS, 1, Fault.status(403))),
                fails(
                    "404", ErrorKind.NOT_FOUND, t -> t.registry.fail(BLOBS, 1, Fault.status(404))),
                fails(
                    "400",
                    ErrorKind.INVALID_INPUT,
                    t -> t.registry.fail(BLOBS, 1, Fault.status(400))),
                fails(
                    "an endless error",
                    ErrorKind.UNAVAILABLE,
                    t ->
                        t.registry.fail(
                            BLOBS,
                            ALWAYS,
                            Fault.answer(
                                answer ->
                                    new Fault.Answer(500, Map.of(), new byte[FIVE_MEBIBYTES])))),
                fails(
                    "an answer without content",
                    ErrorKind.UNAVAILABLE,
                    t -> t.registry.fail(BLOBS, ALWAYS, Fault.status(299)))))
        .flatMap(rows -> rows)
        .toList();
  }

  private static List<Row> contents() {
    Digest other = Digest.sha256(new byte[1]);
    return List.of(
        fails(
            "a blob of another digest",
            ErrorKind.CORRUPT_DATA,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.flip(50))),
        fails(
            "a manifest of another digest",
            ErrorKind.CORRUPT_DATA,
            t -> t.registry.fail("GET", MANIFESTS, ALWAYS, Fault.flip(50))),
        fails(
            "a blob that is shorter",
            ErrorKind.CORRUPT_DATA,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.truncate(50))),
        fails(
            "a blob that is longer",
            ErrorKind.CORRUPT_DATA,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.append(FIVE_MEBIBYTES))),
        fails(
            "a manifest that is shorter",
            ErrorKind.CORRUPT_DATA,
            t -> t.registry.fail("GET", MANIFESTS, ALWAYS, Fault.truncate(50))),
        fails(
            "a manifest that does not end",
            ErrorKind.INVALID_INPUT,
            t -> t.registry.fail("GET", MANIFESTS, ALWAYS, Fault.append(FIVE_MEBIBYTES)),
            "at most 4194304"),
        isGotOver(
            "a manifest as plain text",
            t -> t.registry.fail(MANIFESTS, ALWAYS, Fault.header("Content-Type", "text/plain"))),
        fails(
            "a manifest as an index",
            ErrorKind.INVALID_INPUT,
            t ->
                t.registry.fail(
                    MANIFESTS, ALWAYS, Fault.header("Content-Type", MediaType.OCI_INDEX))),
        fails(
            "a manifest as one of schema 1",
            ErrorKind.UNSUPPORTED,
            t ->
                t.registry.fail(
                    MANIFESTS, ALWAYS, Fault.header("Content-Type", MediaType.DOCKER_SCHEMA1)),
            "schema 1"),
        fails(
            "the digest of something else",
            ErrorKind.NOT_FOUND,
            t ->
                t.registry.fail(
                    "HEAD", MANIFESTS, ALWAYS, Fault.header("Docker-Content-Digest", "" + other)),
            other.toString()),
        fails(
            "a digest with a path in it",
            ErrorKind.INVALID_INPUT,
            t ->
                t.registry.fail(
                    "HEAD",
                    MANIFESTS,
                    ALWAYS,
                    Fault.header("Docker-Content-Digest", "sha256:../../etc/passwd")),
            "announces the digest"));
  }

  private static List<Row> redirects() {
    return List.of(
        fails(
            "a redirect to itself",
            ErrorKind.INVALID_INPUT,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.redirect("?again")),
            "more than 8 times"),
        fails(
            "redirects between two hosts",
            ErrorKind.INVALID_INPUT,
            t -> {
              t.registry.fail("GET", BLOBS, ALWAYS, Fault.redirect(t.elsewhere("/v2/app/blobs/x")));
              t.elsewhere.fail(BLOBS, ALWAYS, Fault.redirect(t.here("/v2/app/blobs/x")));
            },
            "more than 8 times"),
        fails(
            "a redirect to a file",
            ErrorKind.INVALID_INPUT,
            t -> t.registry.fail(BLOBS, ALWAYS, Fault.redirect("file:///etc/passwd")),
            "without a usable HTTP address"),
        isGotOver(
            "a redirect to another host",
            t -> t.registry.fail(LAYER, ALWAYS, t.layerAtTheOtherHost())),
        fails(
            "a redirect to a host that wants a password",
            ErrorKind.UNAUTHENTICATED,
            t -> {
              t.registry.fail(LAYER, ALWAYS, t.layerAtTheOtherHost());
              t.elsewhere.requireBasic("other", DECOY);
            },
            "redirected to"),
        fails(
            "a redirect to a host that wants a token",
            ErrorKind.UNAUTHENTICATED,
            t -> {
              t.registry.fail(LAYER, ALWAYS, t.layerAtTheOtherHost());
              t.elsewhere.requireToken("other", DECOY);
            }));
  }

  private static List<Row> logins() {
    return List.of(
        fails(
            "a token server that changed",
            ErrorKind.UNAUTHENTICATED,
            t ->
                t.registry.fail(
                    BLOBS, ALWAYS, t.challenge("Bearer realm=\"" + t.elsewhere(TOKEN) + "\"")),
            "changed its token server"),
        fails(
            "tokens that are never right",
            ErrorKind.UNAUTHENTICATED,
            t ->
                t.registry.fail(
                    BLOBS, ALWAYS, t.challenge("Bearer realm=\"" + t.here(TOKEN) + "\"")),
            "refused access"),
        fails(
            "a way to log in that is not known",
            ErrorKind.UNAUTHENTICATED,
            t -> t.registry.fail(BLOBS, ALWAYS, t.challenge("Negotiate"))),
        isGotOver(
            "a token server with 503 once", t -> t.registry.fail(TOKEN, 1, Fault.status(503))),
        fails(
            "a token server that is down",
            ErrorKind.UNAVAILABLE,
            t -> t.registry.fail(TOKEN, ALWAYS, Fault.status(503))),
        fails(
            "a token that does not end",
            ErrorKind.UNAUTHENTICATED,
            t -> t.registry.fail(TOKEN, ALWAYS, Fault.append(FIVE_MEBIBYTES)),
            "no usable token"),
        fails(
            "a token with a line break",
            ErrorKind.UNAUTHENTICATED,
            t ->
                t.registry.fail(
                    TOKEN, ALWAYS, Fault.body("{\"token\":\"a\\r\\nX: y\"}".getBytes(UTF_8))),
            "no usable token"),
        fails(
            "a token server that redirects to another",
            ErrorKind.UNAUTHENTICATED,
            t -> {
              t.registry.fail(TOKEN, ALWAYS, Fault.redirect(t.elsewhere(TOKEN)));
              t.elsewhere.requireToken("other", DECOY);
            }));
  }

  private static List<Row> lists() {
    return List.of(
        fails(
            "pages in a circle",
            ErrorKind.INVALID_INPUT,
            t -> t.registry.fail(TAGS, ALWAYS, Fault.header("Link", "<?n=1000>; rel=\"next\"")),
            "circle"),
        fails(
            "a next page at another host",
            ErrorKind.INVALID_INPUT,
            t ->
                t.registry.fail(
                    TAGS,
                    ALWAYS,
                    Fault.header("Link", "<" + t.elsewhere("/v2/x") + ">; rel=\"next\"")),
            "not its own"),
        fails(
            "a list that does not end",
            ErrorKind.INVALID_INPUT,
            t -> t.registry.fail(TAGS, ALWAYS, Fault.append(FIVE_MEBIBYTES)),
            "a page of more than"),
        fails(
            "a tag with a path in it",
            ErrorKind.INVALID_INPUT,
            t ->
                t.registry.fail(
                    TAGS, ALWAYS, Fault.body("{\"tags\":[\"../../x\"]}".getBytes(UTF_8)))));
  }

  private static List<Row> documents() {
    String manifest = new String(Samples.manifest("one").raw(), UTF_8);
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    return List.of(
        document(
            "a manifest of 5 MiB",
            ErrorKind.INVALID_INPUT,
            (manifest + " ".repeat(FIVE_MEBIBYTES)).getBytes(UTF_8),
            "at most 4194304"),
        document(
            "JSON nested 100,000 deep",
            ErrorKind.INVALID_INPUT,
            manifest.replaceFirst("\\{", "{\"x\":" + deep + ",").getBytes(UTF_8),
            "depth"),
        document(
            "a configuration with a path in its digest",
            ErrorKind.INVALID_INPUT,
            manifest
                .replace(Samples.config("one").digest().toString(), "sha256:../../etc/passwd")
                .getBytes(UTF_8),
            "digest"),
        fails(
            "an index that contains itself",
            ErrorKind.CORRUPT_DATA,
            FaultTableTest::serveAnIndexThatContainsItself),
        fails(
            "an endless chain of indexes",
            ErrorKind.INVALID_INPUT,
            FaultTableTest::serveAChainOfIndexes,
            "4 deep"));
  }

  /** No index can have its own digest in it, but a registry can answer to that with the index. */
  private static void serveAnIndexThatContainsItself(FaultTableTest test) {
    Descriptor inner =
        Descriptor.of(MediaType.OCI_INDEX, Digest.sha256(new byte[1]), 300)
            .withPlatform(Samples.PLATFORM);
    byte[] raw = ImageIndex.of(List.of(inner), Map.of()).raw();
    Descriptor index = test.source.add(MediaType.OCI_INDEX, raw);
    test.source.tag(ImageReference.parse("team/app:1"), index);
    Fault itself =
        Fault.answer(
            answer -> new Fault.Answer(200, Map.of("Content-Type", MediaType.OCI_INDEX), raw));
    test.registry.fail(MANIFESTS + inner.digest(), ALWAYS, itself);
  }

  private static void serveAChainOfIndexes(FaultTableTest test) {
    Descriptor inner = Samples.manifest("one").descriptor();
    for (int i = 0; i < 8; i++) {
      byte[] raw = ImageIndex.of(List.of(inner.withPlatform(Samples.PLATFORM)), Map.of()).raw();
      inner = test.source.add(MediaType.OCI_INDEX, raw);
      test.source.tag(ImageReference.parse("team/app:1"), inner);
    }
  }

  private void stall(String pathPart, int times) {
    patience = Duration.ofMillis(500);
    registry.fail(pathPart, times, Fault.stallAfter(9, end));
  }

  private String here(String path) {
    return "http://" + registry.host() + path;
  }

  private String elsewhere(String path) {
    return "http://" + elsewhere.host() + path;
  }

  private Fault layerAtTheOtherHost() {
    return Fault.redirect(elsewhere("/v2/team/app" + LAYER));
  }

  private Fault challenge(String challenge) {
    return Fault.status(401, Map.of("WWW-Authenticate", challenge));
  }

  @AfterEach
  void close() {
    end.countDown();
    registry.close();
    elsewhere.close();
  }

  private RegistryClient client() {
    return RegistryClient.builder()
        .credentials(registry.host(), Credentials.basic("joe", SECRET))
        .credentials(elsewhere.host(), Credentials.basic("other", DECOY))
        .credentialStore(CredentialStore.NONE)
        .stallTimeout(patience)
        .attempts(4)
        .sleeper(pause -> {})
        .build();
  }

  private void read(RegistryClient client, String tag) throws IOException {
    ImageReference reference = ImageReference.parse(registry.host() + "/team/app:" + tag);
    client.tags(reference);
    Image image = Image.resolve(client, reference, Samples.PLATFORM);
    assertThat(image.layers()).hasSize(1);
    Descriptor layer = image.manifest().layers().get(0);
    try (InputStream in =
        new VerifiedInputStream(client.blob(reference, layer), layer.digest(), layer.size())) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void aFaultHasItsOutcome(Row row) {
    Samples.put(source, ImageReference.parse("team/app:1"), "one");
    registry.requireToken("joe", SECRET);
    row.plan().arrange(this);
    RuncibleException failure;
    try (RegistryClient client = client()) {
      failure = catchThrowableOfType(RuncibleException.class, () -> read(client, row.tag()));
    }
    assertThat(failure == null ? null : failure.kind()).as("" + failure).isEqualTo(row.expected());
    if (failure != null) {
      for (String part : row.said()) {
        assertThat(failure).hasMessageContaining(part);
      }
      assertThat(failure.getMessage()).doesNotContain(SECRET, DECOY).hasSizeLessThan(1000);
    }
    assertNoCredentialWentAstray();
  }

  private void assertNoCredentialWentAstray() {
    assertThat(elsewhere.requests())
        .noneMatch(request -> request.header("Authorization").isPresent());
    String decoy = Base64.getEncoder().encodeToString(("other:" + DECOY).getBytes(UTF_8));
    assertThat(registry.requests())
        .noneMatch(request -> request.header("Authorization").orElse("").contains(decoy))
        .filteredOn(request -> !request.path().equals(TOKEN))
        .noneMatch(request -> request.header("Authorization").orElse("").startsWith("Basic"));
    assertThat(Stream.concat(registry.requests().stream(), elsewhere.requests().stream()))
        .noneMatch(request -> (request.path() + request.query()).contains(SECRET));
  }
}
