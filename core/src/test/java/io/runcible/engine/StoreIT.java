package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.archive.FileChange;
import io.runcible.engine.StoreReport.Kind;
import io.runcible.engine.StoreReport.Problem;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an engine does with its store, each test with one of its own. */
@SuppressWarnings("try") // What is open is what is tested.
class StoreIT {
  private static final String BUSYBOX = "registry.example/test:busybox";
  private static final String SLIM = "registry.example/test:slim";

  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private ImageLayout registry;
  private ContainerEngine engine;
  private Images images;

  @BeforeAll
  static void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void open() {
    registry = ImageLayout.open(TestImages.layout());
    leaks.begin();
    use(root.engine().registry(registry).build());
  }

  @AfterEach
  void close() {
    engine.close();
    leaks.verify();
    root.close();
  }

  private void use(ContainerEngine other) {
    engine = other;
    images = other.images();
  }

  /** An engine whose registry knows nothing: what it runs comes from the store. */
  private void reopenWithoutRegistry() throws IOException {
    engine.close();
    use(root.engine().registry(empty()).build());
  }

  private ImageLayout empty() throws IOException {
    return ImageLayout.create(Files.createTempDirectory(files, "layout"));
  }

  private static String run(ContainerEngine engine, String image) {
    try (Container container =
        engine.run(ContainerSpec.builder(image).command("echo", "fine").build())) {
      return TestEngine.ended(container).output();
    }
  }

