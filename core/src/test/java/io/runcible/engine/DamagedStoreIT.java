package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ProgressListener;
import io.runcible.Tool;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerWriter;
import io.runcible.engine.StoreReport.Kind;
import io.runcible.image.ChainId;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import io.runcible.transfer.ImageCopy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Blobs that a disk has changed, of images whose layers have to be unpacked again. */
class DamagedStoreIT {
  private static final int DAMAGED = 2;

  /** More than is read ahead. */
  private static final int LONG = 32 << 20;

  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private ImageLayout layout;
  private FaultyRegistry registry;
  private ContainerEngine engine;

  /** What happens to the bytes of a blob. */
  private enum Damage {
    FIRST,
    MIDDLE,
    LAST,
    CUT,
    LONGER,
    EMPTY;

    byte[] of(byte[] content) {
      return switch (this) {
        case FIRST -> flipped(content, 0);
        case MIDDLE -> flipped(content, content.length / 2);
        case LAST -> flipped(content, content.length - 1);
        case CUT -> Arrays.copyOf(content, content.length / 2);
        case LONGER -> Arrays.copyOf(content, content.length + 1);
        case EMPTY -> new byte[0];
      };
    }

    private static byte[] flipped(byte[] content, int at) {
      content[at] ^= 1;
      return content;
    }
  }

  @BeforeAll
  static void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void open() {
    layout = ImageLayout.open(TestImages.layout());
    registry = FaultyRegistry.serve(layout);
    leaks.begin();
    engine = root.engine().build();
    engine.images().pull(busybox());
  }

  @AfterEach
  void close() {
    engine.close();
    registry.close();
    leaks.verify();
    root.close();
  }

  private String busybox() {
    return registry.host() + "/test:busybox";
  }

  private Image image() {
    return Image.resolve(layout, ImageReference.parse("test:busybox"), Platform.host());
  }

  /** Manifest, configuration and layers. */
  private List<Digest> blobs() {
    Image image = image();
    return Stream.concat(
            Stream.of(image.descriptor().digest(), image.manifest().config().digest()),
            image.manifest().layers().stream().map(layer -> layer.digest()))
        .toList();
  }

  private Digest layer() {
    return image().manifest().layers().get(0).digest();
  }

  private Path file(Digest digest) {
    return root.data().resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
  }

