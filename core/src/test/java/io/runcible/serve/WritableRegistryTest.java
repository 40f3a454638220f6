package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every request that changes something, and every way in which it is refused. */
class WritableRegistryTest {
  private static final ImageReference APP = ImageReference.parse("team/app:1");
  private static final Manifest MANIFEST = Samples.manifest("one");
  private static final byte[] CONTENT = Samples.layer("one");
  private static final Digest DIGEST = Digest.sha256(CONTENT);
  private static final String UPLOADS = "/v2/team/app/blobs/uploads/";
  private static final String MANIFESTS = "/v2/team/app/manifests/";

  private final HttpClient client = HttpClient.newHttpClient();
  @TempDir Path temporary;
  private ImageLayout layout;
  private RegistryServer server;

  @BeforeEach
  void start() {
    layout = ImageLayout.create(temporary.resolve("layout"));
    server = RegistryServer.serve(layout).writable().start();
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    assertThat(spooled()).isEmpty();
  }

  /** The files of uploads. */
  private List<Path> spooled() throws IOException {
    try (Stream<Path> files = Files.walk(temporary.resolve("layout/.runcible-uploads"))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().endsWith(".lock"))
          .toList();
    }
  }

  private HttpResponse<byte[]> send(
      String method, String path, BodyPublisher body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + server.host() + path)).method(method, body);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers)
      throws IOException, InterruptedException {
    return send(method, path, BodyPublishers.ofByteArray(body), headers);
  }

  private HttpResponse<byte[]> send(String method, String path, String... headers)
      throws IOException, InterruptedException {
    return send(method, path, BodyPublishers.noBody(), headers);
  }

  /** A body without a length, which is sent in chunks. */
  private static BodyPublisher chunked(byte[] body) {
    return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body));
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static void assertError(HttpResponse<byte[]> response, int status, String code)
      throws IOException {
    assertThat(response.statusCode()).isEqualTo(status);
    JsonNode error = new ObjectMapper().readTree(response.body()).at("/errors/0");
    assertThat(error.path("code").asText()).isEqualTo(code);
    assertThat(error.path("message").asText()).isNotEmpty();
  }

  private String begin() throws IOException, InterruptedException {
    HttpResponse<byte[]> response = send("POST", UPLOADS);
    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(header(response, "Docker-Upload-UUID")).isNotEmpty();
    return header(response, "Location");
  }

  private byte[] stored(Digest digest) throws IOException {
    try (InputStream in = layout.blob(APP, Descriptor.of("a/b", digest, 1))) {
      return in.readAllBytes();
    }
  }

  private void assertStored(HttpResponse<byte[]> response) throws Exception {
    assertThat(response.statusCode()).isEqualTo(201);
    assertThat(header(response, "Location")).isEqualTo("/v2/team/app/blobs/" + DIGEST);
    assertThat(header(response, "Docker-Content-Digest")).isEqualTo(DIGEST.toString());
    assertThat(stored(DIGEST)).isEqualTo(CONTENT);
    assertThat(send("HEAD", header(response, "Location")).statusCode()).isEqualTo(200);
    assertThat(spooled()).isEmpty();
  }

  private void assertNotStored() throws IOException {
    assertThat(layout.hasBlob(APP, Descriptor.of("a/b", DIGEST, CONTENT.length))).isFalse();
  }

  @Nested
  class Blobs {
    @Test
    void inOnePiece() throws Exception {
      assertStored(send("PUT", begin() + "?digest=" + DIGEST, CONTENT));
    }

    @Test
    void inOneRequest() throws Exception {
      assertStored(send("POST", UPLOADS + "?digest=" + DIGEST, CONTENT));
      assertStored(send("POST", UPLOADS + "?digest=" + DIGEST, chunked(CONTENT)));
    }

    @Test
    void withAnEncodedDigest() throws Exception {
      assertStored(send("PUT", begin() + "?digest=sha256%3a" + DIGEST.hex(), CONTENT));
    }

    @Test
    void withAnotherDigest() throws Exception {
      Digest.Hasher hasher = Digest.parse("sha512:" + "0".repeat(128)).hasher();
      Digest digest = hasher.update(CONTENT, 0, CONTENT.length).finish();
      assertThat(send("PUT", begin() + "?digest=" + digest, CONTENT).statusCode()).isEqualTo(201);
      assertThat(stored(digest)).isEqualTo(CONTENT);
    }

    @Test
    void emptyOnes() throws Exception {
      Digest empty = Digest.sha256(new byte[0]);
      assertThat(send("PUT", begin() + "?digest=" + empty).statusCode()).isEqualTo(201);
      String location = begin();
      assertThat(send("PATCH", location).statusCode()).isEqualTo(202);
      assertThat(send("PUT", location + "?digest=" + empty, chunked(new byte[0])).statusCode())
          .isEqualTo(201);
      assertThat(stored(empty)).isEmpty();
    }

    @Test
    void asAStreamThatIsCompletedAfterwards() throws Exception {
      String location = begin();
      HttpResponse<byte[]> patched = send("PATCH", location, chunked(CONTENT));
      assertThat(patched.statusCode()).isEqualTo(202);
      assertThat(header(patched, "Range")).isEqualTo("0-" + (CONTENT.length - 1));
      assertThat(header(patched, "Location")).isEqualTo(location);
      assertThat(spooled()).hasSize(1);
      assertStored(send("PUT", location + "?digest=" + DIGEST));
    }

    @Test
    void inPartsWithTheLastInTheEnd() throws Exception {
      String location = begin();
      int half = CONTENT.length / 2;
      byte[] first = Arrays.copyOf(CONTENT, half);
      byte[] second = Arrays.copyOfRange(CONTENT, half, CONTENT.length);
      HttpResponse<byte[]> patched =
          send("PATCH", location, first, "Content-Range", "0-" + (half - 1));
      assertThat(patched.statusCode()).isEqualTo(202);
      HttpResponse<byte[]> status = send("GET", location);
      assertThat(status.statusCode()).isEqualTo(204);
      assertThat(header(status, "Range")).isEqualTo("0-" + (half - 1));
      assertThat(header(status, "Location")).isEqualTo(location);
      assertThat(send("HEAD", location).statusCode()).isEqualTo(204);
      assertStored(
          send(
              "PUT",
              location + "?digest=" + DIGEST,
              second,
              "Content-Range",
              half + "-" + (CONTENT.length - 1)));
      assertError(send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN");
    }

    @ParameterizedTest
    @CsvSource({
      "5-14",
      "11-20",
      "9-18",
      "0-9",
      "-5--1",
      "x",
      "bytes 10-19/20",
      "10",
      "10-9",
      "99999999999999999999-1"
    })
    void withAGapAreRefused(String range) throws Exception {
      String location = begin();
      send("PATCH", location, Arrays.copyOf(CONTENT, 10));
      HttpResponse<byte[]> refused = send("PATCH", location, new byte[10], "Content-Range", range);
      assertError(refused, 416, "BLOB_UPLOAD_INVALID");
      assertThat(header(refused, "Range")).isEqualTo("0-9");
      assertThat(header(refused, "Location")).isEqualTo(location);
      byte[] rest = Arrays.copyOfRange(CONTENT, 10, CONTENT.length);
      assertStored(send("PUT", location + "?digest=" + DIGEST, rest));
    }

    @Test
    void ofAnotherSizeThanTheirRangeAreRefused() throws Exception {
      String location = begin();
      byte[] ten = Arrays.copyOf(CONTENT, 10);
      assertError(send("PATCH", location, ten, "Content-Range", "0-10"), 400, "SIZE_INVALID");
      for (String range : List.of("0-8", "0-10")) {
        assertError(
            send("PATCH", location, chunked(ten), "Content-Range", range), 400, "SIZE_INVALID");
      }
      assertThat(header(send("GET", location), "Range")).isEqualTo("0-0");
      send("PATCH", location, chunked(CONTENT), "Content-Range", "0-" + (CONTENT.length - 1));
      assertStored(send("PUT", location + "?digest=" + DIGEST));
    }

    @Test
    void thatTheSinkHasAreReadToTheirEnd() throws Exception {
      server.close();
      server = RegistryServer.serve(layout).writable(new Knowing()).start();
      try (Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
        String post =
            "POST "
                + UPLOADS
                + "?digest="
                + DIGEST
                + " HTTP/1.1\r\nContent-Length: "
                + CONTENT.length
                + "\r\n\r\n"
                + new String(CONTENT, UTF_8);
        String next = "GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n";
        socket.getOutputStream().write((post + next).getBytes(UTF_8));
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
            .startsWith("HTTP/1.1 201 ")
            .contains("HTTP/1.1 200 ");
      }
    }

    @Test
    void thatAreNotWhatTheyClaimAreRefused() throws Exception {
      byte[] wrong = CONTENT.clone();
      wrong[wrong.length - 1]++;
      assertError(send("PUT", begin() + "?digest=" + DIGEST, wrong), 400, "DIGEST_INVALID");
      assertError(send("POST", UPLOADS + "?digest=" + DIGEST, wrong), 400, "DIGEST_INVALID");
      String location = begin();
      send("PATCH", location, wrong);
      assertError(send("PUT", location + "?digest=" + DIGEST), 400, "DIGEST_INVALID");
      assertError(send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN");
      assertNotStored();
      assertThat(spooled()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "?digest=",
          "?digest=sha256:../../x",
          "?digest=sha256:ab",
          "?digest=md5:%00",
          "?digest=%25"
        })
    void needADigest(String query) throws Exception {
      String location = begin();
      assertError(send("PUT", location + query, CONTENT), 400, "DIGEST_INVALID");
      assertThat(send("GET", location).statusCode()).isEqualTo(204);
    }

    @Test
    void canBeGivenUp() throws Exception {
      String location = begin();
      send("PATCH", location, CONTENT);
      assertThat(send("DELETE", location).statusCode()).isEqualTo(204);
      assertThat(spooled()).isEmpty();
      for (String method : List.of("GET", "PATCH", "DELETE")) {
        HttpResponse<byte[]> gone = send(method, location);
        assertError(gone, 404, "BLOB_UPLOAD_UNKNOWN");
      }
      assertError(send("PUT", location + "?digest=" + DIGEST, CONTENT), 404, "BLOB_UPLOAD_UNKNOWN");
    }

    @Test
    void belongToTheRepositoryWhereTheyBegan() throws Exception {
      String elsewhere = begin().replace("/team/app/", "/team/other/");
      assertError(send("GET", elsewhere), 404, "BLOB_UPLOAD_UNKNOWN");
      assertError(send("PATCH", elsewhere, CONTENT), 404, "BLOB_UPLOAD_UNKNOWN");
      assertError(send("DELETE", elsewhere), 404, "BLOB_UPLOAD_UNKNOWN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "..", "%2e%2e", ".lock"})
    void haveNoNamesThatAreFiles(String name) throws Exception {
      assertError(send("PATCH", UPLOADS + name, CONTENT), 404, "BLOB_UPLOAD_UNKNOWN");
    }

    @Test
    void areTakenOverFromOtherRepositories() throws Exception {
      layout.putBlob(
          ImageReference.parse("other/app:1"),
          Descriptor.of("a/b", CONTENT),
          new ByteArrayInputStream(CONTENT));
      assertStored(send("POST", UPLOADS + "?mount=" + DIGEST + "&from=other/app"));
      assertStored(send("POST", UPLOADS + "?from=other%2Fapp&mount=" + DIGEST));
      assertStored(send("POST", UPLOADS + "?mount=" + DIGEST));
    }

    @ParameterizedTest
    @ValueSource(strings = {"?mount=%s&from=other/app", "?mount=%s&from=../x", "?mount=x&from=a"})
    void thatCannotBeTakenOverAreSent(String query) throws Exception {
      HttpResponse<byte[]> response = send("POST", UPLOADS + String.format(query, DIGEST));
      assertThat(response.statusCode()).isEqualTo(202);
      String location = header(response, "Location");
      assertStored(send("PUT", location + "?digest=" + DIGEST, CONTENT));
    }

    @Test
    void areDeletedWhenNobodyNeedsThem() throws Exception {
      Samples.put(layout, APP, "one");
      String path = "/v2/team/app/blobs/" + MANIFEST.layers().get(0).digest();
      assertError(send("DELETE", path), 409, "DENIED");
      assertThat(send("DELETE", MANIFESTS + MANIFEST.digest()).statusCode()).isEqualTo(202);
      assertThat(send("DELETE", path).statusCode()).isEqualTo(202);
      assertError(send("DELETE", path), 404, "BLOB_UNKNOWN");
      assertError(send("GET", path), 404, "BLOB_UNKNOWN");
      assertError(send("DELETE", "/v2/team/app/blobs/x"), 400, "DIGEST_INVALID");
    }
  }

  @Nested
  class Manifests {
    private void putBlobs(String name) {
      byte[] layer = Samples.layer(name);
      byte[] config = Samples.config(name).raw();
      for (byte[] blob : List.of(layer, config)) {
        layout.putBlob(APP, Descriptor.of("a/b", blob), new ByteArrayInputStream(blob));
      }
    }

    private HttpResponse<byte[]> put(String target, byte[] raw) throws Exception {
      return send("PUT", MANIFESTS + target, raw, "Content-Type", MediaType.OCI_MANIFEST);
    }

    @Test
    void areStoredByTagAndDigest() throws Exception {
      putBlobs("one");
      for (String target : List.of("1", MANIFEST.digest().toString())) {
        HttpResponse<byte[]> response = put(target, MANIFEST.raw());
        assertThat(response.statusCode()).isEqualTo(201);
        assertThat(header(response, "Location")).isEqualTo(MANIFESTS + MANIFEST.digest());
        assertThat(header(response, "Docker-Content-Digest"))
            .isEqualTo(MANIFEST.digest().toString());
        assertThat(header(response, "OCI-Subject")).isEmpty();
        HttpResponse<byte[]> back = send("GET", MANIFESTS + target);
        assertThat(back.body()).isEqualTo(MANIFEST.raw());
        assertThat(header(back, "Content-Type")).isEqualTo(MediaType.OCI_MANIFEST);
      }
      assertThat(layout.manifest(APP, layout.resolve(APP))).isEqualTo(MANIFEST.raw());
    }

    @Test
    void areOfTheTypeThatTheyNameThemselves() throws Exception {
      putBlobs("one");
      assertThat(send("PUT", MANIFESTS + "1", MANIFEST.raw()).statusCode()).isEqualTo(201);
      assertThat(
              send(
                      "PUT",
                      MANIFESTS + "1",
                      MANIFEST.raw(),
                      "Content-Type",
                      MediaType.OCI_MANIFEST + "; charset=utf-8")
                  .statusCode())
          .isEqualTo(201);
      assertError(
          send("PUT", MANIFESTS + "1", MANIFEST.raw(), "Content-Type", MediaType.OCI_INDEX),
          400,
          "MANIFEST_INVALID");
      assertError(
          send("PUT", MANIFESTS + "1", MANIFEST.raw(), "Content-Type", "text/html"),
          400,
          "MANIFEST_INVALID");
    }

    @Test
    void needTheirBlobs() throws Exception {
      assertError(put("1", MANIFEST.raw()), 404, "MANIFEST_BLOB_UNKNOWN");
      byte[] layer = Samples.layer("one");
      layout.putBlob(APP, Descriptor.of("a/b", layer), new ByteArrayInputStream(layer));
      HttpResponse<byte[]> refused = put("1", MANIFEST.raw());
      assertError(refused, 404, "MANIFEST_BLOB_UNKNOWN");
      assertThat(new String(refused.body(), UTF_8)).contains(MANIFEST.config().digest().toString());
      assertThat(layout.index().manifests()).isEmpty();
    }

    @Test
    void needTheirPlatforms() throws Exception {
      ImageIndex index = ImageIndex.of(List.of(MANIFEST.descriptor()), Map.of());
      assertError(
          send("PUT", MANIFESTS + "all", index.raw(), "Content-Type", MediaType.OCI_INDEX),
          404,
          "MANIFEST_BLOB_UNKNOWN");
      putBlobs("one");
      put(MANIFEST.digest().toString(), MANIFEST.raw());
      assertThat(
              send("PUT", MANIFESTS + "all", index.raw(), "Content-Type", MediaType.OCI_INDEX)
                  .statusCode())
          .isEqualTo(201);
      assertError(send("DELETE", MANIFESTS + MANIFEST.digest()), 409, "DENIED");
    }

    @Test
    void doNotNeedLayersThatAreNotToBePushed() throws Exception {
      putBlobs("one");
      Manifest foreign =
          Manifest.of(
              MANIFEST.config(),
              List.of(
                  Descriptor.of(
                      MediaType.DOCKER_FOREIGN_LAYER_GZIP, Digest.sha256(new byte[1]), 1)),
              Map.of());
      assertThat(put("1", foreign.raw()).statusCode()).isEqualTo(201);
    }

    @Test
    void thatAreNotWhatTheyClaimAreRefused() throws Exception {
      putBlobs("one");
      assertError(
          put(Samples.manifest("two").digest().toString(), MANIFEST.raw()), 400, "DIGEST_INVALID");
      assertThat(layout.index().manifests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "{}",
          "[]",
          "null",
          "not JSON",
          "{\"schemaVersion\":1}",
          "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}",
          "{\"schemaVersion\":2,\"config\":{},\"config\":{},\"layers\":[]}",
        })
    void thatAreNoneAreRefused(String text) throws Exception {
      assertError(put("1", text.getBytes(UTF_8)), 400, "MANIFEST_INVALID");
      assertError(send("PUT", MANIFESTS + "1", text.getBytes(UTF_8)), 400, "MANIFEST_INVALID");
    }

    @Test
    void ofDeepNestingAreRefused() throws Exception {
      assertError(put("1", "[".repeat(100_000).getBytes(UTF_8)), 400, "MANIFEST_INVALID");
    }

    @Test
    void thatAreTooLargeAreRefused() throws Exception {
      byte[] large = new byte[Manifest.MAX_SIZE + 1];
      assertError(put("1", large), 413, "MANIFEST_INVALID");
      assertError(send("PUT", MANIFESTS + "1", chunked(large)), 413, "MANIFEST_INVALID");
    }

    @ParameterizedTest
    @CsvSource({
      "/v2/team/app/manifests/-x, 404, MANIFEST_UNKNOWN",
      "/v2/team/app/manifests/..%2f..%2fx, 404, UNSUPPORTED",
      "/v2/team/app/manifests/sha256:abc, 400, DIGEST_INVALID",
      "/v2/team/../app/manifests/1, 400, NAME_INVALID",
      "/v2/Team/manifests/1, 400, NAME_INVALID",
      "/v2/a%00b/manifests/1, 400, NAME_INVALID",
      "/v2/%2e%2e/%2e%2e/etc/manifests/1, 400, NAME_INVALID",
      "/v2/.runcible-uploads/manifests/1, 400, NAME_INVALID",
    })
    void ofImpossibleNamesAreRefused(String path, int status, String code) throws Exception {
      assertError(send("PUT", path, MANIFEST.raw()), status, code);
      assertError(send("DELETE", path), status, code);
    }

    @Test
    void areDeletedByTag() throws Exception {
      Samples.put(layout, APP, "one");
      assertThat(send("DELETE", MANIFESTS + "1").statusCode()).isEqualTo(202);
      assertError(send("GET", MANIFESTS + "1"), 404, "MANIFEST_UNKNOWN");
      assertError(send("DELETE", MANIFESTS + "1"), 404, "MANIFEST_UNKNOWN");
      assertThat(send("GET", MANIFESTS + MANIFEST.digest()).statusCode()).isEqualTo(200);
    }

    @Test
    void areDeletedByDigest() throws Exception {
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP.withTag("2"), "two");
      assertThat(send("DELETE", MANIFESTS + MANIFEST.digest()).statusCode()).isEqualTo(202);
      assertError(send("GET", MANIFESTS + MANIFEST.digest()), 404, "MANIFEST_UNKNOWN");
      assertError(send("DELETE", MANIFESTS + MANIFEST.digest()), 404, "MANIFEST_UNKNOWN");
      assertThat(layout.tags(APP)).containsExactly("2");
    }
  }

  @Nested
  class Lists {
    private String get(String path) throws Exception {
      return new String(send("GET", path).body(), UTF_8);
    }

    @Test
    void ofRepositories() throws Exception {
      assertThat(get("/v2/_catalog")).isEqualTo("{\"repositories\":[]}");
      for (String name : List.of("b:1", "a/b:1", "c:1", "registry.example/d:1")) {
        Samples.put(layout, ImageReference.parse(name), "one");
      }
      assertThat(get("/v2/_catalog"))
          .isEqualTo("{\"repositories\":[\"a/b\",\"library/b\",\"library/c\"]}");
      HttpResponse<byte[]> first = send("GET", "/v2/_catalog?n=2");
      assertThat(new String(first.body(), UTF_8))
          .isEqualTo("{\"repositories\":[\"a/b\",\"library/b\"]}");
      assertThat(header(first, "Link"))
          .isEqualTo("</v2/_catalog?n=2&last=library%2Fb>; rel=\"next\"");
      HttpResponse<byte[]> second = send("GET", "/v2/_catalog?n=2&last=library%2Fb");
      assertThat(new String(second.body(), UTF_8)).isEqualTo("{\"repositories\":[\"library/c\"]}");
      assertThat(header(second, "Link")).isEmpty();
      assertThat(send("HEAD", "/v2/_catalog").statusCode()).isEqualTo(200);
      assertError(send("GET", "/v2/_catalog?n=x"), 400, "UNSUPPORTED");
    }

    private Descriptor attach(String type, int annotationLength) throws Exception {
      ObjectNode document = (ObjectNode) new ObjectMapper().readTree(MANIFEST.raw());
      document.put("artifactType", type);
      document
          .putObject("subject")
          .put("mediaType", MediaType.OCI_MANIFEST)
          .put("digest", MANIFEST.digest().toString())
          .put("size", MANIFEST.raw().length);
      document.putObject("annotations").put("key", "x".repeat(annotationLength));
      byte[] raw = document.toString().getBytes(UTF_8);
      Descriptor descriptor = Descriptor.of(MediaType.OCI_MANIFEST, raw);
      HttpResponse<byte[]> response = send("PUT", MANIFESTS + descriptor.digest(), raw);
      assertThat(response.statusCode()).isEqualTo(201);
      assertThat(header(response, "OCI-Subject")).isEqualTo(MANIFEST.digest().toString());
      return descriptor;
    }

    private ImageIndex referrers(HttpResponse<byte[]> response) {
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(header(response, "Content-Type")).isEqualTo(MediaType.OCI_INDEX);
      return ImageIndex.parse(response.body(), MediaType.OCI_INDEX);
    }

    @Test
    void ofReferrers() throws Exception {
      Samples.put(layout, APP, "one");
      String path = "/v2/team/app/referrers/" + MANIFEST.digest();
      assertThat(referrers(send("GET", path)).manifests()).isEmpty();
      Descriptor signature = attach("application/signature+json", 3);
      attach("application/other", 3);
      assertThat(referrers(send("GET", path)).manifests()).hasSize(2);
      HttpResponse<byte[]> filtered =
          send("GET", path + "?artifactType=application%2Fsignature%2Bjson");
      assertThat(header(filtered, "OCI-Filters-Applied")).isEqualTo("artifactType");
      assertThat(referrers(filtered).manifests())
          .singleElement()
          .satisfies(
              found -> {
                assertThat(found.digest()).isEqualTo(signature.digest());
                assertThat(found.artifactType()).contains("application/signature+json");
                assertThat(found.annotations()).containsEntry("key", "xxx");
              });
      assertThat(
              referrers(send("GET", path + "?artifactType=application/signature+json")).manifests())
          .hasSize(1);
      assertThat(referrers(send("GET", path + "?artifactType=%0d%0aa")).manifests()).isEmpty();
      assertThat(send("HEAD", path).statusCode()).isEqualTo(200);
      assertError(send("GET", "/v2/team/app/referrers/1"), 400, "DIGEST_INVALID");
      assertError(send("DELETE", path), 405, "UNSUPPORTED");
    }

    @Test
    void ofManyReferrersComeInParts() throws Exception {
      Samples.put(layout, APP, "one");
      for (int i = 0; i < 3; i++) {
        attach("application/n" + i, 1_500_000);
      }
      int parts = 0;
      int found = 0;
      String next = "/v2/team/app/referrers/" + MANIFEST.digest();
      while (!next.isEmpty()) {
        HttpResponse<byte[]> response = send("GET", next);
        assertThat(response.body()).hasSizeLessThanOrEqualTo(Manifest.MAX_SIZE);
        found += referrers(response).manifests().size();
        parts++;
        String link = header(response, "Link");
        next = link.isEmpty() ? "" : link.substring(1, link.indexOf('>'));
      }
      assertThat(found).isEqualTo(3);
      assertThat(parts).isEqualTo(2);
    }
  }

  @Nested
  class Refusals {
    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "OPTIONS|/v2/team/app/manifests/1|GET, HEAD, PUT, DELETE",
          "POST|/v2/team/app/manifests/1|GET, HEAD, PUT, DELETE",
          "PATCH|/v2/team/app/manifests/1|GET, HEAD, PUT, DELETE",
          "PUT|/v2/team/app/blobs/DIGEST|GET, HEAD, DELETE",
          "GET|/v2/team/app/blobs/uploads/|POST",
          "DELETE|/v2/team/app/blobs/uploads/|POST",
          "POST|/v2/team/app/blobs/uploads/x|GET, HEAD, PATCH, PUT, DELETE",
          "PUT|/v2/team/app/tags/list|GET, HEAD",
          "DELETE|/v2/team/app/referrers/DIGEST|GET, HEAD",
        })
    void ofMethodsNameThePossibleOnes(String method, String path, String methods) throws Exception {
      HttpResponse<byte[]> response = send(method, path.replace("DIGEST", DIGEST.toString()));
      assertError(response, 405, "UNSUPPORTED");
      assertThat(header(response, "Allow")).isEqualTo(methods);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT /v2/", "DELETE /v2/_catalog", "POST /v2/team/app", "PUT /"})
    void ofPathsWithoutMeaning(String request) throws Exception {
      String[] parts = request.split(" ");
      assertError(send(parts[0], parts[1]), 404, "UNSUPPORTED");
    }

    @Test
    void ofWebPages() throws Exception {
      assertError(send("POST", UPLOADS, "Origin", "http://" + server.host()), 403, "DENIED");
      assertThat(send("GET", "/v2/", "Origin", "http://a.example").statusCode()).isEqualTo(200);
    }

    @Test
    void ofSourcesThatAreNoSinks() {
      RegistryServer.Builder builder = RegistryServer.serve(new ReadOnly());
      assertThatThrownBy(builder::writable)
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }

    @Test
    void ofSinksWithoutADirectoryForUploads() {
      RegistryServer.Builder builder = RegistryServer.serve(new MemoryImageSource()).writable();
      assertThatThrownBy(builder::start)
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }

    @Test
    void ofDeletingWhereTheSinkCannot() throws Exception {
      MemoryImageSource memory = new MemoryImageSource();
      Samples.put(memory, APP, "one");
      server.close();
      server =
          RegistryServer.serve(memory)
              .writable(memory)
              .uploads(temporary.resolve("u"), 1000)
              .start();
      assertError(send("DELETE", MANIFESTS + "1"), 405, "UNSUPPORTED");
      assertError(send("DELETE", "/v2/team/app/blobs/" + DIGEST), 405, "UNSUPPORTED");
      assertError(send("PUT", begin() + "?digest=" + DIGEST, CONTENT), 413, "SIZE_INVALID");
    }
  }

  /** A sink that has everything, so it reads nothing. */
  private static final class Knowing implements ImageSink {
    @Override
    public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
      return true;
    }

    @Override
    public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {}

    @Override
    public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {}

    @Override
    public void close() {}
  }

  private static final class ReadOnly implements ImageSource {
    @Override
    public Descriptor resolve(ImageReference reference) {
      throw new AssertionError();
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      throw new AssertionError();
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      throw new AssertionError();
    }

    @Override
    public void close() {}
  }
}
