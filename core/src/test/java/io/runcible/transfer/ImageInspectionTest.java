package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.FaultyRegistry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class ImageInspectionTest {
  private static final ImageReference ONE = ImageReference.parse("team/app:1");

  private final MemoryImageSource source = new MemoryImageSource();

  /** The paths that an inspection of the image at a registry asks for. */
  private List<String> requests(
      BiFunction<RegistryClient, ImageReference, ImageInspection> inspect) {
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.create()) {
      ImageReference name = ImageReference.parse(registry.host() + "/team/app:1");
      assertThat(inspect.apply(client, name)).isNotNull();
      return registry.requests().stream()
          .map(request -> request.method() + " " + request.path().replace("/v2/team/app/", ""))
          .toList();
    }
  }

  @Test
  void anImageTakesTwoRequests() {
    Manifest manifest = Samples.put(source, ONE, "one");
    ImageInspection image = ImageInspection.of(source, ONE);
    assertThat(image.document().raw()).isEqualTo(manifest.raw());
    assertThat(image.index()).isEmpty();
    assertThat(image.config().orElseThrow().command()).containsExactly("one");
    assertThat(image.layers()).isEqualTo(manifest.layers());
    assertThat(image.size()).isEqualTo(manifest.config().size() + manifest.layers().get(0).size());
    assertThat(image.platforms()).containsExactly(Samples.PLATFORM);
    assertThat(requests(ImageInspection::of))
        .containsExactly("GET manifests/1", "GET blobs/" + manifest.config().digest());
  }

  @Test
  void anIndexTakesOneRequest() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    ImageInspection image = ImageInspection.of(source, ONE);
    assertThat(image.index().orElseThrow().digest()).isEqualTo(index.digest());
    assertThat(image.platforms()).containsExactly(Samples.PLATFORM, Platform.parse("linux/arm64"));
    assertThat(image.manifest()).isEmpty();
    assertThat(image.config()).isEmpty();
    assertThat(image.layers()).isEmpty();
    assertThat(requests(ImageInspection::of)).containsExactly("GET manifests/1");
  }

  @Test
  void aPlatformOfAnIndexTakesThree() {
    Samples.putIndex(source, ONE, "one");
    Platform arm = Platform.parse("linux/arm64");
    ImageInspection image = ImageInspection.of(source, ONE, arm);
    assertThat(image.config().orElseThrow().command()).containsExactly("one-other");
    assertThat(image.image().orElseThrow().descriptor().digest())
        .isEqualTo(Samples.manifest("one-other").digest());
    assertThat(requests((client, name) -> ImageInspection.of(client, name, arm))).hasSize(3);
  }

  @Test
  void anArtifactHasNoConfiguration() {
    Descriptor content = source.add("text/plain", "x".getBytes(UTF_8));
    Manifest artifact =
        Manifest.ofArtifact("application/x", List.of(content), Map.of(), Optional.empty());
    source.putManifest(ONE, artifact.descriptor(), artifact.raw());
    ImageInspection image = ImageInspection.of(source, ONE);
    assertThat(image.config()).isEmpty();
    assertThat(image.manifest().orElseThrow().artifactType()).contains("application/x");
    assertThat(image.platforms()).isEmpty();
  }

  @Test
  void liesAreFound() {
    Manifest manifest = Samples.put(source, ONE, "one");
    source.replace(manifest.config().digest(), "{}".getBytes(UTF_8));
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> ImageInspection.of(source, ONE));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageContaining(ONE.toString());
    Manifest huge =
        Manifest.of(
            Descriptor.of(MediaType.OCI_CONFIG, manifest.config().digest(), 1L << 40),
            List.of(),
            Map.of());
    source.putManifest(ONE, huge.descriptor(), huge.raw());
    assertThat(
            catchThrowableOfType(RuncibleException.class, () -> ImageInspection.of(source, ONE))
                .kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void indexesWithinIndexesEnd() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    for (int depth = 0; depth < 5; depth++) {
      index = ImageIndex.of(List.of(index.descriptor().withPlatform(Samples.PLATFORM)), Map.of());
      source.putManifest(ONE, index.descriptor(), index.raw());
    }
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> ImageInspection.of(source, ONE, Samples.PLATFORM));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }
}
