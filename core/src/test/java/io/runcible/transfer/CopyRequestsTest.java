package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a copy asks for, and how often. */
class CopyRequestsTest {
  private static final ImageReference ONE = ImageReference.parse("registry.example/app:1");
  private static final ImageReference OTHER = ImageReference.parse("mirror.example/copy:2");

  @TempDir Path directory;
  private final RecordingImages source = new RecordingImages();
  private final RecordingImages sink = new RecordingImages();

  private void forget() {
    source.calls.clear();
    sink.calls.clear();
  }

  @Test
  void anEqualTargetCostsOneRequestOnEachSide() {
    Samples.putIndex(source, ONE, "one");
    ImageCopy copy = ImageCopy.between(source, sink);
    assertThat(copy.copy(ONE, OTHER).unchanged()).isFalse();
    sink.calls.clear();
    Samples.putIndex(sink, OTHER, "one");
    forget();
    CopyResult again = copy.copy(ONE, OTHER);
    assertThat(again.unchanged()).isTrue();
    assertThat(again.root()).isEqualTo(source.memory.resolve(ONE));
    assertThat(source.calls).containsExactly("resolve " + ONE);
    // What is no registry is also looked over, so that it is made whole again.
    assertThat(sink.calls.get(0)).isEqualTo("resolve " + OTHER);
    assertThat(sink.count("putBlob") + sink.count("putManifest")).isZero();
  }

  @Test
  void aNewNameIsReadAtOnce() {
    Manifest manifest = Samples.put(source, ONE, "one");
    forget();
    ImageCopy.between(source, sink).parallel(1).copy(ONE, OTHER);
    assertThat(source.calls)
        .containsExactly(
            "resolve " + ONE,
            "manifest " + manifest.digest(),
            "blob " + manifest.layers().get(0).digest(),
            "blob " + manifest.config().digest());
    assertThat(sink.calls)
        .containsExactly(
            "resolve " + OTHER,
            "hasBlob " + manifest.layers().get(0).digest(),
            "putBlob " + manifest.layers().get(0).digest(),
            "hasBlob " + manifest.config().digest(),
            "putBlob " + manifest.config().digest(),
            "putManifest " + OTHER);
  }

