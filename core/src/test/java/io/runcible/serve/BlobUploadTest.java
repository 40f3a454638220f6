package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every request that changes blobs. */
class BlobUploadTest extends WritableRegistry {
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
}
