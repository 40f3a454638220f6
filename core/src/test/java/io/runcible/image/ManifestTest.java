package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
  private static final String HEX =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  private static final String CONFIG =
      "{\"mediaType\":\""
          + MediaType.OCI_CONFIG
          + "\",\"digest\":\"sha256:"
          + HEX
          + "\",\"size\":7}";
  private static final String LAYER =
      "{\"mediaType\":\""
          + MediaType.OCI_LAYER_GZIP
          + "\",\"digest\":\"sha256:"
          + HEX
          + "\",\"size\":9}";

  private static Manifest parse(String json) {
    return Manifest.parse(json.getBytes(UTF_8), MediaType.OCI_MANIFEST);
  }

  private static String document(String fields) {
    return "{\"schemaVersion\":2,\"config\":"
        + CONFIG
        + ",\"layers\":["
        + LAYER
        + "]"
        + fields
        + "}";
  }

  private static RuncibleException refusal(byte[] raw, String mediaType) {
    try {
      Manifest.parse(raw, mediaType);
    } catch (RuncibleException e) {
      return e;
    }
    throw new AssertionError("was accepted");
  }

  private static void assertInvalid(String json, String... reasons) {
    RuncibleException e = refusal(json.getBytes(UTF_8), MediaType.OCI_MANIFEST);
    assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(e).message().contains(List.of(reasons)).hasSizeLessThan(1000);
  }

  @Nested
  class ValidDocuments {
    @Test
    void areReadAndKept() {
      String json =
          document(
              ",\"annotations\":{\"b\":\"1\",\"a\":\"2\"},\"artifactType\":\"x/y\",\"subject\":"
                  + LAYER
                  + ",\"unknown\":[1.5,null]");
      Manifest manifest = parse(json);
      assertThat(manifest.raw()).isEqualTo(json.getBytes(UTF_8));
      assertThat(manifest.digest()).isEqualTo(Digest.sha256(json.getBytes(UTF_8)));
      assertThat(manifest.descriptor())
          .isEqualTo(Descriptor.of(MediaType.OCI_MANIFEST, json.getBytes(UTF_8)));
      assertThat(manifest.config())
          .isEqualTo(Descriptor.of(MediaType.OCI_CONFIG, new Digest("sha256", HEX), 7));
      assertThat(manifest.layers())
          .containsExactly(Descriptor.of(MediaType.OCI_LAYER_GZIP, new Digest("sha256", HEX), 9));
      assertThat(manifest.annotations().keySet()).containsExactly("b", "a");
      assertThat(manifest.artifactType()).contains("x/y");
      assertThat(manifest.subject()).isPresent();
    }

    @Test
    void mayBeDockers() {
      String json = document(",\"mediaType\":\"" + MediaType.DOCKER_MANIFEST + "\"");
      Manifest manifest = Manifest.parse(json.getBytes(UTF_8), MediaType.DOCKER_MANIFEST);
      assertThat(manifest.mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
    }

    @Test
    void mayHaveNullForAbsent() {
      Manifest manifest =
          parse(document(",\"annotations\":null,\"subject\":null,\"manifests\":null"));
      assertThat(manifest.annotations()).isEmpty();
      assertThat(manifest.subject()).isEmpty();
    }

    @Test
    void mayHaveNoLayers() {
      assertThat(parse("{\"schemaVersion\":2,\"config\":" + CONFIG + "}").layers()).isEmpty();
    }

    @Test
    void cannotBeChangedFromOutside() {
      byte[] raw = document("").getBytes(UTF_8);
      Manifest manifest = Manifest.parse(raw, MediaType.OCI_MANIFEST);
      raw[0] = 'x';
      manifest.raw()[0] = 'y';
      assertThat(manifest.raw()[0]).isEqualTo((byte) '{');
      assertThatThrownBy(() -> manifest.layers().clear())
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> manifest.annotations().put("a", "b"))
          .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void urlsAndEmbeddedDataAreNotRead() {
      String layer =
          LAYER.replace("}", ",\"urls\":[\"http://evil.example/\"],\"data\":\"aGVsbG8=\"}");
      assertThat(parse(document("").replace(LAYER, layer)).layers().toString())
          .doesNotContain("evil.example")
          .doesNotContain("aGVsbG8");
    }
  }

  @Nested
  class Ambiguity {
    @ParameterizedTest
    @ValueSource(strings = {",\"manifests\":[]", ",\"manifests\":{}", ",\"manifests\":\"\""})
    void alsoAnIndex(String fields) {
      assertInvalid(document(fields), "ambiguous", "'manifests'");
    }

    @Test
    void onlyAnIndex() {
      assertInvalid("{\"schemaVersion\":2,\"manifests\":[]}", "belongs into an index");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "{\"schemaVersion\":2,\"schemaVersion\":2}",
          "{\"schemaVersion\":2,\"layers\":[],\"layers\":[]}",
          "{\"schemaVersion\":2,\"annotations\":{\"a\":\"1\",\"a\":\"1\"}}",
          "{\"schemaVersion\":2,\"l\\u0061yers\":[],\"layers\":[]}",
          "{\"schemaVersion\":2,\"x\":[{\"a\":{\"b\":1,\"b\":2}}]}",
        })
    void aFieldTwice(String json) {
      assertInvalid(json, "not valid JSON", "Duplicate");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", " x", "]", "null", ","})
    void somethingAfterTheDocument(String more) {
      assertInvalid(document("") + more, "not valid JSON");
    }

    @Test
    void mediaTypesThatDiffer() {
      assertInvalid(
          document(",\"mediaType\":\"" + MediaType.DOCKER_MANIFEST + "\""),
          "'mediaType'",
          "served as " + MediaType.OCI_MANIFEST);
      assertInvalid(document(",\"mediaType\":\"" + MediaType.OCI_INDEX + "\""), "served as");
      assertInvalid(document(",\"mediaType\":7"), "'mediaType'", "not text");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"", "text/plain", "application/json", MediaType.OCI_INDEX, "\u001b[2J\n"})
    void servedAsSomethingElse(String served) {
      RuncibleException e = refusal(document("").getBytes(UTF_8), served);
      assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(e).message().contains("not of a manifest").doesNotContain("\n", "\u001b");
    }

    @Test
    void otherEncodings() {
      assertThat(refusal(document("").getBytes(UTF_16), MediaType.OCI_MANIFEST))
          .hasMessageContaining("not UTF-8");
      assertInvalid("\uFEFF" + document(""), "not valid JSON");
      byte[] overlong = document(",\"x\":\"??\"").getBytes(UTF_8);
      overlong[overlong.length - 4] = (byte) 0xc0;
      overlong[overlong.length - 3] = (byte) 0xaf;
      assertThat(refusal(overlong, MediaType.OCI_MANIFEST)).hasMessageContaining("not UTF-8");
    }
  }

  @Nested
  class OldSchema {
    @Test
    void byMediaType() {
      RuncibleException e =
          refusal(
              "{}".getBytes(UTF_8), "application/vnd.docker.distribution.manifest.v1+prettyjws");
      assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
      assertThat(e).hasMessageContaining("schema 1").hasMessageContaining("push the image again");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "{\"schemaVersion\":1,\"fsLayers\":[]}",
          "{\"schemaVersion\":1}",
          "{\"schemaVersion\":2,\"fsLayers\":[]}"
        })
    void byContent(String json) {
      RuncibleException e = refusal(json.getBytes(UTF_8), MediaType.DOCKER_MANIFEST);
      assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
    }
  }

  @Nested
  class WrongFields {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          " ",
          "null",
          "[]",
          "1",
          "\"x\"",
          "{",
          "{\"a\":}",
          "{'a':1}",
          "{\"a\":NaN}",
          "{\"a\":1,}",
          "// x\n{}",
          "{\"a\":\"\n\"}"
        })
    void notAnObject(String json) {
      assertInvalid(json, "manifest");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "{}|'schemaVersion'",
          "{\"schemaVersion\":\"2\"}|'schemaVersion'",
          "{\"schemaVersion\":2.0}|'schemaVersion'",
          "{\"schemaVersion\":3}|is 3 instead of 2",
          "{\"schemaVersion\":18446744073709551618}|'schemaVersion'",
          "{\"schemaVersion\":2}|'config'",
          "{\"schemaVersion\":2,\"config\":null}|'config'",
          "{\"schemaVersion\":2,\"config\":[]}|is not an object",
          "{\"schemaVersion\":2,\"config\":{}}|'digest'",
        })
    void inTheDocument(String json, String reason) {
      assertInvalid(json, reason);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "\"size\":9|\"size\":-1|negative",
          "\"size\":9|\"size\":\"9\"|'size'",
          "\"size\":9|\"size\":9.5|'size'",
          "\"size\":9|\"size\":9e2|'size'",
          "\"size\":9|\"size\":9223372036854775808|'size'",
          "\"size\":9|\"size\":null|'size'",
          "\"size\":9|\"size\":9,\"annotations\":{\"a\":1}|'annotations'",
          "\"size\":9|\"size\":9,\"annotations\":[]|annotations",
          "\"size\":9|\"size\":9,\"platform\":\"linux\"|platform",
          "\"size\":9|\"size\":9,\"platform\":{\"os\":\"linux\"}|architecture",
          "\"size\":9|\"size\":9,\"artifactType\":1|artifactType",
          "sha256:0|sha256:../|'digest'",
          "sha256:0|sha256:A|'digest'",
          "sha256:0|md5:0|'digest'",
          "sha256:0|SHA256:0|'digest'",
          "application/vnd.oci.image.layer|nonsense|malformed",
          "application/vnd.oci.image.layer|a b/c|malformed",
        })
    void inADescriptor(String field, String wrong, String reason) {
      String layer = LAYER.replace(field, wrong);
      assertThat(layer).isNotEqualTo(LAYER);
      assertInvalid(document("").replace(LAYER, layer), reason);
    }

    @Test
    void theElementIsNamed() {
      assertInvalid(
          document("").replace(LAYER, LAYER + "," + LAYER.replace("\"size\":9", "\"s\":9")),
          "layers[1]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "\"x\"", "[1]", "[null]", "[[]]"})
    void layersThatAreNoListOfObjects(String layers) {
      assertInvalid(document("").replace("[" + LAYER + "]", layers), "layers");
    }

    @Test
    void theTotalSizeOverflows() {
      String huge = LAYER.replace("\"size\":9", "\"size\":" + Long.MAX_VALUE);
      assertInvalid(document("").replace(LAYER, huge + "," + LAYER), "beyond 64 bits");
    }

    @Test
    void foreignTextInMessagesIsOneShortLine() {
      String nasty = "x\\n\\u001b[31m\\u2028" + "y".repeat(5000);
      RuncibleException e =
          refusal(
              document(",\"mediaType\":\"" + nasty + "\"").getBytes(UTF_8), MediaType.OCI_MANIFEST);
      assertThat(e).message().doesNotContain("\n", "\u001b", "\u2028").hasSizeLessThan(500);
    }
  }

  @Nested
  class Limits {
    @Test
    void fourMebibytes() {
      String padding = " ".repeat(Manifest.MAX_SIZE - document("").length());
      assertThat(parse(document("") + padding).layers()).hasSize(1);
      assertInvalid(document("") + padding + " ", "has 4194305 bytes", "at most 4194304");
    }

    @Test
    void aThousandLayers() {
      String most = String.join(",", Collections.nCopies(Manifest.MAX_LAYERS, LAYER));
      assertThat(parse(document("").replace(LAYER, most)).layers()).hasSize(1000);
      assertInvalid(document("").replace(LAYER, most + "," + LAYER), "more than 1000 elements");
    }

    @Test
    void nesting() {
      String deep = "[".repeat(100_000) + "]".repeat(100_000);
      assertInvalid(document(",\"x\":" + deep), "not valid JSON", "depth");
    }

    @Test
    void numbers() {
      assertInvalid("{\"schemaVersion\":" + "2".repeat(1_000_000) + "}", "not valid JSON");
      assertInvalid("{\"schemaVersion\":1e999999999}", "'schemaVersion'");
      assertInvalid(document("").replace("\"size\":9", "\"size\":1e2147483647"), "'size'");
    }
  }

  @Nested
  class Making {
    private final Descriptor config =
        Descriptor.of(MediaType.OCI_CONFIG, new Digest("sha256", HEX), 7);
    private final Descriptor layer =
        Descriptor.of(MediaType.OCI_LAYER_GZIP, new Digest("sha256", HEX), 9)
            .withAnnotations(Map.of("a", "ü\"\n"));

    @Test
    void isReadBackAndDeterministic() {
      Manifest one = Manifest.of(config, List.of(layer), Map.of("x", "1", "y", "2", "z", "3"));
      Manifest two = Manifest.of(config, List.of(layer), Map.of("z", "3", "y", "2", "x", "1"));
      assertThat(one.raw()).isEqualTo(two.raw());
      assertThat(one.config()).isEqualTo(config);
      assertThat(one.layers()).containsExactly(layer);
      assertThat(one.annotations()).hasSize(3);
      assertThat(new String(one.raw(), UTF_8)).startsWith("{\"annotations\":{\"x\":\"1\"");
    }
  }

  @Test
  void damagedDocumentsNeverFailInAnotherWay() {
    long seed = 7;
    Random random = new Random(seed);
    byte[] valid = document(",\"annotations\":{\"a\":\"b\"}").getBytes(UTF_8);
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = valid.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        assertThat(Manifest.parse(damaged, MediaType.OCI_MANIFEST).raw()).isEqualTo(damaged);
      } catch (RuncibleException e) {
        assertThat(e.kind())
            .as(String.format(Locale.ROOT, "seed %d round %d", seed, i))
            .isIn(ErrorKind.INVALID_INPUT, ErrorKind.UNSUPPORTED);
      }
    }
  }
}