  @Test
  void childrenGoUnderTheirDigestsAndTheNameComesLast() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    ImageCopy.between(source, sink).copy(ONE, OTHER);
    List<String> puts = sink.calls.stream().filter(c -> c.startsWith("putManifest")).toList();
    assertThat(puts)
        .containsExactly(
            "putManifest mirror.example/copy@" + index.manifests().get(0).digest(),
            "putManifest mirror.example/copy@" + index.manifests().get(1).digest(),
            "putManifest " + OTHER);
  }

  @Test
  void withinARegistryBlobsAreMounted() {
    Samples.putIndex(source, ONE, "one");
    forget();
    ImageReference target = ImageReference.parse("registry.example/other/app:1");
    CopyResult result = ImageCopy.between(source, source).copy(ONE, target);
    assertThat(source.count("mountBlob")).isEqualTo(4);
    assertThat(source.count("hasBlob") + source.count("putBlob") + source.count("blob")).isZero();
    assertThat(List.of(result.copied(), result.present())).containsExactly(0, 4);
  }

  @Test
  void whatCannotBeMountedIsSent() {
    Manifest manifest = Samples.put(source.memory, ONE, "one");
    ImageReference target = ImageReference.parse("registry.example/other/app:1");
    CopyResult result = ImageCopy.between(source, source).copy(ONE, target);
    assertThat(result.copied()).isEqualTo(2);
    assertThat(source.hasBlob(target, manifest.config())).isTrue();
  }

  @Test
  void anotherTagOfARepositoryTakesTheManifestAlone() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    forget();
    ImageReference target = ONE.withTag("2");
    ImageCopy.between(source, source).copy(ONE, target);
    assertThat(source.calls.stream().filter(c -> !c.startsWith("manifest ")))
        .containsExactly("resolve " + target, "resolve " + ONE, "putManifest " + target);
    assertThat(source.memory.resolve(target)).isEqualTo(index.descriptor());
  }

  @Test
  void aLocalTargetThatLostALayerIsMadeWhole() throws IOException {
    Manifest manifest = Samples.put(source, ONE, "one");
    try (ImageLayout layout = ImageLayout.create(directory.resolve("layout"))) {
      ImageCopy copy = ImageCopy.between(source, layout);
      copy.copy(ONE, OTHER);
      assertThat(copy.copy(ONE, OTHER).unchanged()).isTrue();
      Path layer =
          layout
              .directory()
              .resolve("blobs/sha256")
              .resolve(manifest.layers().get(0).digest().hex());
      Files.delete(layer);
      assertThat(copy.copy(ONE, OTHER).copied()).isEqualTo(1);
      assertThat(layer).exists();
    }
  }

  @Test
  void aTargetWithAnotherDigestIsRefusedBeforeAnythingMoves() {
    Samples.put(source, ONE, "one");
    ImageReference pinned = OTHER.withDigest(Samples.manifest("two").digest());
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> ImageCopy.between(source, sink).copy(ONE, pinned));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(Samples.manifest("one").digest().toString());
    assertThat(sink.count("putBlob")).isZero();
  }

  @Test
  void onePlatformThatIsThereMovesNothing() {
    Samples.putIndex(source, ONE, "one");
    ImageCopy copy = ImageCopy.between(source, sink).platform(Platform.parse("linux/arm64"));
    copy.copy(ONE, OTHER);
    sink.calls.clear();
    assertThat(copy.copy(ONE, OTHER).unchanged()).isTrue();
    assertThat(sink.count("putBlob") + sink.count("putManifest")).isZero();
  }

  @Test
  void layersOfOthersNeedNotBeThere() {
    Manifest manifest = Samples.put(source, ONE, "one");
    Descriptor foreign =
        Descriptor.of(MediaType.OCI_NONDISTRIBUTABLE_LAYER_GZIP, Samples.layer("somewhere else"));
    Manifest with =
        Manifest.of(manifest.config(), List.of(foreign, manifest.layers().get(0)), Map.of());
    source.putManifest(ONE, with.descriptor(), with.raw());
    assertThat(ImageCopy.between(source, sink).copy(ONE, OTHER).copied()).isEqualTo(2);
    assertThat(sink.memory.resolve(OTHER)).isEqualTo(with.descriptor());
  }

  @Test
  void entriesThatAreNoManifestsAreCopiedAsTheyAre() {
    Descriptor opaque = source.memory.add("application/vnd.example+json", Samples.layer("opaque"));
    ImageIndex index = ImageIndex.of(List.of(opaque), Map.of());
    source.putManifest(ONE, index.descriptor(), index.raw());
    ImageCopy.between(source, sink).copy(ONE, OTHER);
    assertThat(sink.memory.content(opaque.digest())).isEqualTo(Samples.layer("opaque"));
  }

  @Test
  void aTargetThatMayNotBeReadIsWrittenTo() {
    Samples.put(source, ONE, "one");
    for (ErrorKind kind : List.of(ErrorKind.UNAUTHENTICATED, ErrorKind.PERMISSION_DENIED)) {
      sink.failure = Optional.of(new RuncibleException(kind, "for the test"));
      assertThat(ImageCopy.between(source, sink).copy(ONE, OTHER).manifests()).isEqualTo(1);
    }
    sink.failure = Optional.of(new RuncibleException(ErrorKind.UNAVAILABLE, "for the test"));
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> ImageCopy.between(source, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
  }

  @Test
  void parallelIsChecked() {
    for (int wrong : new int[] {0, 33, -1}) {
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class, () -> ImageCopy.between(source, sink).parallel(wrong));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }
}
