package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DescriptorTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String reason) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(reason);
  }

  @Test
  void annotationsAreCopied() {
    Map<String, String> annotations = new HashMap<>(Map.of("a", "1"));
    Descriptor descriptor = Descriptor.of("a/b", CONTENT).withAnnotations(annotations);
    annotations.put("b", "2");
    assertThat(descriptor.annotations()).isEqualTo(Map.of("a", "1"));
    assertThatThrownBy(() -> descriptor.annotations().put("c", "3"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void impossiblePartsAreRefused() {
    Digest digest = Digest.sha256(CONTENT);
    assertFails(ErrorKind.INVALID_INPUT, () -> Descriptor.of("a/b", digest, -1), "negative");
    assertFails(ErrorKind.INVALID_INPUT, () -> Descriptor.of("a", digest, 1), "malformed");
    assertFails(ErrorKind.INVALID_INPUT, () -> Descriptor.of("", digest, 1), digest.toString());
  }

  @Test
  void contentIsVerified() {
    Descriptor descriptor = Descriptor.of("a/b", CONTENT);
    descriptor.verify(CONTENT);
    assertFails(
        ErrorKind.CORRUPT_DATA, () -> descriptor.verify("Content".getBytes(UTF_8)), "have sha256:");
    assertFails(
        ErrorKind.CORRUPT_DATA, () -> descriptor.verify(new byte[3]), "3 bytes instead of 7");
  }

  @Test
  void contentIsVerifiedWithTheAlgorithmOfTheDigest() {
    Digest sha512 = new Digest("sha512", "0".repeat(128)).hasher().update(CONTENT, 0, 7).finish();
    Descriptor.of("a/b", sha512, 7).verify(CONTENT);
  }

  @Test
  void documentsSayWhatTheyAre() {
    byte[] manifest = Samples.manifest("one").raw();
    byte[] index = ImageIndex.of(List.of(), Map.of()).raw();
    assertThat(Descriptor.ofDocument(manifest)).isEqualTo(Samples.manifest("one").descriptor());
    assertThat(Descriptor.ofDocument(index).mediaType()).isEqualTo(MediaType.OCI_INDEX);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"schemaVersion\":2,\"manifests\":[]}|application/vnd.oci.image.index.v1+json",
        "{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":"
            + "\"application/vnd.docker.distribution.manifest.list.v2+json\"}"
            + "|application/vnd.docker.distribution.manifest.list.v2+json",
      })
  void theFieldsOfADocumentImplyItsType(String json, String mediaType) {
    assertThat(Descriptor.ofDocument(json.getBytes(UTF_8)).mediaType()).isEqualTo(mediaType);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|INVALID_INPUT",
        "[]|INVALID_INPUT",
        "{\"schemaVersion\":2,\"mediaType\":\"text/plain\"}|INVALID_INPUT",
        "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}|INVALID_INPUT",
        "{\"schemaVersion\":1}|UNSUPPORTED",
      })
  void otherDocumentsAreRefused(String json, ErrorKind kind) {
    assertFails(kind, () -> Descriptor.ofDocument(json.getBytes(UTF_8)), "");
  }
}
