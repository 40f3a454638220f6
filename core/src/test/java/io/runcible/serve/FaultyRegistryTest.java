package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.image.ImageReference;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The faults that other tests rely on happen as they say. */
class FaultyRegistryTest {
  private static final byte[] LAYER = Samples.layer("one");
  private static final String BLOB =
      "/v2/team/app/blobs/" + Samples.manifest("one").layers().get(0).digest();
  private static final String MANIFEST = "/v2/team/app/manifests/1";

  private final HttpClient client = HttpClient.newHttpClient();
  private final FaultyRegistry registry;

  FaultyRegistryTest() {
    MemoryImageSource source = new MemoryImageSource();
    Samples.put(source, ImageReference.parse("team/app:1"), "one");
    registry = FaultyRegistry.serve(source);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private HttpResponse<byte[]> get(String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + registry.host() + path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  @Nested
  class Faults {
    @Test
    void noneByDefault() throws Exception {
      assertThat(get(BLOB).body()).isEqualTo(LAYER);
      assertThat(get(BLOB, "Range", "bytes=5-").statusCode()).isEqualTo(206);
      assertThat(registry.count("GET", "/blobs/")).isEqualTo(2);
      assertThat(registry.requests().get(1).header("Range")).contains("bytes=5-");
    }

    @Test
    void connectionsAreDropped() throws Exception {
      registry.fail("/blobs/", 1, Fault.dropAfter(100)).fail("/blobs/", 1, Fault.dropAfter(0));
      assertThatThrownBy(() -> get(BLOB)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> get(BLOB)).isInstanceOf(IOException.class);
      assertThat(get(BLOB).body()).isEqualTo(LAYER);
      assertThat(registry.bytes("/blobs/")).isEqualTo(Math.min(100, LAYER.length) + LAYER.length);
    }

    @Test
    void answersAreMissing() {
      registry.fail("/blobs/", FaultyRegistry.ALWAYS, Fault.drop());
      assertThatThrownBy(() -> get(BLOB)).isInstanceOf(IOException.class);
    }

    @Test
    void theBytesBeforeADropArrive() throws Exception {
      registry.fail("/blobs/", 1, Fault.dropAfter(100));
      // Not with the client, which forgets what it has when it sees the end.
      try (Socket socket = new Socket()) {
        socket.connect(registry.address());
        String get = "GET " + BLOB + " HTTP/1.1\r\nHost: a\r\n\r\n";
        socket.getOutputStream().write(get.getBytes(UTF_8));
        String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
        assertThat(answer).contains("\r\nContent-Length: " + LAYER.length + "\r\n");
        assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4))
            .isEqualTo(new String(LAYER, 0, 100, UTF_8));
      }
    }

    @Test
    void bytesAreWrong() throws Exception {
      registry
          .fail("/blobs/", 1, Fault.flip(7))
          .fail("/blobs/", 1, Fault.truncate(10))
          .fail("/blobs/", 1, Fault.append(3))
          .fail("/blobs/", 1, Fault.body(new byte[2]));
      byte[] flipped = LAYER.clone();
      flipped[7] ^= 1;
      assertThat(get(BLOB).body()).isEqualTo(flipped);
      assertThat(get(BLOB).body()).isEqualTo(Arrays.copyOf(LAYER, 10));
      assertThat(get(BLOB).body()).hasSize(LAYER.length + 3);
      assertThat(get(BLOB).body()).isEqualTo(new byte[2]);
    }

    @Test
    void statusesAndHeadersAreWrong() throws Exception {
      registry
          .fail(MANIFEST, 1, Fault.status(429, "3"))
          .fail(MANIFEST, 1, Fault.status(503))
          .fail(MANIFEST, 1, Fault.header("Content-Type", "text/html"))
          .fail(MANIFEST, 1, Fault.header("Docker-Content-Digest", ""))
          .fail(MANIFEST, 1, Fault.redirect("http://elsewhere.example/"));
      HttpResponse<byte[]> limited = get(MANIFEST);
      assertThat(limited.statusCode()).isEqualTo(429);
      assertThat(header(limited, "Retry-After")).isEqualTo("3");
      assertThat(get(MANIFEST).statusCode()).isEqualTo(503);
      assertThat(header(get(MANIFEST), "Content-Type")).isEqualTo("text/html");
      assertThat(header(get(MANIFEST), "Docker-Content-Digest")).isEmpty();
      assertThat(header(get(MANIFEST), "Location")).isEqualTo("http://elsewhere.example/");
    }

    @Test
    void oneMethodFailsAlone() throws Exception {
      registry.fail("HEAD", "/", FaultyRegistry.ALWAYS, Fault.status(500));
      assertThat(get(MANIFEST).statusCode()).isEqualTo(200);
    }

    @Test
    void answersStall() throws Exception {
      CountDownLatch latch = new CountDownLatch(1);
      registry.fail("/blobs/", 1, Fault.stallAfter(10, latch));
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + registry.host() + BLOB)).build();
      CompletableFuture<HttpResponse<byte[]>> response =
          client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray());
      while (registry.count("GET", "/blobs/") == 0) {
        Thread.onSpinWait();
      }
      assertThat(response).isNotDone();
      latch.countDown();
      assertThatThrownBy(response::get).hasRootCauseInstanceOf(IOException.class);
    }
  }

  @Nested
  class Authentication {
    @Test
    void basic() throws Exception {
      registry.requireBasic("user", "secret");
      HttpResponse<byte[]> refused = get(MANIFEST);
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(header(refused, "WWW-Authenticate")).isEqualTo("Basic realm=\"faulty\"");
      String[] right = {"Authorization", FaultyRegistryTest.basic("user:secret")};
      String[] wrong = {"Authorization", FaultyRegistryTest.basic("user:other")};
      assertThat(get(MANIFEST, wrong).statusCode()).isEqualTo(401);
      assertThat(get(MANIFEST, right).statusCode()).isEqualTo(200);
    }

    @Test
    void tokens() throws Exception {
      registry.requireToken("user", "secret");
      assertThat(header(get(MANIFEST), "WWW-Authenticate"))
          .isEqualTo(
              "Bearer realm=\"http://"
                  + registry.host()
                  + "/token\",service=\"faulty\",scope=\"repository:team/app:pull\"");
      assertThat(header(get("/v2/"), "WWW-Authenticate")).doesNotContain("scope");
      assertThat(get("/token").statusCode()).isEqualTo(401);
      HttpResponse<byte[]> given =
          get("/token", "Authorization", FaultyRegistryTest.basic("user:secret"));
      assertThat(new String(given.body(), UTF_8))
          .isEqualTo("{\"token\":\"token-1\",\"expires_in\":300}");
      String[] bearer = {"Authorization", "Bearer token-1"};
      assertThat(get(MANIFEST, bearer).statusCode()).isEqualTo(200);
      registry.revokeTokens();
      assertThat(get(MANIFEST, bearer).statusCode()).isEqualTo(401);
    }

    @Test
    void tokensForAnyone() throws Exception {
      registry.requireAnonymousToken();
      assertThat(get("/token").statusCode()).isEqualTo(200);
      assertThat(get(MANIFEST, "Authorization", "Bearer token-1").statusCode()).isEqualTo(200);
    }
  }
}
