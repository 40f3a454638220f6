package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.FaultyRegistry;
import io.runcible.transfer.SyncedImage.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSyncTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app");

  @TempDir Path directory;
  private final RecordingImages source = new RecordingImages();
  private final RecordingImages sink = new RecordingImages();

  private void put(String... tags) {
    for (String tag : tags) {
      Samples.put(source, APP.withTag(tag), tag);
    }
  }

  private static RuncibleException failure(Runnable sync) {
    return catchThrowableOfType(RuncibleException.class, sync::run);
  }

  private static List<String> targets(SyncReport report) {
    return report.images().stream().map(image -> image.to().orElseThrow().toString()).toList();
  }

  @Test
  void tagsAreChosenAndKeepTheirNames() {
    put("1.0", "1.1", "2.0", "latest");
    SyncReport report = ImageSync.to(sink).sync(source, APP, TagFilter.versions("^1"));
    assertThat(targets(report)).containsExactly(APP.name() + ":1.0", APP.name() + ":1.1");
    assertThat(report.count(Outcome.COPIED)).isEqualTo(2);
    assertThat(report.bytes()).isPositive();
    assertThat(sink.memory.tags(APP)).containsExactly("1.0", "1.1");
    SyncReport again = ImageSync.to(sink).sync(source, APP, TagFilter.matching("^1"));
    assertThat(again.count(Outcome.UNCHANGED)).isEqualTo(2);
    assertThat(again.bytes()).isZero();
  }

  @Test
  void namesGoUnderAPrefix() {
    put("1");
    ImageSync sync = ImageSync.to(sink).under("mirror.example:5000/copies");
    assertThat(targets(sync.sync(source, APP, TagFilter.all())))
        .containsExactly("mirror.example:5000/copies/app:1");
    assertThat(targets(sync.scoped().sync(source, APP, TagFilter.all())))
        .containsExactly("mirror.example:5000/copies/registry.example/team/app:1");
    ImageReference port = ImageReference.parse("registry.example:80/app:1");
    Samples.put(source, port, "1");
    assertThat(targets(sync.sync(source, port, TagFilter.all())))
        .containsExactly("mirror.example:5000/copies/registry.example_80/app:1");
    assertThat(
            failure(() -> ImageSync.to(sink).under("not a name").sync(source, APP, TagFilter.all()))
                .kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void tagsThatAreGivenAreNotListed() {
    put("1", "2");
    source.calls.clear();
    Digest two = source.memory.resolve(APP.withTag("2")).digest();
    ImageSync.to(sink).sync(source, APP, TagFilter.of(List.of("1", two.toString())));
    assertThat(source.count("tags")).isZero();
    assertThat(sink.memory.tags(APP)).containsExactly("1");
    assertThat(sink.memory.resolve(Samples.byDigest(APP, two)).digest()).isEqualTo(two);
  }

  @Test
  void aDryRunWritesNothing() {
    put("1", "2");
    ImageSync.to(sink).sync(source, APP, TagFilter.of(List.of("1")));
    sink.calls.clear();
    SyncReport report = ImageSync.to(sink).dryRun().sync(source, APP, TagFilter.all());
    assertThat(report.images().stream().map(SyncedImage::outcome))
        .containsExactly(Outcome.UNCHANGED, Outcome.PENDING);
    assertThat(sink.count("putBlob") + sink.count("putManifest")).isZero();
  }

  @Test
  void itEndsAtTheFirstFailureUnlessItKeepsGoing() {
    put("1", "2", "3");
    source.memory.replace(Samples.manifest("2").digest(), new byte[1]);
    RuncibleException failure =
        failure(() -> ImageSync.to(sink).sync(source, APP, TagFilter.all()));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    SyncReport report = ImageSync.to(sink).keepGoing().sync(source, APP, TagFilter.all());
    assertThat(report.images().get(1).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(report.failures()).hasSize(1);
    assertThat(report.failures().get(0).from()).isEqualTo(APP.withTag("2").toString());
    assertThat(report.failures().get(0).failure().orElseThrow().kind())
        .isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(sink.memory.tags(APP)).containsExactly("1", "3");
  }

  @Test
  void aListIsSyncedAndARepositoryThatIsNotThereIsReported() {
    put("1.0", "2.0");
    Samples.put(source, ImageReference.parse("other.example/tool:x"), "x");
    SyncList list =
        SyncList.parse(
            """
            registry.example:
              images: {team/app: [1.0]}
              images-by-semver: {team/app: ">=1", team/none: "*"}
            other.example:
              images-by-tag-regex: {tool: "."}
            """,
            "list");
    SyncReport report = ImageSync.to(sink).under("mirror.example").keepGoing().sync(source, list);
    assertThat(report.images().stream().map(SyncedImage::from))
        .containsExactly(
            "registry.example/team/none",
            "registry.example/team/app:1.0",
            "registry.example/team/app:2.0",
            "other.example/tool:x");
    assertThat(report.failures()).hasSize(1);
    assertThat(report.count(Outcome.COPIED)).isEqualTo(3);
  }

  @Test
  void twoImagesOfOneNameAreRefusedBeforeAnythingIsDone() {
    put("1");
    Samples.put(source, ImageReference.parse("registry.example/other/app:1"), "x");
    SyncList list =
        SyncList.parse("registry.example: {images: {team/app: ['1'], other/app: ['1']}}", "list");
    ImageSync sync = ImageSync.to(sink).under("mirror.example").keepGoing();
    RuncibleException failure = failure(() -> sync.sync(source, list));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure)
        .hasMessageContainingAll("team/app:1", "other/app:1", "mirror.example/app:1");
    assertThat(sink.calls).isEmpty();
    assertThat(sync.scoped().sync(source, list).count(Outcome.COPIED)).isEqualTo(2);
  }

  @Test
  void layersThatImagesShareAreSentOnceAndMountedElsewhere() {
    Manifest base = Samples.put(source, APP.withTag("base"), "base");
    for (int i = 0; i < 30; i++) {
      ImageReference name =
          i % 2 == 0 ? APP.withTag("v" + i) : ImageReference.parse("registry.example/b:" + i);
      Descriptor own = Descriptor.of(MediaType.OCI_LAYER_GZIP, Samples.layer("own " + i));
      source.memory.add(own.mediaType(), Samples.layer("own " + i));
      Manifest manifest = Manifest.of(base.config(), List.of(base.layers().get(0), own), Map.of());
      source.memory.putManifest(name, manifest.descriptor(), manifest.raw());
    }
    SyncList list = SyncList.parse("registry.example: {images: {team/app: [], b: []}}", "list");
    SyncReport report = ImageSync.to(sink).parallel(8).sync(source, list);
    assertThat(report.count(Outcome.COPIED)).isEqualTo(31);
    String layer = "putBlob " + base.layers().get(0).digest();
    long sent = sink.calls.stream().filter(layer::equals).count();
    // Once for each repository at most, when both begin at the same moment.
    assertThat(sent).isBetween(1L, 2L);
    assertThat(sink.calls.stream().filter(("hasBlob " + base.config().digest())::equals).count())
        .isEqualTo(2);
  }

  @Test
  void settingsAreThoseOfTheCopies() {
    Samples.putIndex(source, APP.withTag("1"), "one");
    ImageSync.to(sink)
        .copying(copy -> copy.platform(Platform.parse("linux/arm64")))
        .sync(source, APP, TagFilter.all());
    assertThat(sink.memory.resolve(APP.withTag("1")).digest())
        .isEqualTo(Samples.manifest("one-other").digest());
  }

  @Test
  void twoHundredUnchangedTagsTakeOneRequestEach() {
    MemoryImageSource images = new MemoryImageSource();
    ImageReference app = ImageReference.parse("docker.io/team/app:1");
    IntStream.range(0, 200)
        .forEach(i -> Samples.put(images, app.withTag("v" + i), "image " + i % 20));
    try (FaultyRegistry registry = FaultyRegistry.serve(images);
        FaultyRegistry mirror = FaultyRegistry.serve(images);
        RegistryClient client = RegistryClient.create();
        ImageLayout layout = ImageLayout.create(directory.resolve("layout"))) {
      ImageReference from = ImageReference.parse(registry.host() + "/team/app");

      SyncReport report =
          ImageSync.to(client).under(mirror.host() + "/team").sync(client, from, TagFilter.all());
      assertThat(report.count(Outcome.UNCHANGED)).isEqualTo(200);
      assertThat(registry.count("GET", "/tags/list")).isEqualTo(1);
      assertThat(registry.count("HEAD", "/manifests/v")).isEqualTo(200);
      assertThat(registry.requests()).hasSize(201);
      assertThat(mirror.count("HEAD", "/manifests/v")).isEqualTo(200);
      assertThat(mirror.requests()).hasSize(200);

      ImageSync.to(layout).sync(client, from, TagFilter.all());
      int before = registry.requests().size();
      SyncReport local = ImageSync.to(layout).sync(client, from, TagFilter.all());
      assertThat(local.count(Outcome.UNCHANGED)).isEqualTo(200);
      assertThat(registry.requests()).hasSize(before + 201);
    }
  }

  @Test
  void aDirectoryOfLayoutsIsASource() throws Exception {
    Path root = Files.createDirectories(directory.resolve("usb"));
    try (ImageLayout one = ImageLayout.create(Files.createDirectories(root.resolve("a/app")));
        ImageLayout two = ImageLayout.create(root.resolve("two"))) {
      Samples.put(one, APP.withTag("1"), "one");
      Samples.put(two, ImageReference.parse("registry.example/b/tool:2"), "two");
      Samples.put(two, Samples.byDigest(APP, Samples.manifest("unnamed").digest()), "unnamed");
    }
    Path index = root.resolve("a/app/index.json");
    Files.writeString(
        index, Files.readString(index).replace("registry.example/team/app:1", "stable"));
    Files.createSymbolicLink(root.resolve("link"), root.resolve("two"));
    SyncReport report = ImageSync.to(sink).under("mirror.example").sync(root);
    assertThat(targets(report))
        .containsExactly("mirror.example/app:stable", "mirror.example/tool:2");
    Path empty = Files.createDirectories(directory.resolve("empty"));
    assertThat(failure(() -> ImageSync.to(sink).sync(empty)).kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure(() -> ImageSync.to(sink).sync(directory.resolve("none"))).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }

  @Test
  void interruptEndsItAlsoWhenItKeepsGoing() {
    put("1", "2", "3", "4", "5", "6", "7", "8");
    CountDownLatch never = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    ImageSync sync =
        ImageSync.to(sink)
            .keepGoing()
            .copying(
                copy ->
                    copy.listener(
                        event -> {
                          if (event instanceof ProgressEvent.Started) {
                            caller.interrupt();
                            try {
                              never.await();
                            } catch (InterruptedException e) {
                              Thread.currentThread().interrupt();
                            }
                          }
                        }));
    RuncibleException failure = failure(() -> sync.sync(source, APP, TagFilter.all()));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(sink.count("putManifest")).isZero();
  }
}
