package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCopyTest {
  private static final ImageReference ONE = ImageReference.parse("team/app:1");
  private static final ImageReference OTHER = ImageReference.parse("registry.example/copy:2");

  @TempDir Path directory;
  private final MemoryImageSource source = new MemoryImageSource();
  private final MemoryImageSource sink = new MemoryImageSource();

  private static RuncibleException failure(Runnable copy) {
    return catchThrowableOfType(RuncibleException.class, copy::run);
  }

  private static void assertHas(MemoryImageSource sink, Manifest manifest) {
    assertThat(sink.content(manifest.digest())).isEqualTo(manifest.raw());
    assertThat(sink.content(manifest.config().digest())).isNotEmpty();
    manifest.layers().forEach(layer -> assertThat(sink.content(layer.digest())).isNotEmpty());
  }

  @Test
  void everyByteArrivesUnderTheNewName() {
    Manifest manifest = Samples.put(source, ONE, "one");
    CopyResult result = ImageCopy.between(source, sink).copy(ONE, OTHER);
    assertThat(sink.resolve(OTHER)).isEqualTo(manifest.descriptor());
    assertHas(sink, manifest);
    assertThat(result.root()).isEqualTo(manifest.descriptor());
    assertThat(List.of(result.manifests(), result.copied(), result.present()))
        .containsExactly(1, 2, 0);
    assertThat(result.bytes())
        .isEqualTo(manifest.config().size() + manifest.layers().get(0).size());
  }

  @Test
  void whatIsThereIsNotSentAgain() {
    Manifest manifest = Samples.put(source, ONE, "one");
    ImageCopy copy = ImageCopy.between(source, sink);
    copy.copy(ONE, OTHER);
    // Another content of that digest would be refused by the sink.
    source.replace(manifest.layers().get(0).digest(), new byte[1]);
    CopyResult again = copy.copy(ONE, OTHER.withTag("3"));
    assertThat(List.of(again.copied(), again.present(), (int) again.bytes()))
        .containsExactly(0, 2, 0);
    assertThat(sink.resolve(OTHER.withTag("3"))).isEqualTo(manifest.descriptor());
  }

  @Test
  void indexComesWithAllItsManifests() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    CopyResult result = ImageCopy.between(source, sink).copy(ONE, OTHER);
    assertThat(sink.resolve(OTHER)).isEqualTo(index.descriptor());
    assertThat(sink.content(index.digest())).isEqualTo(index.raw());
    assertHas(sink, Samples.manifest("one"));
    assertHas(sink, Samples.manifest("one-other"));
    assertThat(result.manifests()).isEqualTo(3);
  }

  @Test
  void onePlatformIsTakenWithoutTheIndex() {
    Samples.putIndex(source, ONE, "one");
    Manifest wanted = Samples.manifest("one");
    ImageCopy.between(source, sink).platform(Samples.PLATFORM).copy(ONE, OTHER);
    assertThat(sink.resolve(OTHER).digest()).isEqualTo(wanted.digest());
    assertHas(sink, wanted);
    assertThat(failure(() -> sink.content(Samples.manifest("one-other").digest()))).isNotNull();
  }

  @Test
  void severalPlatformsGetAnIndexOfTheirOwn() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    Descriptor third =
        Samples.put(source, Samples.byDigest(ONE, Samples.manifest("third").digest()), "third")
            .descriptor()
            .withPlatform(Platform.parse("linux/s390x"));
    List<Descriptor> three = new ArrayList<>(index.manifests());
    three.add(third);
    ImageIndex all = ImageIndex.of(three, Map.of("k", "v"));
    source.putManifest(ONE, all.descriptor(), all.raw());

    ImageCopy.between(source, sink)
        .platforms(List.of(Platform.parse("linux/arm64"), Platform.parse("linux/s390x")))
        .copy(ONE, OTHER);

    Descriptor root = sink.resolve(OTHER);
    ImageIndex part = ImageIndex.parse(sink.manifest(OTHER, root), root.mediaType());
    assertThat(part.manifests()).containsExactly(three.get(1), third);
    assertThat(part.annotations()).containsEntry("k", "v");
    assertThat(failure(() -> sink.content(Samples.manifest("one").digest()))).isNotNull();
  }

  @Test
  void platformThatIsNotThereIsNamed() {
    Samples.putIndex(source, ONE, "one");
    RuncibleException failure =
        failure(
            () ->
                ImageCopy.between(source, sink)
                    .platform(Platform.parse("linux/riscv64"))
                    .copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure).hasMessageContaining("riscv64");
  }

  @Test
  void wrongContentIsRefusedAndTheNameStaysWhatItWas() {
    Manifest first = Samples.put(source, ONE, "one");
    ImageCopy.between(source, sink).copy(ONE, OTHER);
    Manifest second = Samples.put(source, ONE, "two");
    source.replace(second.layers().get(0).digest(), "lies".getBytes(UTF_8));
    RuncibleException failure = failure(() -> ImageCopy.between(source, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure)
        .hasMessageContainingAll(ONE.toString(), second.layers().get(0).digest().toString());
    assertThat(sink.resolve(OTHER)).isEqualTo(first.descriptor());
    assertThat(failure(() -> sink.content(second.digest())).kind()).isEqualTo(ErrorKind.NOT_FOUND);
  }

  @Test
  void wrongManifestIsRefused() {
    Manifest manifest = Samples.put(source, ONE, "one");
    source.replace(manifest.digest(), Samples.manifest("two").raw());
    RuncibleException failure = failure(() -> ImageCopy.between(source, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageContaining(manifest.digest().toString());
  }

  @Test
  void twoSizesOfOneBlobAreRefused() {
    Manifest manifest = Samples.put(source, ONE, "one");
    Descriptor layer = manifest.layers().get(0);
    Manifest liar =
        Manifest.of(
            manifest.config(),
            List.of(layer, Descriptor.of(layer.mediaType(), layer.digest(), layer.size() + 1)),
            Map.of());
    source.putManifest(ONE, liar.descriptor(), liar.raw());
    RuncibleException failure = failure(() -> ImageCopy.between(source, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(layer.digest().toString());
  }

  @Test
  void aBlobThatIsNamedOftenIsSentOnce() {
    Manifest manifest = Samples.put(source, ONE, "one");
    Manifest often =
        Manifest.of(
            manifest.config(), Collections.nCopies(500, manifest.layers().get(0)), Map.of());
    source.putManifest(ONE, often.descriptor(), often.raw());
    assertThat(ImageCopy.between(source, sink).copy(ONE, OTHER).copied()).isEqualTo(2);
  }

  @Test
  void indexesWithinIndexesEnd() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    for (int depth = 0; depth < 5; depth++) {
      index = ImageIndex.of(List.of(index.descriptor()), Map.of());
      source.putManifest(ONE, index.descriptor(), index.raw());
    }
    RuncibleException failure = failure(() -> ImageCopy.between(source, sink).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("deep");
  }

  @Test
  void anIndexOfNothingIsCopied() {
    ImageIndex empty = ImageIndex.of(List.of(), Map.of());
    source.putManifest(ONE, empty.descriptor(), empty.raw());
    assertThat(ImageCopy.between(source, sink).copy(ONE, OTHER).manifests()).isEqualTo(1);
    assertThat(sink.resolve(OTHER)).isEqualTo(empty.descriptor());
  }

  @Test
  void listenerHearsOfEachBlob() {
    Manifest manifest = Samples.put(source, ONE, "one");
    sink.add(MediaType.OCI_CONFIG, source.content(manifest.config().digest()));
    List<ProgressEvent> heard = Collections.synchronizedList(new ArrayList<>());
    ImageCopy.between(source, sink).parallel(1).listener(heard::add).copy(ONE, OTHER);
    Descriptor layer = manifest.layers().get(0);
    assertThat(heard)
        .containsExactly(
            new ProgressEvent.Started(layer.digest(), layer.size()),
            new ProgressEvent.Finished(layer.digest(), layer.size()),
            new ProgressEvent.Skipped(manifest.config().digest(), manifest.config().size()));
  }

  @Test
  void fromARegistryItTakesTheFewestRequests() {
    Manifest manifest = Samples.put(source, ONE, "one");
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.create();
        ImageLayout layout = ImageLayout.create(directory.resolve("layout"))) {
      ImageReference from = ImageReference.parse(registry.host() + "/team/app:1");
      ImageCopy copy = ImageCopy.between(client, layout);
      copy.copy(from, OTHER);
      assertThat(registry.requests().stream().map(request -> request.path()))
          .containsExactlyInAnyOrder(
              "/v2/team/app/manifests/1",
              "/v2/team/app/blobs/" + manifest.config().digest(),
              "/v2/team/app/blobs/" + manifest.layers().get(0).digest());
      copy.copy(from, OTHER);
      assertThat(registry.requests()).hasSize(4);
    }
  }

  @Test
  void interruptEndsItAndNamesNothing() throws Exception {
    Digest layer = Samples.put(source, ONE, "one").layers().get(0).digest();
    CountDownLatch end = new CountDownLatch(1);
    try (FaultyRegistry registry = FaultyRegistry.serve(source);
        RegistryClient client = RegistryClient.create()) {
      registry.fail("/blobs/" + layer, FaultyRegistry.ALWAYS, Fault.stallAfter(100, end));
      ImageReference from = ImageReference.parse(registry.host() + "/team/app:1");
      Thread caller = Thread.currentThread();
      ImageCopy copy =
          ImageCopy.between(client, sink)
              .listener(
                  event -> {
                    if (event.equals(
                        new ProgressEvent.Started(layer, Samples.layer("one").length))) {
                      caller.interrupt();
                    }
                  });
      RuncibleException failure = failure(() -> copy.copy(from, OTHER));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
      assertThat(failure(() -> sink.resolve(OTHER)).kind()).isEqualTo(ErrorKind.NOT_FOUND);
    } finally {
      end.countDown();
    }
  }
}
