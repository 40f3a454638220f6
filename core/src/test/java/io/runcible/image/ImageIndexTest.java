package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIndexTest {
  private static Descriptor entry(String name) {
    return Descriptor.of(MediaType.OCI_MANIFEST, name.getBytes(UTF_8));
  }

  private static Descriptor entry(String name, String platform) {
    return entry(name).withPlatform(Platform.parse(platform));
  }

  private static ImageIndex index(Descriptor... entries) {
    return ImageIndex.of(Arrays.asList(entries), Map.of());
  }

  private static void assertInvalid(String json, String... reasons) {
    assertThatThrownBy(() -> ImageIndex.parse(json.getBytes(UTF_8), MediaType.OCI_INDEX))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .message()
        .contains(List.of(reasons));
  }

  @Nested
  class Reading {
    @Test
    void keepsBytesAndOrder() {
      String json =
          "{\"schemaVersion\":2, \"manifests\": [{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\""
              + Digest.sha256(new byte[1])
              + "\",\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\","
              + "\"os.version\":\"1\"}}]}";
      ImageIndex index = ImageIndex.parse(json.getBytes(UTF_8), MediaType.OCI_INDEX);
      assertThat(index.raw()).isEqualTo(json.getBytes(UTF_8));
      assertThat(index.digest()).isEqualTo(Digest.sha256(json.getBytes(UTF_8)));
      assertThat(index.descriptor().size()).isEqualTo(json.length());
      assertThat(index.manifests().get(0).platform()).contains(Platform.parse("linux/arm64"));
      assertThat(index.annotations()).isEmpty();
      assertThat(index.subject()).isEmpty();
    }

    @Test
    void manifestListsOfDockersAreIndexes() {
      String json =
          "{\"schemaVersion\":2,\"mediaType\":\""
              + MediaType.DOCKER_MANIFEST_LIST
              + "\",\"manifests\":[]}";
      assertThat(ImageIndex.parse(json.getBytes(UTF_8), MediaType.DOCKER_MANIFEST_LIST).manifests())
          .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"config", "layers"})
    void manifestsAreRefused(String field) {
      assertInvalid("{\"schemaVersion\":2,\"" + field + "\":{}}", "the fields of a manifest");
      assertInvalid("{\"schemaVersion\":2,\"manifests\":[],\"" + field + "\":[]}", "ambiguous");
    }

    @Test
    void contradictionsAreRefused() {
      assertInvalid(
          "{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.OCI_MANIFEST + "\"}", "served as");
      assertInvalid("{\"schemaVersion\":2,\"manifests\":[{\"size\":-1}]}", "'digest'");
      assertInvalid("{\"manifests\":[]}", "'schemaVersion'");
      assertThatThrownBy(() -> ImageIndex.parse("{\"schemaVersion\":2}".getBytes(UTF_8), "a/b"))
          .hasMessageContaining("not of an index");
    }

    @Test
    void tenThousandEntriesAreTheMost() {
      String entries = "{},".repeat(10_001);
      assertInvalid(
          "{\"schemaVersion\":2,\"manifests\":[" + entries + "{}]}", "more than 10000 elements");
    }
  }

  @Nested
  class Selection {
    private final Descriptor amd64 = entry("amd64", "linux/amd64");
    private final Descriptor amd64v3 = entry("amd64v3", "linux/amd64/v3");
    private final Descriptor armv5 = entry("armv5", "linux/arm/v5");
    private final Descriptor armv6 = entry("armv6", "linux/arm/v6");
    private final Descriptor windows = entry("windows", "windows/amd64");
    private final Descriptor attestation = entry("attestation", "unknown/unknown");
    private final ImageIndex index = index(windows, amd64v3, armv5, amd64, attestation, armv6);

    private Descriptor select(String platform) {
      return index.select(Platform.parse(platform));
    }

    @Test
    void takesTheNewestVariantThatRuns() {
      assertThat(select("linux/amd64")).isEqualTo(amd64);
      assertThat(select("linux/amd64/v2")).isEqualTo(amd64);
      assertThat(select("linux/amd64/v4")).isEqualTo(amd64v3);
      assertThat(select("linux/arm/v7")).isEqualTo(armv6);
      assertThat(select("linux/arm/v5")).isEqualTo(armv5);
      assertThat(select("windows/amd64")).isEqualTo(windows);
    }

    @Test
    void takesTheFirstOfSeveral() {
      Descriptor second = entry("second", "linux/amd64");
      assertThat(index(amd64, second).select(Platform.of("linux", "amd64"))).isEqualTo(amd64);
      assertThat(index(second, amd64).select(Platform.of("linux", "amd64"))).isEqualTo(second);
    }

    @Test
    void saysWhatThereIs() {
      assertThatThrownBy(() -> select("linux/riscv64"))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
          .message()
          .contains(index.digest().toString(), "nothing for linux/riscv64")
          .contains("windows/amd64, linux/amd64/v3, linux/arm/v5, linux/amd64");
      assertThatThrownBy(() -> index().select(Platform.of("linux", "amd64")))
          .hasMessageContaining("is empty");
    }

    @Test
    void saysNotTooMuch() {
      Descriptor[] many =
          IntStream.range(0, 1000)
              .mapToObj(i -> entry("x" + i, "linux/arch" + i))
              .toArray(Descriptor[]::new);
      assertThatThrownBy(() -> index(many).select(Platform.of("linux", "amd64")))
          .hasMessageContaining("and 980 more");
    }

    @Test
    void aSingleEntryNeedsNoPlatform() {
      assertThat(index(entry("x")).select(Platform.host())).isEqualTo(entry("x"));
      assertThatThrownBy(() -> index(entry("x"), entry("y")).select(Platform.host()))
          .hasMessageContaining("an unnamed platform");
    }

    @Test
    void whatIsNoImageIsNeverTaken() {
      Descriptor artifact =
          new Descriptor(
              "a/b",
              Digest.sha256(new byte[0]),
              0,
              Map.of(),
              Optional.of(Platform.host()),
              Optional.empty());
      assertThatThrownBy(() -> index(artifact).select(Platform.host()))
          .isInstanceOf(RuncibleException.class);
    }
  }
}
