package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Compression;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pulls that were killed or cut, and the next one, which goes on from there. */
class ResumedPullIT {
  private static final int MIB = 1 << 20;
  private static final int LAYER_SIZE = 6 * MIB;
  private static final int ARRIVED = 4 * MIB + 123;

  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private final MemoryImageSource images = new MemoryImageSource();
  private final FaultyRegistry registry = FaultyRegistry.serve(images);
  private final CountDownLatch stalled = new CountDownLatch(1);
  private Manifest manifest;
  private Descriptor layer;
  private byte[] blob;

  @BeforeAll
  static void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void begin() throws IOException {
    leaks.begin();
    image(Compression.GZIP);
  }

  @AfterEach
  void close() {
    stalled.countDown();
    registry.close();
    leaks.verify();
    root.close();
  }

  /** A small layer, and a large one that does not compress. */
  private void image(Compression compression) throws IOException {
    List<Digest> diffIds = new ArrayList<>();
    List<Descriptor> layers = new ArrayList<>();
    Random random = new Random(1);
    for (int size : new int[] {1000, LAYER_SIZE}) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      LayerWriter writer = new LayerWriter().addFile("/content" + size, 0644, content);
      WrittenLayer written =
          (compression == Compression.NONE ? writer.uncompressed() : writer)
              .writeTo(files.resolve(compression + "-" + size));
      content = Files.readAllBytes(written.file());
      Files.delete(written.file());
      diffIds.add(written.diffId());
      String type =
          compression == Compression.NONE ? MediaType.OCI_LAYER : MediaType.OCI_LAYER_GZIP;
      layers.add(images.add(type, content));
      blob = content;
    }
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw();
    manifest = Manifest.of(images.add(MediaType.OCI_CONFIG, config), layers, Map.of());
    images.tag(
        ImageReference.parse("team/app:1"), images.add(MediaType.OCI_MANIFEST, manifest.raw()));
    layer = layers.get(1);
  }

  private String reference() {
    return registry.host() + "/team/app:1";
  }

  private String blobPath() {
    return "/blobs/" + layer.digest();
  }

  private Path partial() {
    return root.data().resolve("ingest/sha256-" + layer.digest().hex());
  }

  private ContainerEngine engine() {
    return root.engine().build();
  }

  /** A child JVM in the middle of the large layer; what has arrived is on the disk. */
  private ChildJvm stalledPull() throws Exception {
    registry.fail(blobPath(), 1, Fault.stallAfter(ARRIVED, stalled));
    ChildJvm jvm = ChildJvm.start(EngineProgram.class, "pull-and-wait", root.path(), reference());
    assertThat(jvm.line()).isEqualTo("working");
    long deadline = System.nanoTime() + TestEngine.LIMIT.toNanos();
    while (!Files.exists(partial()) || Files.size(partial()) < ARRIVED) {
      assertThat(System.nanoTime()).as("'%s' is too short", partial()).isLessThan(deadline);
      LeakCheck.pause();
    }
    return jvm;
  }

  private void killAPull() throws Exception {
    try (ChildJvm jvm = stalledPull()) {
      jvm.kill();
    }
    assertThat(partial()).hasSize(ARRIVED);
  }

  /** As a killed pull leaves it. */
  private void leave(byte[] content, int length) throws IOException {
    Files.write(partial(), Arrays.copyOf(content, length));
  }

  private List<String> ranges() {
    return registry.requests().stream()
        .filter(request -> request.path().endsWith(blobPath()))
        .map(request -> request.header("Range").orElse("all"))
        .toList();
  }

  /** The next pull works, and leaves a store that is whole and runs. */
  private void assertPulled(ContainerEngine engine) throws IOException {
    Image image = engine.images().pull(reference());
    assertThat(image.descriptor().digest()).isEqualTo(manifest.digest());
    assertThat(engine.images().check(true).problems()).isEmpty();
    assertThat(engine.images().usage().ingestBytes()).isZero();
    try (Stream<Path> snapshots = Files.list(root.data().resolve("snapshots"))) {
      assertThat(snapshots).hasSize(2);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Compression.class,
      names = {"GZIP", "NONE"})
  void killedOneIsGoneOnWithWhereItStopped(Compression compression) throws Exception {
    image(compression);
    killAPull();
    try (ContainerEngine engine = engine()) {
      assertThat(engine.images().check(true).problems()).isEmpty();
      assertThat(engine.images().list()).isEmpty();
      assertThat(engine.images().usage().ingestBytes()).isEqualTo(ARRIVED);
      assertThat(engine.images().usage().blobBytes()).isZero();
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("all", "bytes=" + ARRIVED + "-");
    assertThat(registry.bytes(blobPath())).isEqualTo(layer.size());
  }

  @Test
  void anotherProcessWaitsAndGoesOnWhenTheFirstIsKilled() throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (ChildJvm jvm = stalledPull();
        ContainerEngine engine = engine()) {
      Future<?> pull = thread.submit(() -> engine.images().pull(reference()));
      while (registry.count("GET", "/manifests/") < 2) {
        LeakCheck.pause();
      }
      // Neither a clean-up nor who opens the store takes away what the first one writes.
      engine.images().prune();
      engine().close();
      assertThat(partial()).hasSize(ARRIVED);
      assertThat(pull.isDone()).isFalse();
      assertThat(ranges()).containsExactly("all");
      jvm.kill();
      pull.get();
      assertPulled(engine);
    } finally {
      thread.shutdownNow();
    }
    // Removes what else the first one left.
    engine().close();
    assertThat(ranges()).containsExactly("all", "bytes=" + ARRIVED + "-");
    assertThat(registry.bytes(blobPath())).isEqualTo(layer.size());
  }

  @Test
  void cleanUpRemovesWhatAKilledOneLeft() throws Exception {
    killAPull();
    try (ContainerEngine engine = engine()) {
      assertThat(engine.images().prune().blobBytes()).isGreaterThanOrEqualTo(ARRIVED);
      assertThat(partial()).doesNotExist();
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("all", "all");
  }

  @ParameterizedTest
  @EnumSource(
      value = Compression.class,
      names = {"GZIP", "NONE"})
  void tornOneHealsByItself(Compression compression) throws Exception {
    image(compression);
    List<UnaryOperator<byte[]>> damages =
        List.of(
            torn -> damaged(torn, ARRIVED - 1, ARRIVED),
            torn -> damaged(torn, ARRIVED - MIB, ARRIVED),
            torn -> damaged(torn, 0, 4096),
            torn -> damaged(torn, 512, 1024));
    for (UnaryOperator<byte[]> damage : damages) {
      int asked = ranges().size();
      try (ContainerEngine engine = engine()) {
        leave(damage.apply(blob.clone()), ARRIVED);
        assertPulled(engine);
        engine.images().remove(reference());
        engine.images().prune();
      }
      // What is seen to be damaged before the rest is needed, is not asked for.
      assertThat(ranges().subList(asked, ranges().size()))
          .isIn(List.of("all"), List.of("bytes=" + ARRIVED + "-", "all"));
    }
    assertThat(ranges()).contains("bytes=" + ARRIVED + "-");
  }

  @Test
  void attemptThatFailedCountsForNoLimit() throws Exception {
    ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxTotalBytes(LAYER_SIZE + MIB);
    try (ContainerEngine engine = root.engine().archiveLimits(limits).build()) {
      leave(damaged(blob.clone(), ARRIVED - 1, ARRIVED), ARRIVED);
      assertPulled(engine);
    }
    assertThat(ranges()).endsWith("all");
  }

  private static byte[] damaged(byte[] content, int from, int to) {
    for (int i = from; i < to; i++) {
      content[i] = (byte) (i == from ? content[i] + 1 : 0);
    }
    return content;
  }

  @Test
  void truncatedOneIsGoneOnWithAndALongerOneIsNot() throws Exception {
    try (ContainerEngine engine = engine()) {
      leave(blob, 1);
      assertPulled(engine);
      engine.images().remove(reference());
      engine.images().prune();
      leave(blob, blob.length + 1);
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("bytes=1-", "all");
  }

  @Test
  void wholeOneIsNotAskedFor() throws Exception {
    try (ContainerEngine engine = engine()) {
      leave(blob, blob.length);
      assertPulled(engine);
    }
    assertThat(ranges()).isEmpty();
  }

  @Test
  void linkInItsPlaceIsNotFollowed() throws Exception {
    Path other = Files.write(files.resolve("other"), new byte[ARRIVED]);
    try (ContainerEngine engine = engine()) {
      Files.createSymbolicLink(partial(), other);
      assertPulled(engine);
    }
    Path stored = root.data().resolve("blobs/sha256").resolve(layer.digest().hex());
    assertThat(Files.isRegularFile(stored, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(other).hasBinaryContent(new byte[ARRIVED]);
    assertThat(ranges()).containsExactly("all");
  }

  private RegistryClient impatient() {
    return RegistryClient.builder().attempts(1).build();
  }

  /** With all that was whole by then. */
  @Test
  void cutOneIsGoneOnWith() throws Exception {
    registry.fail(blobPath(), 1, Fault.dropAfter(ARRIVED));
    try (RegistryClient client = impatient();
        ContainerEngine engine = root.engine().registry(client).build()) {
      RunIT.assertFails(
          () -> engine.images().pull(reference()),
          ErrorKind.UNAVAILABLE,
          layer.digest().toString());
      assertThat(engine.images().list()).isEmpty();
      assertThat(partial()).hasSize(ARRIVED);
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("all", "bytes=" + ARRIVED + "-");
    assertThat(registry.bytes(blobPath())).isEqualTo(layer.size());
  }

  @Test
  void interruptedOneIsGoneOnWith() throws Exception {
    registry.fail(blobPath(), 1, Fault.stallAfter(ARRIVED, stalled));
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (ContainerEngine engine = engine()) {
      Future<?> pull = thread.submit(() -> engine.images().pull(reference()));
      while (!Files.exists(partial()) || Files.size(partial()) < ARRIVED) {
        LeakCheck.pause();
      }
      thread.shutdownNow();
      assertThat(thread.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertThat(pull.isDone()).isTrue();
      assertThat(partial()).hasSize(ARRIVED);
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("all", "bytes=" + ARRIVED + "-");
  }

  /** The rest is refused, and the whole fetched. */
  @Test
  void registryThatAnswersAnotherRangeIsAskedForAll() throws Exception {
    String other = "bytes 5-" + (layer.size() - 1) + "/*";
    registry.fail(blobPath(), 1, Fault.header("Content-Range", other));
    try (ContainerEngine engine = engine()) {
      leave(blob, ARRIVED);
      assertPulled(engine);
    }
    assertThat(ranges()).containsExactly("bytes=" + ARRIVED + "-", "all");
  }

  @Test
  void registryWithoutRangesWillDo() throws Exception {
    byte[] all = blob;
    registry.fail(blobPath(), 1, Fault.answer(answer -> new Fault.Answer(200, Map.of(), all)));
    registry.fail(blobPath(), 1, Fault.status(416));
    try (ContainerEngine engine = engine()) {
      leave(blob, ARRIVED);
      assertPulled(engine);
      assertThat(ranges()).containsExactly("bytes=" + ARRIVED + "-");
      engine.images().remove(reference());
      engine.images().prune();
      leave(blob, ARRIVED);
      assertPulled(engine);
    }
    assertThat(ranges()).endsWith("bytes=" + ARRIVED + "-", "all");
  }

  @Test
  void registryThatLiesIsNotAskedForEver() throws Exception {
    registry.fail(blobPath(), FaultyRegistry.ALWAYS, Fault.flip(1000));
    try (ContainerEngine engine = engine()) {
      leave(blob, ARRIVED);
      RunIT.assertFails(
          () -> engine.images().pull(reference()),
          ErrorKind.CORRUPT_DATA,
          layer.digest().toString());
      assertThat(partial()).doesNotExist();
      assertThat(engine.images().list()).isEmpty();
    }
    assertThat(ranges()).containsExactly("bytes=" + ARRIVED + "-", "all");
  }

  /** A disk that is full at any moment of a pull, of which something was there before. */
  @Test
  void fullDiskHasItsRoomAgain() throws Exception {
    Files.createDirectory(root.data());
    Tool mount = Tool.require("mount", "mount");
    mount.run("-t", "tmpfs", "-o", "size=64m", "tmpfs", root.data());
    try (ContainerEngine engine = engine()) {
      // From the layer that is being written to the one that is being unpacked.
      for (int size = 5; size <= 12; size++) {
        leave(blob, ARRIVED);
        mount.run("-o", "remount,size=" + size + "m", root.data());
        RunIT.assertFails(() -> engine.images().pull(reference()), ErrorKind.UNAVAILABLE, "space");
        assertThat(partial()).as("%s MiB", size).doesNotExist();
        assertThat(engine.images().check(true).problems()).isEmpty();
        mount.run("-o", "remount,size=64m", root.data());
      }
      leave(blob, ARRIVED);
      assertPulled(engine);
    } finally {
      Tool.require("umount", "mount").run(root.data());
    }
  }
}
