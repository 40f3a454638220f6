package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryServerTest {
  private static final ImageReference APP = ImageReference.parse("team/app:1");
  private static final Manifest MANIFEST = Samples.manifest("one");
  private static final Descriptor LAYER = MANIFEST.layers().get(0);

  private final MemoryImageSource source = new MemoryImageSource();
  private final HttpClient client = HttpClient.newHttpClient();
  private RegistryServer server;

  @BeforeEach
  void start() {
    Samples.put(source, APP, "one");
    server = RegistryServer.serve(source).start();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private HttpResponse<byte[]> send(String method, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + server.host() + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static void assertError(HttpResponse<byte[]> response, int status, String code)
      throws IOException {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(header(response, "Content-Type")).isEqualTo("application/json");
    assertThat(new ObjectMapper().readTree(response.body()).at("/errors/0/code").asText())
        .isEqualTo(code);
    assertThat(new ObjectMapper().readTree(response.body()).at("/errors/0/message").asText())
        .isNotEmpty();
  }

  @Nested
  class Pulling {
    @ParameterizedTest
    @ValueSource(strings = {"/v2/", "/v2"})
    void theApiIsAnnounced(String path) throws Exception {
      HttpResponse<byte[]> response = send("GET", path);
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(header(response, "Docker-Distribution-API-Version")).isEqualTo("registry/2.0");
      assertThat(send("HEAD", path).statusCode()).isEqualTo(200);
    }

    @Test
    void aManifestIsServedByTagAndDigest() throws Exception {
      for (String target : List.of("1", MANIFEST.digest().toString())) {
        String path = "/v2/team/app/manifests/" + target;
        HttpResponse<byte[]> response = send("GET", path);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(MANIFEST.raw());
        HttpResponse<byte[]> head = send("HEAD", path);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        for (HttpResponse<byte[]> each : List.of(response, head)) {
          assertThat(header(each, "Content-Type")).isEqualTo(MediaType.OCI_MANIFEST);
          assertThat(header(each, "Docker-Content-Digest")).isEqualTo(MANIFEST.digest().toString());
          assertThat(header(each, "Content-Length"))
              .isEqualTo(Integer.toString(MANIFEST.raw().length));
        }
      }
    }

    @Test
    void anEncodedColonIsAColon() throws Exception {
      String path = "/v2/team/app/manifests/sha256%3A" + MANIFEST.digest().hex();
      assertThat(send("GET", path).statusCode()).isEqualTo(200);
    }

    @Test
    void aBlobIsServed() throws Exception {
      String path = "/v2/team/app/blobs/" + LAYER.digest();
      HttpResponse<byte[]> response = send("GET", path);
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.body()).isEqualTo(Samples.layer("one"));
      HttpResponse<byte[]> head = send("HEAD", path);
      assertThat(head.statusCode()).isEqualTo(200);
      for (HttpResponse<byte[]> each : List.of(response, head)) {
        assertThat(header(each, "Content-Length")).isEqualTo(Long.toString(LAYER.size()));
        assertThat(header(each, "Content-Type")).isEqualTo("application/octet-stream");
        assertThat(header(each, "Docker-Content-Digest")).isEqualTo(LAYER.digest().toString());
        assertThat(header(each, "Accept-Ranges")).isEqualTo("bytes");
      }
    }

    @Test
    void anEmptyBlobIsServed() throws Exception {
      Descriptor empty = source.add(MediaType.OCI_LAYER, new byte[0]);
      HttpResponse<byte[]> response = send("GET", "/v2/team/app/blobs/" + empty.digest());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.body()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"bytes=0-0, 0, 1", "bytes=10-19, 10, 20", "bytes=-7, -7, 0", "bytes=100-, 100, 0"})
    void aRangeOfABlobIsServed(String range, int start, int end) throws Exception {
      byte[] whole = Samples.layer("one");
      int from = start < 0 ? whole.length + start : start;
      int to = end == 0 ? whole.length : end;
      HttpResponse<byte[]> response =
          send("GET", "/v2/team/app/blobs/" + LAYER.digest(), "Range", range);
      assertThat(response.statusCode()).isEqualTo(206);
      assertThat(header(response, "Content-Range"))
          .isEqualTo("bytes " + from + "-" + (to - 1) + "/" + whole.length);
      assertThat(response.body()).isEqualTo(Arrays.copyOfRange(whole, from, to));
    }

    @Test
    void aRangeBeyondTheEndIsRefused() throws Exception {
      HttpResponse<byte[]> response =
          send(
              "GET",
              "/v2/team/app/blobs/" + LAYER.digest(),
              "Range",
              "bytes=" + LAYER.size() + "-");
      assertError(response, 416, "SIZE_INVALID");
      assertThat(header(response, "Content-Range")).isEqualTo("bytes */" + LAYER.size());
    }

    @Test
    void severalRangesAreTheWhole() throws Exception {
      HttpResponse<byte[]> response =
          send("GET", "/v2/team/app/blobs/" + LAYER.digest(), "Range", "bytes=0-1,3-4");
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.body()).hasSize((int) LAYER.size());
    }

    @Test
    void oneConnectionServesManyRequests() throws Exception {
      for (int i = 0; i < 50; i++) {
        assertThat(send("GET", "/v2/team/app/manifests/1").statusCode()).isEqualTo(200);
        assertThat(send("HEAD", "/v2/team/app/blobs/" + LAYER.digest()).statusCode())
            .isEqualTo(200);
        assertThat(send("GET", "/v2/team/app/manifests/none").statusCode()).isEqualTo(404);
      }
    }
  }

  @Nested
  class Tags {
    @BeforeEach
    void tag() {
      for (String tag : List.of("c", "a", "b")) {
        Samples.put(source, APP.withTag(tag), "one");
      }
    }

    private String get(String query) throws Exception {
      return new String(send("GET", "/v2/team/app/tags/list" + query).body(), UTF_8);
    }

    @Test
    void areListed() throws Exception {
      assertThat(get("")).isEqualTo("{\"name\":\"team/app\",\"tags\":[\"1\",\"a\",\"b\",\"c\"]}");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "?n=2|\"1\",\"a\"|</v2/team/app/tags/list?n=2&last=a>; rel=\"next\"",
          "?n=2&last=a|\"b\",\"c\"|''",
          "?last=b|\"c\"|''",
          "?last=zzz|''|''",
          "?n=0|''|''",
          "?n=100&x=y|\"1\",\"a\",\"b\",\"c\"|''",
        })
    void areListedInParts(String query, String tags, String link) throws Exception {
      assertThat(get(query)).isEqualTo("{\"name\":\"team/app\",\"tags\":[" + tags + "]}");
      assertThat(header(send("GET", "/v2/team/app/tags/list" + query), "Link")).isEqualTo(link);
    }

    @ParameterizedTest
    @ValueSource(strings = {"n=", "n=-1", "n=x", "n=99999999999"})
    void needANumber(String query) throws Exception {
      assertError(send("GET", "/v2/team/app/tags/list?" + query), 400, "UNSUPPORTED");
    }
  }

  @Nested
  class Errors {
    @ParameterizedTest
    @CsvSource({
      "/v2/team/app/manifests/2, 404, MANIFEST_UNKNOWN",
      "/v2/team/app/manifests/-x, 404, MANIFEST_UNKNOWN",
      "/v2/team/none/manifests/1, 404, MANIFEST_UNKNOWN",
      "/v2/team/none/tags/list, 404, NAME_UNKNOWN",
      "/v2/team/app/manifests/sha256:abc, 400, DIGEST_INVALID",
      "/v2/team/app/blobs/1, 400, DIGEST_INVALID",
      "/v2/team/app/blobs/..%2f..%2fsecret, 404, UNSUPPORTED",
      "/v2/Team/app/manifests/1, 400, NAME_INVALID",
      "/v2/../app/manifests/1, 400, NAME_INVALID",
      "/v2/team/app:1/manifests/1, 400, NAME_INVALID",
      "/v2//manifests/1, 400, NAME_INVALID",
      "/v2/manifests/1, 404, UNSUPPORTED",
      "/v2/_catalog, 404, UNSUPPORTED",
      "/v2/team/app, 404, UNSUPPORTED",
      "/v2/team/app/blobs/uploads/, 404, UNSUPPORTED",
      "/v1/search, 404, UNSUPPORTED",
      "/, 404, UNSUPPORTED",
    })
    void haveTheFormOfTheSpecification(String path, int status, String code) throws Exception {
      assertError(send("GET", path), status, code);
      HttpResponse<byte[]> head = send("HEAD", path);
      assertThat(head.statusCode()).isEqualTo(status);
      assertThat(head.body()).isEmpty();
    }

    @Test
    void aMissingBlobIsUnknown() throws Exception {
      String path = "/v2/team/app/blobs/" + Digest.sha256(new byte[0]);
      assertError(send("GET", path), 404, "BLOB_UNKNOWN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "POST", "PATCH", "DELETE", "OPTIONS"})
    void writingIsRefused(String method) throws Exception {
      HttpResponse<byte[]> response = send(method, "/v2/team/app/manifests/1");
      assertError(response, 405, "UNSUPPORTED");
      assertThat(header(response, "Allow")).isEqualTo("GET, HEAD");
    }

    @ParameterizedTest
    @CsvSource({
      "PERMISSION_DENIED, 403, DENIED",
      "UNAUTHENTICATED, 403, DENIED",
      "UNSUPPORTED, 501, UNSUPPORTED",
      "UNAVAILABLE, 503, UNAVAILABLE",
      "TIMEOUT, 503, UNAVAILABLE",
      "CORRUPT_DATA, 500, UNKNOWN",
      "INVALID_INPUT, 500, UNKNOWN",
      "INTERNAL, 500, UNKNOWN",
      "NOT_FOUND, 404, MANIFEST_UNKNOWN",
    })
    void failuresOfTheSourceAreNotShownToClients(ErrorKind kind, int status, String code)
        throws Exception {
      server.close();
      server = RegistryServer.serve(new Failing(kind)).start();
      HttpResponse<byte[]> response = send("GET", "/v2/team/app/manifests/1");
      assertError(response, status, code);
      assertThat(new String(response.body(), UTF_8)).doesNotContain("secret");
    }

    @Test
    void aBlobThatIsCutOffDropsTheConnection() {
      server.close();
      server = RegistryServer.serve(new ShortSource()).start();
      assertThatThrownBy(() -> send("GET", "/v2/team/app/blobs/" + LAYER.digest()))
          .isInstanceOf(IOException.class);
    }
  }

  /** A source that always fails. */
  private record Failing(ErrorKind kind) implements ImageSource {
    @Override
    public Descriptor resolve(ImageReference reference) {
      throw new RuncibleException(kind, "the secret path");
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

  /** A source whose blobs have fewer bytes than it says. */
  private static final class ShortSource implements ImageSource {
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
      return InputStream.nullInputStream();
    }

    @Override
    public long blobSize(ImageReference reference, Digest digest) {
      return 100;
    }

    @Override
    public void close() {}
  }

  @Nested
  class Running {
    @Test
    void onLoopbackByDefault() {
      assertThat(server.address().getAddress().isLoopbackAddress()).isTrue();
      assertThat(server.host()).isEqualTo("127.0.0.1:" + server.address().getPort());
      assertThat(ImageReference.parse(server.host() + "/team/app:1").registry())
          .isEqualTo(server.host());
    }

    @Test
    void onAnyAddressIsReachedByLoopback() {
      try (RegistryServer all =
          RegistryServer.serve(source).address(new InetSocketAddress("0.0.0.0", 0)).start()) {
        assertThat(all.host()).startsWith("127.0.0.1:");
      }
    }

    @Test
    void onAnUsedPortFails() {
      assertThatThrownBy(() -> RegistryServer.serve(source).address(server.address()).start())
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
          .hasMessageContaining(Integer.toString(server.address().getPort()));
    }

    @Test
    void forAnotherRegistry() throws Exception {
      ImageReference other = ImageReference.parse("registry.example:5000/team/app:2");
      Samples.put(source, other, "two");
      server.close();
      server = RegistryServer.serve(source).registry("registry.example:5000").start();
      assertThat(send("GET", "/v2/team/app/manifests/2").statusCode()).isEqualTo(200);
      assertThat(send("GET", "/v2/team/app/manifests/1").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b.example", "registry.example/x", "host"})
    void notForARegistryThatCannotBe(String registry) {
      RegistryServer.Builder builder = RegistryServer.serve(source);
      assertThatThrownBy(() -> builder.registry(registry)).isInstanceOf(RuncibleException.class);
    }

    @Test
    void libraryImagesHaveShortNames() throws Exception {
      Samples.put(source, ImageReference.parse("redis:7"), "two");
      assertThat(send("GET", "/v2/library/redis/manifests/7").statusCode()).isEqualTo(200);
      assertThat(send("GET", "/v2/redis/manifests/7").statusCode()).isEqualTo(200);
    }
  }

  @Nested
  class Closing {
    @Test
    void leavesNoThreadAndNoPort() throws Exception {
      send("GET", "/v2/");
      int port = server.address().getPort();
      server.close();
      server.close();
      assertThatThrownBy(() -> new Socket("127.0.0.1", port).close())
          .isInstanceOf(IOException.class);
      ServerThreads.assertGone();
    }

    @Test
    void allThreadsAreDaemons() throws Exception {
      send("GET", "/v2/");
      assertThat(Thread.getAllStackTraces().keySet())
          .filteredOn(thread -> thread.getName().startsWith("runcible-registry-"))
          .isNotEmpty()
          .allMatch(Thread::isDaemon);
    }

    @Test
    void endsARequestThatHangs() throws Exception {
      CountDownLatch hanging = new CountDownLatch(1);
      ImageSource stuck =
          new ImageSource() {
            @Override
            public Descriptor resolve(ImageReference reference) {
              hanging.countDown();
              try {
                new CountDownLatch(1).await();
                throw new AssertionError();
              } catch (InterruptedException e) {
                throw new RuncibleException(ErrorKind.CANCELLED, "interrupted", e);
              }
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
          };
      RegistryServer other = RegistryServer.serve(stuck).start();
      try (Socket socket = new Socket("127.0.0.1", other.address().getPort())) {
        socket
            .getOutputStream()
            .write("GET /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
        hanging.await();
        other.close();
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
    }

    @Test
    void aServerThatNeverServedCloses() {
      RegistryServer.serve(source).start().close();
    }
  }

  /** The client of this library, the server, and a layout, against each other. */
  @Nested
  class WithTheClient implements ImageSourceContract {
    @TempDir Path directory;
    private Optional<RegistryServer> registry = Optional.empty();

    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
      content.accept(layout);
      registry = Optional.of(RegistryServer.serve(layout).registry("registry.example").start());
      return RegistryClient.create();
    }

    @Override
    public ImageReference reference(ImageReference written) {
      String suffix = written.toString().substring(written.registry().length());
      return ImageReference.parse(registry.orElseThrow().host() + suffix);
    }

    @AfterEach
    void closeRegistry() {
      registry.ifPresent(RegistryServer::close);
    }
  }
}
