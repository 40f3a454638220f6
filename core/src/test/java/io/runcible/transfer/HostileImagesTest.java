package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Images that were made to do harm, and registries that lie. */
class HostileImagesTest {
  private static final ImageReference ONE = ImageReference.parse("team/app:1");
  private static final ImageReference OTHER = ImageReference.parse("mirror.example/copy:2");

  private final MemoryImageSource source = new MemoryImageSource();
  private final MemoryImageSource sink = new MemoryImageSource();

  private RuncibleException failure(ImageSource from, ImageReference name) {
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> ImageCopy.between(from, sink).copy(name, OTHER));
    assertThat(catchThrowableOfType(RuncibleException.class, () -> sink.resolve(OTHER)).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
    return failure;
  }

  /** An index of many manifests of nearly 4 MiB, which counts how many are asked for. */
  private static final class Bloated implements ImageSource {
    private final ImageIndex index;
    private int read;

    Bloated(int count) {
      List<Descriptor> entries = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Digest each = Digest.sha256(Integer.toString(i).getBytes(UTF_8));
        entries.add(Descriptor.of(MediaType.OCI_MANIFEST, each, 4_000_000));
      }
      index = ImageIndex.of(entries, Map.of());
    }

    @Override
    public Descriptor resolve(ImageReference reference) {
      return index.descriptor();
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      if (descriptor.digest().equals(index.digest())) {
        return index.raw();
      }
      read++;
      return new byte[4_000_000];
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      return new ByteArrayInputStream(Samples.config("x").raw());
    }

    @Override
    public void close() {}
  }

  @Test
  void manifestsOfTooManyBytesAreNotHeld() {
    Bloated bloated = new Bloated(17);
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> ImageCopy.between(bloated, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContainingAll(ONE.toString(), "67108864 bytes");
    assertThat(bloated.read).isZero();
  }

  @Test
  void tenThousandManifestsAreTheMost() {
    Descriptor config = Samples.config("x").descriptor();
    List<Descriptor> halves = new ArrayList<>();
    for (int half = 0; half < 2; half++) {
      List<Descriptor> entries = new ArrayList<>();
      for (int i = 0; i < 5_001; i++) {
        Manifest manifest = Manifest.of(config, List.of(), Map.of("n", half + " " + i));
        source.add(manifest.mediaType(), manifest.raw());
        entries.add(manifest.descriptor());
      }
      ImageIndex index = ImageIndex.of(entries, Map.of());
      source.add(index.mediaType(), index.raw());
      halves.add(index.descriptor());
    }
    ImageIndex all = ImageIndex.of(halves, Map.of());
    source.putManifest(ONE, all.descriptor(), all.raw());
    RuncibleException failure = failure(source, ONE);
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("more than 10000 manifests");
  }

  @Test
  void aManifestWhoseSizeLiesIsRefused() {
    Manifest manifest = Samples.put(source, ONE, "one");
    ImageIndex index =
        ImageIndex.of(
            List.of(
                Descriptor.of(manifest.mediaType(), manifest.digest(), manifest.raw().length - 1)),
            Map.of());
    source.putManifest(ONE, index.descriptor(), index.raw());
    assertThat(failure(source, ONE).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
  }

  @Test
  void aDocumentThatIsNotOfItsTypeIsRefused() {
    Manifest manifest = Samples.put(source, ONE, "one");
    ImageIndex index =
        ImageIndex.of(
            List.of(Descriptor.of(MediaType.OCI_INDEX, manifest.digest(), manifest.raw().length)),
            Map.of());
    source.putManifest(ONE, index.descriptor(), index.raw());
    RuncibleException failure = failure(source, ONE);
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(ONE.toString());
  }

  @Test
  void blobsOfARegistryThatLieAreRefused() {
    Digest layer = Samples.put(source, ONE, "one").layers().get(0).digest();
    for (Fault fault : List.of(Fault.append(1), Fault.truncate(10), Fault.flip(5))) {
      try (FaultyRegistry registry = FaultyRegistry.serve(source);
          RegistryClient client = RegistryClient.builder().attempts(1).build()) {
        registry.fail("GET", "/blobs/" + layer, FaultyRegistry.ALWAYS, fault);
        ImageReference name = ImageReference.parse(registry.host() + "/team/app:1");
        RuncibleException failure = failure(client, name);
        assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
        assertThat(failure).hasMessageContaining(layer.toString());
      }
    }
  }

  @Test
  void aNameThatChangesBetweenTwoLooksIsStillOneImage() {
    Manifest first = Samples.put(source, ONE, "one");
    Manifest second = Samples.put(source, ImageReference.parse("team/app:2"), "two");
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.builder().attempts(1).build()) {
      ImageReference name = ImageReference.parse(registry.host() + "/team/app:1");
      // The head names one manifest, the body is another.
      registry.fail("GET", "/manifests/1", 1, Fault.body(second.raw()));
      assertThat(failure(client, name).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(ImageCopy.between(client, sink).copy(name, OTHER).root().digest())
          .isEqualTo(first.digest());
    }
  }

  @Test
  void aPinnedNameGetsNothingElse() {
    Manifest one = Samples.put(source, ONE, "one");
    Manifest two = Samples.manifest("two");
    ImageReference pinned = ONE.withDigest(two.digest());
    MemoryImageSource liar = new MemoryImageSource();
    liar.putManifest(ONE, one.descriptor(), one.raw());
    liar.tag(Samples.byDigest(ONE, two.digest()), two.descriptor());
    liar.replace(two.digest(), one.raw());
    assertThat(failure(liar, pinned).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
  }

  @Test
  void contentThatIsNotThatOfTheConfigurationIsDropped() throws IOException {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 32; i++) {
        gzip.write(zeros);
      }
    }
    Descriptor layer = source.add(MediaType.OCI_LAYER_GZIP, bomb.toByteArray());
    ImageConfig config =
        ImageConfig.builder(Samples.PLATFORM)
            .diffIds(List.of(Digest.sha256("anything".getBytes(UTF_8))))
            .build();
    source.add(MediaType.OCI_CONFIG, config.raw());
    Manifest manifest = Manifest.of(config.descriptor(), List.of(layer), Map.of());
    source.putManifest(ONE, manifest.descriptor(), manifest.raw());
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class,
            () -> ImageCopy.between(source, sink).recompress(Compression.ZSTD).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(catchThrowableOfType(RuncibleException.class, () -> sink.resolve(OTHER)).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }

  @Test
  void aMillionTagsAreRefused() {
    Samples.put(source, ONE, "one");
    StringBuilder page = new StringBuilder("{\"name\":\"team/app\",\"tags\":[\"0\"");
    for (int i = 1; i < 1_000_000; i++) {
      page.append(",\"").append(i).append('"');
    }
    page.append("]}");
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.builder().attempts(1).build()) {
      registry.fail("/tags/list", 1, Fault.body(page.toString().getBytes(UTF_8)));
      ImageReference name = ImageReference.parse(registry.host() + "/team/app");
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class,
              () -> ImageSync.to(sink).sync(client, name, TagFilter.all()));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void aTagThatIsNoneEndsTheSync() {
    Samples.put(source, ONE, "one");
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.builder().attempts(1).build()) {
      registry.fail(
          "/tags/list", 1, Fault.body("{\"name\":\"x\",\"tags\":[\"../../x\"]}".getBytes(UTF_8)));
      ImageReference name = ImageReference.parse(registry.host() + "/team/app");
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class,
              () -> ImageSync.to(sink).sync(client, name, TagFilter.all()));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }
}
