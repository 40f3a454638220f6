package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.OwnTemporaryDirectory;
import io.runcible.ProgressEvent;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.archive.Decompression;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class RecompressionTest {
  private static final ImageReference ONE = ImageReference.parse("registry.example/app:1");
  private static final ImageReference OTHER = ImageReference.parse("mirror.example/copy:2");

  @RegisterExtension final OwnTemporaryDirectory temporary = new OwnTemporaryDirectory();
  @TempDir Path directory;
  private final MemoryImageSource source = new MemoryImageSource();
  private final MemoryImageSource sink = new MemoryImageSource();

  private WrittenLayer layer(String name, boolean gzip) {
    LayerWriter writer =
        new LayerWriter().addFile("/" + name, 0644, name.repeat(9999).getBytes(UTF_8));
    return (gzip ? writer : writer.uncompressed()).writeTo(directory.resolve(name + gzip));
  }

  private Manifest image(ImageReference name, String text) {
    ImageAssembly image =
        ImageAssembly.builder(Samples.PLATFORM)
            .layer(layer("base" + text, true))
            .layer(layer("app" + text, false))
            .annotation("about", text)
            .build();
    image.writeTo(source, name);
    return image.manifest();
  }

  /** The same image in Docker's types. */
  private Manifest docker(ImageReference name) {
    Manifest oci = image(name, "docker");
    Descriptor config = oci.config();
    Manifest docker =
        oci.replacing(
            MediaType.DOCKER_MANIFEST,
            Map.of(
                config.digest(), typed(config, MediaType.DOCKER_CONFIG),
                oci.layers().get(0).digest(),
                    typed(oci.layers().get(0), MediaType.DOCKER_LAYER_GZIP),
                oci.layers().get(1).digest(), typed(oci.layers().get(1), MediaType.DOCKER_LAYER)));
    source.putManifest(name, docker.descriptor(), docker.raw());
    return docker;
  }

  private static Descriptor typed(Descriptor descriptor, String mediaType) {
    return Descriptor.of(mediaType, descriptor.digest(), descriptor.size());
  }

  private Manifest copied(Compression format) {
    Descriptor root = ImageCopy.between(source, sink).recompress(format).copy(ONE, OTHER).root();
    assertThat(sink.resolve(OTHER)).isEqualTo(root);
    return Manifest.parse(sink.manifest(OTHER, root), root.mediaType());
  }

  /** Each layer is what the configuration says, and compressed as it should be. */
  private void assertGood(Manifest manifest, Compression... expected) throws IOException {
    List<Digest> diffIds = ImageConfig.parse(sink.content(manifest.config().digest())).diffIds();
    List<Compression> found = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      byte[] content = sink.content(manifest.layers().get(i).digest());
      found.add(Compression.detect(content));
      byte[] plain = Decompression.open(new ByteArrayInputStream(content)).readAllBytes();
      assertThat(Digest.sha256(plain)).isEqualTo(diffIds.get(i));
    }
    assertThat(found).containsExactly(expected);
  }

  private static List<String> types(Manifest manifest) {
    return manifest.layers().stream().map(Descriptor::mediaType).toList();
  }

  @Test
  void zstdOfAnOciImage() throws IOException {
    Manifest old = image(ONE, "x");
    Manifest made = copied(Compression.ZSTD);
    assertGood(made, Compression.ZSTD, Compression.ZSTD);
    assertThat(types(made)).containsOnly(MediaType.OCI_LAYER_ZSTD);
    assertThat(made.config()).isEqualTo(old.config());
    assertThat(made.annotations()).isEqualTo(old.annotations());
    assertThat(made.digest()).isNotEqualTo(old.digest());
  }

  @Test
  void layersOfThatFormStayAsTheyAre() throws IOException {
    Manifest old = image(ONE, "x");
    Manifest made = copied(Compression.GZIP);
    assertGood(made, Compression.GZIP, Compression.GZIP);
    assertThat(made.layers().get(0)).isEqualTo(old.layers().get(0));
    assertThat(types(made)).containsOnly(MediaType.OCI_LAYER_GZIP);
  }

  /** Opens each blob a second time, as one does that begins anew. */
  private record OpeningTwice(ImageSink sink) implements ImageSink {
    @Override
    public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
      return sink.hasBlob(reference, descriptor);
    }

    @Override
    public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
      sink.putBlob(reference, descriptor, content);
    }

    @Override
    public void putBlob(
        ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
      try (InputStream first = content.apply(0)) {
        assertThat(first.readNBytes(10)).isNotEmpty();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      sink.putBlob(reference, descriptor, content);
    }

    @Override
    public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
      sink.putManifest(reference, descriptor, raw);
    }

    @Override
    public void close() {}
  }

  @Test
  void whatIsMadeCanBeSentAgain() throws IOException {
    image(ONE, "x");
    ImageCopy.between(source, new OpeningTwice(sink)).recompress(Compression.ZSTD).copy(ONE, OTHER);
    Descriptor root = sink.resolve(OTHER);
    Manifest made = Manifest.parse(sink.manifest(OTHER, root), root.mediaType());
    assertGood(made, Compression.ZSTD, Compression.ZSTD);
  }

  @Test
  void nothingIsWrittenWhenAllIsOfThatFormAndThere() {
    image(ONE, "x");
    copied(Compression.ZSTD);
    CopyResult again =
        ImageCopy.between(sink, sink).recompress(Compression.ZSTD).copy(OTHER, OTHER);
    assertThat(again.unchanged()).isTrue();
  }

  @Test
  void equalImagesGiveEqualBytes() {
    image(ONE, "x");
    assertThat(copied(Compression.ZSTD).raw()).isEqualTo(copied(Compression.ZSTD).raw());
    assertThat(copied(Compression.NONE).raw()).isEqualTo(copied(Compression.NONE).raw());
  }

  @Test
  void aLevelChangesTheBytesAndNotTheContent() throws IOException {
    Manifest old = docker(ONE);
    CopyResult result =
        ImageCopy.between(source, sink).recompress(Compression.GZIP, 1).copy(ONE, OTHER);
    Manifest made = Manifest.parse(sink.manifest(OTHER, result.root()), result.root().mediaType());
    assertGood(made, Compression.GZIP, Compression.GZIP);
    assertThat(made.layers().get(1)).isNotEqualTo(copied(Compression.GZIP).layers().get(1));
    assertThat(made.layers().get(0)).isEqualTo(old.layers().get(0));
  }

  @Test
  void dockerStaysDockerWithGzip() throws IOException {
    Manifest old = docker(ONE);
    Manifest made = copied(Compression.GZIP);
    assertGood(made, Compression.GZIP, Compression.GZIP);
    assertThat(made.mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
    assertThat(made.config()).isEqualTo(old.config());
    assertThat(types(made)).containsOnly(MediaType.DOCKER_LAYER_GZIP);
  }

  @Test
  void dockerBecomesOciWithZstd() throws IOException {
    Manifest old = docker(ONE);
    Manifest made = copied(Compression.ZSTD);
    assertGood(made, Compression.ZSTD, Compression.ZSTD);
    assertThat(made.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
    assertThat(made.config().mediaType()).isEqualTo(MediaType.OCI_CONFIG);
    assertThat(made.config().digest()).isEqualTo(old.config().digest());
    assertThat(types(made)).containsOnly(MediaType.OCI_LAYER_ZSTD);
  }

  @Test
  void anIndexIsRebuiltAroundItsImages() throws IOException {
    Manifest one = image(ONE.withTag("a"), "a");
    Manifest two = image(ONE.withTag("b"), "b");
    Manifest statement =
        Manifest.ofArtifact("application/vnd.in-toto+json", List.of(), Map.of(), Optional.empty());
    source.add(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8));
    source.putManifest(ONE.withTag("c"), statement.descriptor(), statement.raw());
    Descriptor attestation =
        statement
            .descriptor()
            .withAnnotations(Map.of("vnd.docker.reference.digest", two.digest().toString()));
    Platform arm = Platform.parse("linux/arm64");
    ImageIndex index =
        ImageIndex.of(
            List.of(
                one.descriptor().withPlatform(Samples.PLATFORM),
                two.descriptor().withPlatform(arm).withAnnotations(Map.of("k", "v")),
                attestation),
            Map.of("about", "all"));
    source.putManifest(ONE, index.descriptor(), index.raw());

    Descriptor root =
        ImageCopy.between(source, sink).recompress(Compression.ZSTD).copy(ONE, OTHER).root();

    ImageIndex made = ImageIndex.parse(sink.manifest(OTHER, root), root.mediaType());
    assertThat(made.annotations()).isEqualTo(index.annotations());
    assertThat(made.manifests().get(1).platform()).isEqualTo(Optional.of(arm));
    assertThat(made.manifests().get(1).annotations()).containsEntry("k", "v");
    Descriptor second = made.manifests().get(1);
    Manifest rebuilt = Manifest.parse(sink.content(second.digest()), second.mediaType());
    assertGood(rebuilt, Compression.ZSTD, Compression.ZSTD);
    // The attestation stays; it has the new digest of what it is about.
    assertThat(made.manifests().get(2).annotations())
        .containsEntry("vnd.docker.reference.digest", rebuilt.digest().toString());
  }

  @Test
  void unknownFieldsStay() throws IOException {
    Manifest manifest = image(ONE.withTag("a"), "a");
    byte[] raw =
        ("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\""
                + manifest.mediaType()
                + "\",\"digest\":\""
                + manifest.digest()
                + "\",\"size\":"
                + manifest.raw().length
                + ",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\","
                + "\"os.version\":\"10.0.1\"}}],\"x-vendor\":7}")
            .getBytes(UTF_8);
    source.putManifest(ONE, Descriptor.of(MediaType.OCI_INDEX, raw), raw);
    Descriptor root =
        ImageCopy.between(source, sink).recompress(Compression.ZSTD).copy(ONE, OTHER).root();
    assertThat(new String(sink.content(root.digest()), UTF_8))
        .contains("\"os.version\":\"10.0.1\"", "\"x-vendor\":7")
        .doesNotContain(manifest.digest().toString());
  }

  @Test
  void annotationsAboutTheOldBytesGo() {
    Manifest manifest = image(ONE, "x");
    Descriptor plain = manifest.layers().get(1);
    Manifest annotated =
        manifest.replacing(
            manifest.mediaType(),
            Map.of(
                plain.digest(),
                plain.withAnnotations(
                    Map.of("io.github.containers.zstd-chunked.manifest-position", "1", "k", "v"))));
    source.putManifest(ONE, annotated.descriptor(), annotated.raw());
    assertThat(copied(Compression.ZSTD).layers().get(1).annotations()).isEqualTo(Map.of("k", "v"));
  }

  @Test
  void aLayerThatIsNotItsDiffIdIsRefused() {
    Manifest manifest = image(ONE, "x");
    WrittenLayer other = layer("other", false);
    ImageConfig config =
        ImageConfig.builder(Samples.PLATFORM)
            .diffIds(List.of(other.diffId(), other.diffId()))
            .build();
    source.add(MediaType.OCI_CONFIG, config.raw());
    Manifest liar = Manifest.of(config.descriptor(), manifest.layers(), Map.of());
    source.putManifest(ONE, liar.descriptor(), liar.raw());
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> copied(Compression.ZSTD));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageContainingAll(other.diffId().toString(), ONE.toString());
    assertThat(catchThrowableOfType(RuncibleException.class, () -> sink.resolve(OTHER)).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }

  @Test
  void aConfigurationOfOtherLayersIsRefused() {
    Manifest manifest = image(ONE, "x");
    Manifest liar =
        Manifest.of(manifest.config(), Collections.nCopies(3, manifest.layers().get(1)), Map.of());
    source.putManifest(ONE, liar.descriptor(), liar.raw());
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> copied(Compression.ZSTD));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("3 layers");
  }

  @Test
  void artifactsAreLeftAlone() {
    Descriptor content = source.add(MediaType.OCI_LAYER, "no archive".getBytes(UTF_8));
    source.add(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8));
    Manifest artifact =
        Manifest.ofArtifact("application/x", List.of(content), Map.of(), Optional.empty());
    source.putManifest(ONE, artifact.descriptor(), artifact.raw());
    assertThat(copied(Compression.ZSTD).digest()).isEqualTo(artifact.digest());
  }

  @Test
  void progressNamesTheOldAndTheNewLayer() {
    Manifest old = image(ONE, "x");
    List<ProgressEvent> heard = Collections.synchronizedList(new ArrayList<>());
    ImageCopy copy = ImageCopy.between(source, sink).recompress(Compression.GZIP);
    Descriptor root = copy.parallel(1).listener(heard::add).copy(ONE, OTHER).root();
    Manifest made = Manifest.parse(sink.manifest(OTHER, root), root.mediaType());
    for (Descriptor layer : List.of(old.layers().get(1), made.layers().get(1))) {
      assertThat(heard)
          .containsSubsequence(
              new ProgressEvent.Started(layer.digest(), layer.size()),
              new ProgressEvent.Finished(layer.digest(), layer.size()));
    }
  }

  @Test
  void levelsAreChecked() {
    ImageCopy copy = ImageCopy.between(source, sink);
    for (int level : new int[] {0, 10, -1}) {
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class, () -> copy.recompress(Compression.GZIP, level));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void interruptEndsItAndLeavesNoFile() throws IOException {
    image(ONE, "x");
    Thread caller = Thread.currentThread();
    ImageCopy copy =
        ImageCopy.between(source, sink)
            .recompress(Compression.ZSTD)
            .listener(event -> caller.interrupt());
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> copy.copy(ONE, OTHER));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(temporary.names()).isEmpty();
    assertThat(catchThrowableOfType(RuncibleException.class, () -> sink.resolve(OTHER)).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }
}
