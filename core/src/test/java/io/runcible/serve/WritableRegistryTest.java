package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What lists say of what was written, and every way in which a request is refused. */
class WritableRegistryTest extends WritableRegistry {
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
