package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every request that changes manifests and tags. */
class ManifestUploadTest extends WritableRegistry {
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
      assertThat(header(response, "Docker-Content-Digest")).isEqualTo(MANIFEST.digest().toString());
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
                Descriptor.of(MediaType.DOCKER_FOREIGN_LAYER_GZIP, Digest.sha256(new byte[1]), 1)),
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