  private void damage(Digest digest, Damage how) {
    try {
      Files.write(file(digest), how.of(Files.readAllBytes(file(digest))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As if the layers had never been unpacked. */
  private void loseLayers() {
    try {
      Tool.require("find", "findutils")
          .run(root.data().resolve("snapshots"), "-mindepth", "1", "-delete");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private String run() {
    ContainerSpec spec = ContainerSpec.builder(busybox()).command("echo", "fine").build();
    try (Container container = engine.run(spec)) {
      return TestEngine.ended(container).output();
    }
  }

  private void assertWhole() throws IOException {
    assertThat(engine.images().check(true).problems()).isEmpty();
    assertThat(root.data().resolve("ingest")).isEmptyDirectory();
    assertThat(root.data().resolve("leases")).isEmptyDirectory();
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void pullFetchesWhatIsDamaged(Damage how) throws IOException {
    for (Digest blob : blobs()) {
      damage(blob, how);
      loseLayers();
      engine.images().pull(busybox());
      assertWhole();
    }
    blobs().forEach(blob -> damage(blob, how));
    loseLayers();
    engine.images().pull(busybox());
    assertWhole();
    assertThat(run()).isEqualTo("fine");
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void runFetchesWhatIsDamaged(Damage how) throws IOException {
    for (Digest blob : blobs()) {
      damage(blob, how);
      loseLayers();
      assertThat(run()).isEqualTo("fine");
      assertWhole();
    }
  }

  /** Its layers are not unpacked again, and nothing that it shows changes. */
  @Test
  void containersGoOnMeanwhile() throws IOException {
    ContainerSpec spec = ContainerSpec.builder(busybox()).command("sleep", "600").build();
    try (Container user = engine.run(spec)) {
      blobs().forEach(blob -> damage(blob, Damage.CUT));
      engine.images().pull(busybox());
      assertWhole();
      assertThat(user.exec("true").waitFor()).isEqualTo(ExitStatus.ofExit(0));
    }
  }

  @Test
  void failureSaysWhatIsDamagedAndWhatToDo() throws IOException {
    Digest layer = layer();
    damage(layer, Damage.MIDDLE);
    byte[] damaged = Files.readAllBytes(file(layer));
    loseLayers();
    registry.fail("/blobs/" + layer, FaultyRegistry.ALWAYS, Fault.status(404));
    String[] words = {layer.toString(), root.data().toString(), "damaged", "Images.repair"};
    RunIT.assertFails(() -> engine.images().pull(busybox()), ErrorKind.NOT_FOUND, words);
    RunIT.assertFails(this::run, ErrorKind.NOT_FOUND, words);
    // What there is may be all that there will ever be.
    assertThat(file(layer)).hasBinaryContent(damaged);
    assertThat(engine.images().repair(false).problems())
        .extracting(StoreReport.Problem::kind)
        .containsOnly(Kind.MISSING_BLOB, Kind.MISSING_LAYER);
  }

  @Test
  void failureSaysThatNeitherIsSound() {
    damage(layer(), Damage.MIDDLE);
    loseLayers();
    registry.fail("/blobs/" + layer(), FaultyRegistry.ALWAYS, Fault.flip(100));
    String[] words = {layer().toString(), root.data().toString(), "fetched anew", "push it anew"};
    RunIT.assertFails(() -> engine.images().pull(busybox()), ErrorKind.CORRUPT_DATA, words);
  }

  @Test
  void runSaysThatTheStoreIsDamagedWhereNoRegistryHasTheImage() {
    Digest manifest = image().descriptor().digest();
    damage(manifest, Damage.LAST);
    registry.fail("/manifests/", FaultyRegistry.ALWAYS, Fault.status(404));
    RunIT.assertFails(
        this::run,
        ErrorKind.NOT_FOUND,
        busybox(),
        "is not whole in the store",
        file(manifest).toString(),
        "Images.repair");
    RunIT.assertFails(
        () -> engine.images().find(busybox()),
        ErrorKind.CORRUPT_DATA,
        file(manifest).toString(),
        "Images.repair");
  }

  /** As far as a look tells: what is large is not read for it. */
  @ParameterizedTest
  @EnumSource(Damage.class)
  void copyReplacesWhatIsDamaged(Damage how) {
    ImageReference name = ImageReference.parse("test:busybox");
    for (Digest blob : blobs()) {
      damage(blob, blob.equals(layer()) ? Damage.CUT : how);
      try (ImageSink sink = engine.images().sink()) {
        ImageCopy.between(layout, sink).copy(name, name);
      }
      assertThat(engine.images().check(false).problems()).isEmpty();
    }
  }

  @Test
  void whatAnAdditionalStoreHasDamagedIsFetched() throws IOException {
    blobs().forEach(blob -> damage(blob, Damage.LAST));
    byte[] damaged = Files.readAllBytes(file(layer()));
    loseLayers();
    try (TestRoot other = TestRoot.create();
        ContainerEngine using = other.engine().additionalStore(root.data()).build()) {
      using.images().pull(busybox());
      assertThat(using.images().check(true).problems()).isEmpty();
      try (Container container =
          using.run(ContainerSpec.builder(busybox()).command("echo", "fine").build())) {
        assertThat(TestEngine.ended(container).output()).isEqualTo("fine");
      }
      assertThat(using.images().usage().blobBytes()).isPositive();
    }
    assertThat(file(layer())).hasBinaryContent(damaged);
    engine.images().pull(busybox());
  }

  @Test
  void checkFindsWhatAnAdditionalStoreHasDamaged() throws IOException {
    try (TestRoot other = TestRoot.create();
        ContainerEngine using = other.engine().additionalStore(root.data()).build()) {
      StoreReport sound = using.images().check(true);
      assertThat(sound).isEqualTo(new StoreReport(1, 3, 0, List.of()));
      damage(layer(), Damage.MIDDLE);
      StoreReport report = using.images().repair(false);
      assertThat(report.problems())
          .singleElement()
          .satisfies(
              problem -> {
                assertThat(problem.kind()).isEqualTo(Kind.DAMAGED_BLOB);
                assertThat(problem.detail()).contains(file(layer()).toString());
              });
      assertThat(using.images().check(true).problems())
          .extracting(StoreReport.Problem::kind)
          .containsExactly(Kind.DAMAGED_BLOB, Kind.NOT_COMPARED);
      Path record = record();
      Files.writeString(record, "{");
      assertThat(using.images().repair(false).problems())
          .singleElement()
          .satisfies(problem -> assertThat(problem.subject()).isEqualTo(record.toString()));
      assertThat(record).hasContent("{");
    }
    engine.images().repair(false);
    engine.images().pull(busybox());
  }

  private Path record() throws IOException {
    try (Stream<Path> paths = Files.walk(root.data().resolve("images"))) {
      return paths.filter(path -> path.toString().endsWith(".json")).findFirst().orElseThrow();
    }
  }

  @Test
  void checkSaysWhatItDidNotCompare() {
    engine.close();
    ArchiveLimits small = ArchiveLimits.DEFAULT.withMaxTotalBytes(1000);
    engine = root.engine().archiveLimits(small).build();
    StoreReport report = engine.images().check(true);
    assertThat(report.isWhole()).isFalse();
    assertThat(report.problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.kind()).isEqualTo(Kind.NOT_COMPARED);
              assertThat(problem.subject()).isEqualTo(busybox());
              assertThat(problem.detail()).contains("ArchiveLimits");
            });
    assertThat(engine.images().check(false).isWhole()).isTrue();
    assertThat(engine.images().repair(true)).isEqualTo(report);
  }

  /** What cannot be read is no proof of anything, and may be all that there is. */
  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/mem", "itself"})
  void whatCannotBeReadIsToldAndStays(String target) throws IOException {
    Path blob = file(layer());
    Path kept = Files.move(blob, files.resolve("kept"));
    Files.createSymbolicLink(blob, target.equals("itself") ? blob : Path.of(target));
    String why = target.equals("itself") ? "symbolic links" : "Input/output error";
    for (StoreReport report :
        List.of(engine.images().check(false), engine.images().repair(false))) {
      assertThat(report.problems())
          .filteredOn(problem -> problem.kind() != Kind.MISSING_BLOB)
          .singleElement()
          .satisfies(
              problem -> {
                assertThat(problem.kind()).isEqualTo(Kind.UNREADABLE_BLOB);
                assertThat(problem.subject()).isEqualTo(layer().toString());
                assertThat(problem.detail()).contains(blob.toString(), why);
              });
      assertThat(Files.isSymbolicLink(blob)).isTrue();
    }
    // What cannot be compared keeps the rest from nothing.
    assertThat(engine.images().repair(true).problems())
        .extracting(StoreReport.Problem::kind)
        .contains(Kind.UNREADABLE_BLOB, Kind.NOT_COMPARED);
    assertThat(Files.isSymbolicLink(blob)).isTrue();
    Files.move(kept, blob, StandardCopyOption.REPLACE_EXISTING);
    assertWhole();
  }

  /** It comes as a whole, and is too large for this engine. */
  @Test
  void failureOfALayerThatIsFetchedAnewIsToldAsSuch() {
    engine.close();
    engine = root.engine().archiveLimits(ArchiveLimits.DEFAULT.withMaxTotalBytes(1000)).build();
    damage(layer(), Damage.FIRST);
    loseLayers();
    assertThatThrownBy(() -> engine.images().pull(busybox()))
        .hasMessageContaining("more than 1000 bytes")
        .hasMessageNotContaining("fetched anew");
  }

  private byte[] tar(String name) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(files, "layer");
    Files.createFile(directory.resolve(name));
    Path tar = files.resolve(directory.getFileName() + ".tar");
    Tool.require("tar", "tar").run("-C", directory, "-cf", tar, name);
    return Files.readAllBytes(tar);
  }

  @Test
  void layerWithoutTheMarkThatItHidesAllBelowIsUnpackedAgain() throws Exception {
    MemoryImageSource source = new MemoryImageSource();
    ImageReference name = ImageReference.parse("registry.example/hides:1");
    List<byte[]> layers = List.of(tar("below"), tar(".wh..wh..opq"));
    List<Digest> diffIds = layers.stream().map(Digest::sha256).toList();
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw();
    Manifest manifest =
        Manifest.of(
            source.add(MediaType.OCI_CONFIG, config),
            layers.stream().map(tar -> source.add(MediaType.OCI_LAYER, tar)).toList(),
            Map.of());
    source.tag(name, source.add(MediaType.OCI_MANIFEST, manifest.raw()));
    engine.images().load(source, name.toString(), ProgressListener.NONE);
    assertWhole();
    Path mark =
        root.data()
            .resolve("snapshots")
            .resolve(ChainId.of(diffIds).get(1).hex())
            .resolve("opaque");
    Files.delete(mark);
    assertThat(engine.images().check(true).problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.kind()).isEqualTo(Kind.DAMAGED_LAYER))
        .satisfies(problem -> assertThat(problem.detail()).contains("hides"));
    assertThat(engine.images().repair(true).problems()).isEmpty();
    assertThat(mark).exists();
  }

  /** The store was damaged, and is not any more: that is not why it fails. */
  @Test
  void failureOfAnImageItselfIsToldAsSuch() throws Exception {
    MemoryImageSource source = new MemoryImageSource();
    ImageReference name = ImageReference.parse("registry.example/wrong:1");
    byte[] tar = tar("file");
    Digest other = Digest.sha256(new byte[0]);
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(List.of(other)).build().raw();
    Manifest manifest =
        Manifest.of(
            source.add(MediaType.OCI_CONFIG, config),
            List.of(source.add(MediaType.OCI_LAYER, tar)),
            Map.of());
    source.tag(name, source.add(MediaType.OCI_MANIFEST, manifest.raw()));
    try (ImageSink sink = engine.images().sink()) {
      ImageCopy.between(source, sink).copy(name, name);
    }
    damage(Digest.sha256(tar), Damage.MIDDLE);
    assertThatThrownBy(() -> engine.images().load(source, name.toString(), ProgressListener.NONE))
        .hasMessageContaining("its image says " + other)
        .hasMessageNotContaining("fetched anew");
  }

  /** What is wrong with it is seen long before its end, while most of it is still to come. */
  @Test
  void failureOfALayerThatIsWrongByItselfIsToldAsSuch() throws Exception {
    MemoryImageSource source = new MemoryImageSource();
    ImageReference name = ImageReference.parse("registry.example/nonsense:1");
    byte[] nonsense = new byte[LONG];
    new Random(1).nextBytes(nonsense);
    byte[] config =
        ImageConfig.builder(Platform.host())
            .diffIds(List.of(Digest.sha256(nonsense)))
            .build()
            .raw();
    Manifest manifest =
        Manifest.of(
            source.add(MediaType.OCI_CONFIG, config),
            List.of(source.add(MediaType.OCI_LAYER, nonsense)),
            Map.of());
    source.tag(name, source.add(MediaType.OCI_MANIFEST, manifest.raw()));
    try (ImageSink sink = engine.images().sink()) {
      ImageCopy.between(source, sink).copy(name, name);
    }
    damage(Digest.sha256(nonsense), Damage.LAST);
    assertThatThrownBy(() -> engine.images().load(source, name.toString(), ProgressListener.NONE))
        .hasMessageContaining("corrupt")
        .hasMessageNotContaining("fetched anew");
  }

  /** An image of some layers that only root's files are in, at a registry of its own. */
  private Image serveLayers() throws IOException {
    registry.close();
    layout = ImageLayout.create(Files.createDirectory(files.resolve("layout")));
    registry = FaultyRegistry.serve(layout);
    ImageAssembly.Builder image = ImageAssembly.builder(Platform.host());
    for (int i = 0; i <= DAMAGED; i++) {
      String file = "file" + i;
      image.layer(
          new LayerWriter().addFile(file, 0644, file.getBytes(UTF_8)).writeTo(files.resolve(file)));
    }
    ImageReference name = ImageReference.parse("team/test:layered");
    image.build().writeTo(layout, name);
    return Image.resolve(layout, name, Platform.host());
  }

  private String layered() {
    return registry.host() + "/team/test:layered";
  }

  /** What it did not need is not looked at. */
  @Test
  void failureOfALayerHasOnlyThatOneVerified() throws IOException {
    Image many = serveLayers();
    engine.images().pull(layered());
    engine.close();
    engine = root.engine().archiveLimits(ArchiveLimits.DEFAULT.withMaxTotalBytes(1)).build();
    Digest lowest = many.manifest().layers().get(0).digest();
    damage(lowest, Damage.MIDDLE);
    List<Digest> chain = ChainId.of(many.layers().stream().map(layer -> layer.diffId()).toList());
    loseLayer(chain.get(chain.size() - 1));
    RunIT.assertFails(
        () -> engine.images().pull(layered()), ErrorKind.INVALID_INPUT, "more than 1 bytes");
    assertThat(registry.count("GET", "/blobs/" + lowest)).isEqualTo(1);
  }

  private void loseLayer(Digest id) {
    try {
      Tool.require("rm", "coreutils").run("-r", root.data().resolve("snapshots").resolve(id.hex()));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void allThatIsDamagedIsFetchedAtOnce() throws IOException {
    engine.images().remove(busybox());
    Image many = serveLayers();
    engine.images().pull(layered());
    List<Digest> blobs = many.manifest().layers().stream().map(layer -> layer.digest()).toList();
    assertThat(blobs).hasSizeGreaterThan(DAMAGED);
    blobs.subList(0, DAMAGED).forEach(blob -> damage(blob, Damage.MIDDLE));
    loseLayers();
    engine.images().pull(layered());
    assertWhole();
    for (Digest blob : blobs) {
      int times = blobs.indexOf(blob) < DAMAGED ? 2 : 1;
      assertThat(registry.count("GET", "/blobs/" + blob)).isEqualTo(times);
    }
  }
}
