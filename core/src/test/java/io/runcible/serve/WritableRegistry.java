package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A registry over a layout, which takes what it is sent; no upload is left over. */
abstract class WritableRegistry {
  static final ImageReference APP = ImageReference.parse("team/app:1");
  static final Manifest MANIFEST = Samples.manifest("one");
  static final byte[] CONTENT = Samples.layer("one");
  static final Digest DIGEST = Digest.sha256(CONTENT);
  static final String UPLOADS = "/v2/team/app/blobs/uploads/";
  static final String MANIFESTS = "/v2/team/app/manifests/";

  final HttpClient client = HttpClient.newHttpClient();
  @TempDir Path temporary;
  ImageLayout layout;
  RegistryServer server;

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
  List<Path> spooled() throws IOException {
    try (Stream<Path> files = Files.walk(temporary.resolve("layout/.runcible-uploads"))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().endsWith(".lock"))
          .toList();
    }
  }

  HttpResponse<byte[]> send(String method, String path, BodyPublisher body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + server.host() + path)).method(method, body);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers)
      throws IOException, InterruptedException {
    return send(method, path, BodyPublishers.ofByteArray(body), headers);
  }

  HttpResponse<byte[]> send(String method, String path, String... headers)
      throws IOException, InterruptedException {
    return send(method, path, BodyPublishers.noBody(), headers);
  }

  /** A body without a length, which is sent in chunks. */
  static BodyPublisher chunked(byte[] body) {
    return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body));
  }

  static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  static void assertError(HttpResponse<byte[]> response, int status, String code)
      throws IOException {
    assertThat(response.statusCode()).isEqualTo(status);
    JsonNode error = new ObjectMapper().readTree(response.body()).at("/errors/0");
    assertThat(error.path("code").asText()).isEqualTo(code);
    assertThat(error.path("message").asText()).isNotEmpty();
  }

  String begin() throws IOException, InterruptedException {
    HttpResponse<byte[]> response = send("POST", UPLOADS);
    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(header(response, "Docker-Upload-UUID")).isNotEmpty();
    return header(response, "Location");
  }

  byte[] stored(Digest digest) throws IOException {
    try (InputStream in = layout.blob(APP, Descriptor.of("a/b", digest, 1))) {
      return in.readAllBytes();
    }
  }

  void assertStored(HttpResponse<byte[]> response) throws Exception {
    assertThat(response.statusCode()).isEqualTo(201);
    assertThat(header(response, "Location")).isEqualTo("/v2/team/app/blobs/" + DIGEST);
    assertThat(header(response, "Docker-Content-Digest")).isEqualTo(DIGEST.toString());
    assertThat(stored(DIGEST)).isEqualTo(CONTENT);
    assertThat(send("HEAD", header(response, "Location")).statusCode()).isEqualTo(200);
    assertThat(spooled()).isEmpty();
  }

  void assertNotStored() throws IOException {
    assertThat(layout.hasBlob(APP, Descriptor.of("a/b", DIGEST, CONTENT.length))).isFalse();
  }
}