  private static void copy(ImageSource from, String name, ImageSink to) {
    ImageReference reference = ImageReference.parse(name);
    Image image = Image.resolve(from, reference, Platform.host());
    for (Descriptor blob :
        Stream.concat(Stream.of(image.manifest().config()), image.manifest().layers().stream())
            .toList()) {
      try (InputStream content = from.blob(reference, blob)) {
        to.putBlob(reference, blob, content);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    to.putManifest(reference, image.descriptor(), image.manifest().raw());
  }

  @Test
  void copiedImageRunsWithoutARegistry() throws IOException {
    reopenWithoutRegistry();
    try (ImageSink sink = images.sink()) {
      copy(registry, BUSYBOX, sink);
      copy(registry, SLIM, sink);
    }
    assertThat(images.check(false).problems()).isEmpty();
    assertThat(run(engine, BUSYBOX)).isEqualTo("fine");
    assertThat(images.prune().layers()).isZero();
    assertThat(run(engine, BUSYBOX)).isEqualTo("fine");
    assertThat(images.check(false).problems()).isEmpty();
  }

  @Test
  void savedImageIsLoadedElsewhere() throws IOException {
    images.pull(SLIM);
    ImageLayout saved = empty();
    images.save(SLIM, saved);
    RunIT.assertFails(() -> images.save(BUSYBOX, saved), ErrorKind.NOT_FOUND, BUSYBOX);
    try (TestRoot other = TestRoot.create();
        ContainerEngine loading = other.engine().registry(empty()).build()) {
      Image loaded = loading.images().load(saved, SLIM, ProgressListener.NONE);
      assertThat(loaded.descriptor().digest())
          .isEqualTo(images.find(SLIM).orElseThrow().descriptor().digest());
      assertThat(run(loading, SLIM)).isEqualTo("fine");
      assertThat(loading.images().check(false).problems()).isEmpty();
    }
  }

  @Test
  void loadedImageCanHaveAnotherName() throws IOException {
    ImageReference from = ImageReference.parse(BUSYBOX);
    ImageReference name = ImageReference.parse("renamed.example/box:mine");
    Image loaded = images.load(registry, from, name, ProgressListener.NONE);
    assertThat(loaded.reference().toString()).startsWith(name + "@");
    assertThat(images.list()).containsExactly(name);
    assertThat(run(engine, name.toString())).isEqualTo("fine");
    ImageReference pinned = name.withDigest(loaded.descriptor().digest());
    RunIT.assertFails(
        () -> images.load(registry, from, pinned, ProgressListener.NONE),
        ErrorKind.INVALID_INPUT,
        "digest");
  }

  @Test
  void policyCountsForBothNames() throws IOException {
    ImageReference from = ImageReference.parse(BUSYBOX);
    ImageReference name = ImageReference.parse("renamed.example/box:mine");
    for (ImageReference rejected : List.of(from, name)) {
      String policy =
          "{'default': [{'type': 'insecureAcceptAnything'}],"
              + " 'transports': {'docker': {'"
              + rejected.name()
              + "': [{'type': 'reject'}]}}}";
      Path file = policy(policy);
      try (TestRoot other = TestRoot.create();
          ContainerEngine loading = other.engine().policy(new HostPolicy(List.of(file))).build()) {
        RunIT.assertFails(
            () -> loading.images().load(registry, from, name, ProgressListener.NONE),
            ErrorKind.PERMISSION_DENIED,
            rejected.name());
        assertThat(loading.images().list()).isEmpty();
      }
    }
  }

  @Test
  void tagIsANameOfItsOwn() {
    images.pull(BUSYBOX);
    images.tag(BUSYBOX, "box:mine");
    images.remove(BUSYBOX);
    assertThat(images.prune().blobs()).isZero();
    assertThat(run(engine, "box:mine")).isEqualTo("fine");
    images.remove("box:mine");
    assertThat(images.prune().blobs()).isPositive();
    RunIT.assertFails(() -> images.tag("box:mine", "box:2"), ErrorKind.NOT_FOUND, "box:mine");
  }

  @Test
  void rulesChooseTheNamesThatAreForgotten() {
    images.pull(BUSYBOX);
    images.tag(BUSYBOX, "box:pinned");
    images.tag(BUSYBOX, "box:plain");
    images.pull(SLIM);
    images.pin("box:pinned", true);
    assertThat(images.prune().names()).isEmpty();
    assertThat(images.prune(PruneRules.unused().olderThan(Duration.ofDays(1))).names()).isEmpty();
    assertThat(images.prune(PruneRules.unused().label("no.such.label")).names()).isEmpty();
    try (Container user = engine.create(ContainerSpec.builder(SLIM).command("true").build())) {
      Pruned pruned = images.prune(PruneRules.unused());
      assertThat(user.isStarted()).isFalse();
      assertThat(pruned.names().stream().map(ImageReference::toString))
          .containsExactlyInAnyOrder(BUSYBOX, ImageReference.parse("box:plain").toString());
      assertThat(pruned.blobs()).isZero();
    }
    PruneRules old = PruneRules.unused().olderThan(Duration.ofMillis(1));
    assertThat(images.prune(old).blobBytes()).isPositive();
    images.pin("box:pinned", false);
    images.prune(PruneRules.unused());
    assertThat(images.list()).isEmpty();
    assertThat(images.usage()).isEqualTo(new StoreUsage(List.of(), 0, 0, 0, 0));
  }

  @Test
  void copiesArePulledByTheSameRules() throws IOException {
    Path file = policy("{'default': [{'type': 'signedBy'}]}");
    try (TestRoot other = TestRoot.create();
        ContainerEngine strict =
            other.engine().registry(registry).policy(new HostPolicy(List.of(file))).build();
        ImageSink sink = strict.images().sink()) {
      RunIT.assertFails(
          () -> strict.images().pull(BUSYBOX), ErrorKind.UNSUPPORTED, "'signedBy'", BUSYBOX);
      RunIT.assertFails(() -> run(strict, BUSYBOX), ErrorKind.UNSUPPORTED, "'signedBy'", BUSYBOX);
      RunIT.assertFails(
          () -> copy(registry, BUSYBOX, sink), ErrorKind.UNSUPPORTED, "'signedBy'", BUSYBOX);
      assertThat(strict.images().usage()).isEqualTo(new StoreUsage(List.of(), 0, 0, 0, 0));
    }
  }

  @Test
  void verifierDecidesInsteadOfThePolicy() throws IOException {
    Path file = policy("{'default': [{'type': 'reject'}]}");
    List<String> asked = new ArrayList<>();
    ImageVerifier verifier =
        (reference, manifest, source) -> {
          asked.add(reference.toString());
          assertThat(source.manifest(reference, manifest)).hasSize((int) manifest.size());
          if (!reference.equals(ImageReference.parse(BUSYBOX))) {
            throw new RuncibleException(ErrorKind.PERMISSION_DENIED, "nobody signed " + reference);
          }
        };
    try (TestRoot other = TestRoot.create();
        ContainerEngine strict =
            other
                .engine()
                .registry(registry)
                .policy(new HostPolicy(List.of(file)))
                .verifier(verifier)
                .build();
        ImageSink sink = strict.images().sink()) {
      RunIT.assertFails(
          () -> strict.images().pull(SLIM), ErrorKind.PERMISSION_DENIED, "nobody signed " + SLIM);
      assertThat(strict.images().usage()).isEqualTo(new StoreUsage(List.of(), 0, 0, 0, 0));
      RunIT.assertFails(
          () -> copy(registry, SLIM, sink), ErrorKind.PERMISSION_DENIED, "nobody signed " + SLIM);
      assertThat(strict.images().list()).isEmpty();
      copy(registry, BUSYBOX, sink);
      assertThat(run(strict, BUSYBOX)).isEqualTo("fine");
      strict.images().pull(BUSYBOX);
      assertThat(asked).containsExactly(SLIM, SLIM, BUSYBOX, BUSYBOX);
    }
  }

  private Path policy(String singleQuoted) throws IOException {
    return Files.writeString(files.resolve("policy.json"), singleQuoted.replace('\'', '"'));
  }

  @Test
  void cleanUpGoesOnBesideAPullAndSparesWhatItUses() throws Exception {
    images.pull(BUSYBOX);
    images.remove(BUSYBOX);
    CountDownLatch stalled = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (ContainerEngine slow = root.engine().registry(new Stalling(stalled, goOn)).build()) {
      Future<Image> pull = thread.submit(() -> slow.images().pull(SLIM));
      stalled.await();
      // The pull has the first layer of slim in common with nobody; busybox is not used.
      Pruned pruned = images.prune();
      assertThat(pruned.blobs()).isPositive();
      assertThat(pruned.layers()).isPositive();
      assertThat(images.prune().blobs()).isZero();
      goOn.countDown();
      pull.get();
      images.prune();
      assertThat(run(engine, SLIM)).isEqualTo("fine");
    } finally {
      goOn.countDown();
      thread.shutdownNow();
    }
    assertThat(images.check(false).problems()).isEmpty();
  }

  @Test
  void pullSparesLayersThatWereUnusedBefore() throws Exception {
    images.pull(SLIM);
    images.remove(SLIM);
    Path blob = blob(images(SLIM).manifest().layers().get(0).digest());
    Files.delete(blob);
    CountDownLatch stalled = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (ContainerEngine slow = root.engine().registry(new Stalling(stalled, goOn)).build()) {
      Future<Image> pull = thread.submit(() -> slow.images().pull(SLIM));
      stalled.await();
      assertThat(images.prune().layers()).isZero();
      goOn.countDown();
      pull.get();
    } finally {
      goOn.countDown();
      thread.shutdownNow();
    }
    assertThat(images.check(false).problems()).isEmpty();
  }

  private Image images(String name) {
    return Image.resolve(registry, ImageReference.parse(name), Platform.host());
  }

  private Path blob(Digest digest) {
    return root.data().resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
  }

  /** The layout, of which layers stop half way. */
  private final class Stalling implements ImageSource {
    private final CountDownLatch stalled;
    private final CountDownLatch goOn;

    Stalling(CountDownLatch stalled, CountDownLatch goOn) {
      this.stalled = stalled;
      this.goOn = goOn;
    }

    @Override
    public Descriptor resolve(ImageReference reference) {
      return registry.resolve(reference);
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      return registry.manifest(reference, descriptor);
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      InputStream content = registry.blob(reference, descriptor);
      boolean layer = images(SLIM).manifest().layers().contains(descriptor);
      return layer ? new StallingStream(content) : content;
    }

    @Override
    public void close() {}

    private final class StallingStream extends FilterInputStream {
      StallingStream(InputStream content) {
        super(content);
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        stalled.countDown();
        try {
          goOn.await();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
        return super.read(buffer, offset, length);
      }
    }
  }

  private List<Kind> kinds(StoreReport report) {
    return report.problems().stream().map(Problem::kind).distinct().toList();
  }

  private Path snapshotFile(String end) throws IOException {
    try (Stream<Path> paths = Files.walk(root.data().resolve("snapshots"))) {
      return paths
          .filter(path -> path.toString().endsWith(end))
          .filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void damagedBlobIsFoundAndHealsWithThePull() throws IOException {
    images.pull(SLIM);
    Image image = images.find(SLIM).orElseThrow();
    Path layer = blob(image.manifest().layers().get(0).digest());
    byte[] content = Files.readAllBytes(layer);
    content[content.length / 2] ^= 1;
    Files.write(layer, content);
    assertThat(kinds(images.check(false))).containsExactly(Kind.DAMAGED_BLOB);
    assertThat(kinds(images.repair(false))).containsExactly(Kind.MISSING_BLOB);
    assertThat(run(engine, SLIM)).isEqualTo("fine");
    images.pull(SLIM);
    assertThat(images.check(false).problems()).isEmpty();
  }

  @Test
  void lostManifestIsAsIfThereWereNone() throws IOException {
    images.pull(BUSYBOX);
    Files.delete(blob(images.find(BUSYBOX).orElseThrow().descriptor().digest()));
    assertThat(images.find(BUSYBOX)).isEmpty();
    assertThat(kinds(images.check(false))).containsExactly(Kind.MISSING_BLOB);
    assertThat(run(engine, BUSYBOX)).isEqualTo("fine");
    assertThat(images.check(true).problems()).isEmpty();
  }

  @Test
  void missingLayerIsUnpackedAgain() throws IOException, InterruptedException {
    images.pull(BUSYBOX);
    reopenWithoutRegistry();
    Tool.require("rm", "coreutils").run("-r", root.data().resolve("snapshots"));
    Files.createDirectory(root.data().resolve("snapshots"));
    assertThat(kinds(images.check(false))).containsExactly(Kind.MISSING_LAYER);
    assertThat(images.repair(true).problems()).isEmpty();
    assertThat(run(engine, BUSYBOX)).isEqualTo("fine");
  }

  @Test
  void damagedLayerIsUnpackedAgain() throws IOException {
    images.pull(SLIM);
    reopenWithoutRegistry();
    byte[] good = Files.readAllBytes(snapshotFile("/etc/debian_version"));
    Files.write(snapshotFile("/etc/debian_version"), new byte[good.length]);
    assertThat(images.check(false).problems()).isEmpty();
    StoreReport report = images.check(true);
    assertThat(kinds(report)).containsExactly(Kind.DAMAGED_LAYER);
    assertThat(report.problems().get(0).detail()).contains("etc/debian_version");
    assertThat(images.repair(true).problems()).isEmpty();
    assertThat(Files.readAllBytes(snapshotFile("/etc/debian_version"))).isEqualTo(good);
    assertThat(run(engine, SLIM)).isEqualTo("fine");
  }

  @Test
  void damagedLayerThatAContainerUsesStays() throws IOException {
    images.pull(SLIM);
    try (Container user = engine.run(ContainerSpec.builder(SLIM).command("sleep", "600").build())) {
      Files.writeString(snapshotFile("/etc/debian_version"), "damaged");
      assertThat(kinds(images.repair(true))).containsExactly(Kind.DAMAGED_LAYER);
      assertThat(user.exec("true").waitFor()).isEqualTo(ExitStatus.ofExit(0));
      assertThat(snapshotFile("/etc/debian_version")).hasContent("damaged");
    }
    assertThat(images.repair(true).problems()).isEmpty();
  }

  @Test
  void damagedRecordIsFoundAndForgotten() throws IOException {
    images.pull(BUSYBOX);
    Path record;
    try (Stream<Path> paths = Files.walk(root.data().resolve("images"))) {
      record = paths.filter(path -> path.toString().endsWith(".json")).findFirst().orElseThrow();
    }
    Files.write(record, "{\"reference\":".getBytes(UTF_8));
    assertThat(kinds(images.check(false))).containsExactly(Kind.DAMAGED_RECORD);
    RunIT.assertFails(images::prune, ErrorKind.CORRUPT_DATA, record.toString());
    assertThat(images.repair(false).problems()).isEmpty();
    assertThat(images.list()).isEmpty();
    assertThat(run(engine, BUSYBOX)).isEqualTo("fine");
  }

  @Test
  void usageTellsSharedFromUnique() {
    images.pull(BUSYBOX);
    StoreUsage alone = images.usage();
    images.tag(BUSYBOX, "box:1");
    images.pull(SLIM);
    StoreUsage usage = images.usage();
    assertThat(usage.images()).hasSize(3);
    StoreUsage.ImageUsage box = usage.images().get(0);
    assertThat(box.sharedBytes()).isZero();
    assertThat(box.uniqueBytes()).isEqualTo(alone.blobBytes() + alone.layerBytes());
    assertThat(usage.unusedBytes()).isZero();
    assertThat(usage.ingestBytes()).isZero();
    images.remove(SLIM);
    assertThat(images.usage().unusedBytes())
        .isEqualTo(usage.blobBytes() + usage.layerBytes() - box.uniqueBytes());
  }

  @Test
  void imageOfAnAdditionalStoreRunsAndNothingIsWrittenThere() throws Exception {
    images.pull(BUSYBOX);
    engine.close();
    try (TestRoot other = TestRoot.create()) {
      Path mounted = Files.createDirectory(files.resolve("mounted"));
      Tool.require("mount", "mount").run("--bind", root.data(), mounted);
      Tool.require("mount", "mount").run("-o", "remount,bind,ro", mounted);
      try (ContainerEngine using =
          other.engine().registry(empty()).additionalStore(mounted).build()) {
        assertThat(run(using, BUSYBOX)).isEqualTo("fine");
        assertThat(using.images().list()).hasSize(1);
        using.images().tag(BUSYBOX, "box:mine");
        using.images().prune();
        assertThat(run(using, "box:mine")).isEqualTo("fine");
        assertThat(using.images().check(true).problems()).isEmpty();
        assertThat(using.images().usage().blobBytes()).isZero();
      } finally {
        Tool.require("umount", "mount").run(mounted);
      }
    }
    use(root.engine().registry(registry).build());
    assertThat(images.check(true).problems()).isEmpty();
  }

  /** The data root lies on an overlay, on which no other can lie. */
  @Test
  void whereNoOverlayCanLieFilesAreCopied() throws Exception {
    for (String name : List.of("lower", "upper", "work", "mounted")) {
      Files.createDirectory(root.path().resolve(name));
    }
    Path mounted = root.path().resolve("mounted");
    Tool.require("mount", "mount")
        .run(
            "-t",
            "overlay",
            "overlay",
            "-o",
            String.format("lowerdir=%1$s/lower,upperdir=%1$s/upper,workdir=%1$s/work", root.path()),
            mounted);
    try (ContainerEngine copying =
        root.engine().dataRoot(mounted.resolve("data")).registry(registry).build()) {
      assertThat(run(copying, BUSYBOX)).isEqualTo("fine");
      assertThat(run(copying, SLIM)).isEqualTo("fine");
      ContainerSpec spec =
          ContainerSpec.builder(BUSYBOX)
              .mount(Mount.image("registry.example/test:odd", "/odd"))
              .command("sh", "-c", "cd /odd; echo *; echo quiet/* opaque/*")
              .build();
      try (Container container = copying.run(spec)) {
        assertThat(TestEngine.ended(container).output())
            .contains("removed-dir")
            .contains("quiet/added opaque/replaced opaque/upper-file opaque/upper-sub");
      }
      assertThat(copying.images().check(true).problems()).isEmpty();
      commitOfACopy(copying);
      assertThat(mounted.resolve("data/containers")).isEmptyDirectory();
    } finally {
      Tool.require("umount", "mount").run(mounted);
    }
  }

  private void commitOfACopy(ContainerEngine copying) throws IOException {
    ContainerSpec spec =
        ContainerSpec.builder(SLIM)
            .command("sh", "-c", "cd /; rm -r etc/group usr/share/doc; echo x >new; chown 7 new")
            .mount(Mount.volume("/v"))
            .build();
    try (Container container = copying.run(spec)) {
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofExit(0));
      assertThat(container.files().diff())
          .extracting(FileChange::toString)
          .containsExactly(
              "C /etc", "D /etc/group", "A /new", "C /usr", "C /usr/share", "D /usr/share/doc");
      Image image = container.commit("registry.example/committed:1", config -> {});
      assertThat(image.config().diffIds()).hasSize(2);
      assertThat(container.directory().mounts()).isDirectoryNotContaining("glob:**image-*");
    }
    ContainerSpec committed =
        ContainerSpec.builder("registry.example/committed:1")
            .command("sh", "-c", "stat -c %u:%g /new; cat /new; ls /usr/share; ls /etc")
            .build();
    try (Container container = copying.run(committed)) {
      assertThat(TestEngine.ended(container).output())
          .startsWith("7:0\nx\n")
          .doesNotContain("\ndoc\n", "\ngroup\n")
          .contains("\npasswd\n");
    }
    try (Container container = copying.run(ContainerSpec.builder(SLIM).command("true").build())) {
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofExit(0));
      assertThat(container.files().diff()).isEmpty();
      assertThat(container.commit("registry.example/same:1", config -> {}).config().diffIds())
          .hasSize(1);
    }
  }

  @Test
  void sizeOfTheWritableLayerIsLimitedOrThatIsRefused() {
    ContainerSpec spec =
        ContainerSpec.builder(BUSYBOX)
            .command("dd", "if=/dev/zero", "of=/big", "bs=1M", "count=64")
            .writableLimit("16m")
            .build();
    try (Container container = engine.run(spec)) {
      assertThat(TestEngine.ended(container).status().isSuccess()).isFalse();
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
      assertThat(e).hasMessageContaining("prjquota");
    }
  }
}
