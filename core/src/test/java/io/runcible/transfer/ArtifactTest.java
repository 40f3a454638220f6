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
import io.runcible.image.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactTest {
  private static final ImageReference ONE = ImageReference.parse("registry.example/files:1");
  private static final String TYPE = "application/vnd.example.report";

  @TempDir Path directory;
  private final MemoryImageSource images = new MemoryImageSource();

  private static RuncibleException failure(Runnable work) {
    return catchThrowableOfType(RuncibleException.class, work::run);
  }

  private Path out() {
    return directory.resolve("out");
  }

  private void putTitled(String... titles) {
    Descriptor[] layers =
        Stream.of(titles)
            .map(
                title ->
                    images
                        .add("text/plain", title.getBytes(UTF_8))
                        .withAnnotations(Map.of("org.opencontainers.image.title", title)))
            .toArray(Descriptor[]::new);
    Manifest manifest = Manifest.ofArtifact(TYPE, List.of(layers), Map.of(), Optional.empty());
    images.putManifest(ONE, manifest.descriptor(), manifest.raw());
  }

  @Test
  void filesGoAndComeBack() throws IOException {
    Path report = Files.writeString(directory.resolve("report.txt"), "all is well");
    Artifact artifact =
        Artifact.builder(TYPE)
            .file(report, "text/plain")
            .content("data/raw.bin", "application/octet-stream", new byte[] {1, 2})
            .annotation("k", "v")
            .build();
    assertThat(artifact.writeTo(images, ONE)).isEqualTo(artifact.manifest().descriptor());

    Manifest manifest =
        Manifest.parse(images.content(artifact.manifest().digest()), MediaType.OCI_MANIFEST);
    assertThat(manifest.artifactType()).contains(TYPE);
    assertThat(manifest.config()).isEqualTo(Manifest.EMPTY);
    assertThat(manifest.annotations()).isEqualTo(Map.of("k", "v"));
    List<Path> files = Artifact.read(images, ONE, out(), 1000);
    assertThat(files).containsExactly(out().resolve("report.txt"), out().resolve("data/raw.bin"));
    assertThat(files.get(0)).hasContent("all is well");
    assertThat(Files.readAllBytes(files.get(1))).containsExactly(1, 2);
  }

  @Test
  void itIsAttachedToItsSubject() {
    Descriptor image = Samples.put(images, ONE, "image").descriptor();
    Artifact artifact = Artifact.builder(TYPE).subject(image).build();
    artifact.writeTo(images, Samples.byDigest(ONE, artifact.manifest().digest()));
    assertThat(images.referrers(ONE, image.digest()))
        .containsExactly(artifact.manifest().descriptor());
    assertThat(images.resolve(ONE)).isEqualTo(image);
    // Without files it has the empty layer, which is none.
    assertThat(
            Artifact.read(images, Samples.byDigest(ONE, artifact.manifest().digest()), out(), 1000))
        .isEmpty();
  }

  @Test
  void aFileThatChangesIsNotSent() throws IOException {
    Path file = Files.writeString(directory.resolve("x"), "before");
    Artifact artifact = Artifact.builder(TYPE).file(file, "text/plain").build();
    Files.writeString(file, "after!");
    assertThat(failure(() -> artifact.writeTo(images, ONE)).kind())
        .isEqualTo(ErrorKind.CORRUPT_DATA);
    Files.delete(file);
    assertThat(failure(() -> artifact.writeTo(images, ONE)).kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure(() -> Artifact.builder(TYPE).file(file, "text/plain")).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../escape",
        "/etc/passwd",
        "a/../../b",
        ".",
        "..",
        "",
        "a//b",
        "a/",
        "a\\b",
        "c:x",
        "a\u0000b",
        "a\nb"
      })
  void namesThatAreNoneAreRefused(String title) {
    putTitled("good", title);
    RuncibleException failure = failure(() -> Artifact.read(images, ONE, out(), 1000));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(ONE.toString());
    assertThat(out()).doesNotExist();
  }

  @Test
  void aNameThatIsAFileAndADirectoryLeavesNothing() throws IOException {
    putTitled("a", "a/b");
    assertThat(failure(() -> Artifact.read(images, ONE, out(), 1000)).kind())
        .isEqualTo(ErrorKind.UNAVAILABLE);
    try (Stream<Path> left = Files.list(out())) {
      assertThat(left).isEmpty();
    }
    putTitled("a", "a");
    assertThat(failure(() -> Artifact.read(images, ONE, out(), 1000)).kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void wrongContentLeavesNothing() throws IOException {
    putTitled("a", "b");
    Descriptor last = Descriptor.of("text/plain", "b".getBytes(UTF_8));
    images.replace(last.digest(), "lies".getBytes(UTF_8));
    assertThat(failure(() -> Artifact.read(images, ONE, out(), 1000)).kind())
        .isEqualTo(ErrorKind.CORRUPT_DATA);
    try (Stream<Path> left = Files.list(out())) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void whatIsTooLargeIsNotFetched() {
    putTitled("aaaa", "bbbb");
    RuncibleException failure = failure(() -> Artifact.read(images, ONE, out(), 7));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("8 bytes");
  }

  @Test
  void theDirectoryIsEmpty() throws IOException {
    putTitled("a");
    Files.createDirectory(out());
    Files.writeString(out().resolve("there"), "x");
    assertThat(failure(() -> Artifact.read(images, ONE, out(), 7)).kind())
        .isEqualTo(ErrorKind.FAILED_PRECONDITION);
  }

  @Test
  void anIndexHasNoFiles() {
    ImageIndex index = Samples.putIndex(images, ONE, "one");
    assertThat(index.manifests()).isNotEmpty();
    assertThat(failure(() -> Artifact.read(images, ONE, out(), 7)).kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void aNameIsTakenOnce() {
    Artifact.Builder builder = Artifact.builder(TYPE).content("a", "text/plain", new byte[1]);
    assertThat(failure(() -> builder.content("a", "text/plain", new byte[2])).kind())
        .isEqualTo(ErrorKind.ALREADY_EXISTS);
  }
}
