package io.runcible.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ChainId;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
@SuppressWarnings("try") // What is open is what is tested.
class LocalStoreTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final Descriptor DESCRIPTOR = Descriptor.of("text/plain", CONTENT);
  private static final int THOUSANDS = 5000;
  private static final ImageReference NAME = ImageReference.parse("registry.example/a/b:1");

  @TempDir Path root;
  private LocalStore store;

  @BeforeEach
  void open() {
    store = LocalStore.open(root.resolve("store"));
  }

  @Test
  void aFileAmongTheRepositoriesHoldsNobodyUp() throws IOException {
    Path foreign = Files.writeString(root.resolve("store/images/record.json"), "{}");
    LocalStore other = LocalStore.open(root.resolve("store"));
    assertThat(other.images().list()).isEmpty();
    other.sweep(Duration.ZERO).close();
    assertThat(foreign).doesNotExist();
  }

  @Nested
  class Blobs {
    @Test
    void appearsAtTheCommitAndNotBefore() throws IOException {
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        read(ingest.receive(new ByteArrayInputStream(CONTENT)));
        assertThat(store.content().contains(DESCRIPTOR.digest())).isFalse();
        ingest.commit();
      }
      assertThat(store.content().read(DESCRIPTOR, 100)).isEqualTo(CONTENT);
      assertThat(store.content().list()).containsExactly(DESCRIPTOR.digest());
      assertNothingUnderWay();
    }

    @Test
    void wrongBytesLeaveNothing() throws IOException {
      try (Ingest ingest = store.content().ingest(DESCRIPTOR);
          InputStream wrong = ingest.receive(new ByteArrayInputStream("CONTENT".getBytes(UTF_8)))) {
        assertThatThrownBy(() -> read(wrong)).hasMessageContaining(DESCRIPTOR.digest().hex());
        assertThatThrownBy(ingest::commit).isInstanceOf(RuncibleException.class);
      }
      assertThat(store.content().list()).isEmpty();
      assertNothingUnderWay();
    }

    @Test
    void halfReadContentCannotBeCommitted() throws IOException {
      try (Ingest ingest = store.content().ingest(DESCRIPTOR);
          InputStream half = ingest.receive(new ByteArrayInputStream(CONTENT))) {
        assertThat(half.readNBytes(3)).hasSize(3);
        assertThatThrownBy(ingest::commit)
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
      }
      assertNothingUnderWay();
    }

    @Test
    void secondIngestFindsItPresent() {
      put();
      try (Ingest second = store.content().ingest(DESCRIPTOR)) {
        assertThat(second.isPresent()).isTrue();
        second.commit();
      }
      assertThat(store.content().contains(DESCRIPTOR.digest())).isTrue();
    }

    @Test
    void damagedBlobIsNotHandedOut() throws IOException {
      put();
      Files.writeString(store.content().path(DESCRIPTOR.digest()), "damaged");
      assertThatThrownBy(() -> store.content().read(DESCRIPTOR, 100))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA));
    }

    @Test
    void missingBlobIsNamed() {
      Digest missing = Digest.sha256("missing".getBytes(UTF_8));
      assertThatThrownBy(() -> store.content().open(missing))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
          .hasMessageContaining(missing.toString());
    }

    @Test
    void openingRemovesWhatAKilledProcessLeft() throws IOException {
      String name = "sha256-" + DESCRIPTOR.digest().hex();
      Files.writeString(root.resolve("store/ingest").resolve(name), "half");
      Files.createFile(root.resolve("store/locks/blob-" + name));
      LocalStore.open(root.resolve("store")).close();
      assertNothingUnderWay();
    }

    @Test
    void openingLeavesALivingIngestAlone() throws IOException {
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        ingest.receive(CONTENT);
        LocalStore.open(root.resolve("store")).close();
        ingest.commit();
      }
      assertThat(store.content().contains(DESCRIPTOR.digest())).isTrue();
    }

    private void put() {
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        ingest.receive(CONTENT);
        ingest.commit();
      }
    }
  }

  @Nested
  class Names {
    @Test
    void pointsWhereItWasLastPut() {
      assertThat(record(NAME, "one")).isTrue();
      assertThat(record(NAME, "one")).isFalse();
      assertThat(record(NAME, "two")).isTrue();
      assertThat(store.images().find(NAME).orElseThrow().manifest().digest())
          .isEqualTo(Samples.manifest("two").digest());
      assertThat(store.images().list()).hasSize(1);
    }

    @Test
    void nameThatIsSetAgainIsNoLongerOld() throws IOException {
      record(NAME, "one");
      store.images().pin(NAME, true);
      Path file = records().get(0);
      Instant now = store.images().find(NAME).orElseThrow().created();
      String old = String.valueOf(now.minus(Duration.ofDays(40)).toEpochMilli());
      Files.writeString(
          file, Files.readString(file).replace(String.valueOf(now.toEpochMilli()), old));
      assertThat(store.images().find(NAME).orElseThrow().created()).isBefore(now);
      assertThat(record(NAME, "one")).isFalse();
      ImageRecord renewed = store.images().find(NAME).orElseThrow();
      assertThat(renewed.created()).isAfterOrEqualTo(now);
      assertThat(renewed.pinned()).isTrue();
      Object written = Files.getAttribute(file, "unix:ino");
      assertThat(record(NAME, "one")).isFalse();
      assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(written);
    }

    @Test
    void removedNameIsUnknown() {
      record(NAME, "one");
      assertThat(store.images().remove(NAME)).isTrue();
      assertThat(store.images().remove(NAME)).isFalse();
      assertFails(ErrorKind.NOT_FOUND, () -> store.resolve(NAME), "registry.example/a/b:1");
    }

    @Test
    void namesTheContentThatItKeeps() {
      record(NAME, "one");
      Manifest manifest = Samples.manifest("one");
      ImageRecord record = store.images().find(NAME).orElseThrow();
      assertThat(record.blobs())
          .containsExactlyInAnyOrder(
              manifest.digest(), manifest.config().digest(), manifest.layers().get(0).digest());
      assertThat(record.layers())
          .containsExactlyElementsOf(ChainId.of(Samples.config("one").diffIds()));
    }

    @Test
    void isNotRecordedWithoutItsContent() {
      Manifest manifest = Samples.manifest("one");
      try (ImageSink sink = store.sink()) {
        assertFails(
            ErrorKind.FAILED_PRECONDITION,
            () -> sink.putManifest(NAME, manifest.descriptor(), manifest.raw()),
            manifest.config().digest().toString());
      }
      assertThat(store.images().list()).isEmpty();
    }

    @Test
    void tagIsASecondName() {
      record(NAME, "one");
      ImageReference other = ImageReference.parse("registry.example/other:2");
      assertThat(store.tag(NAME, other)).isTrue();
      store.images().remove(NAME);
      assertThat(store.resolve(other)).isEqualTo(Samples.manifest("one").descriptor());
      assertFails(ErrorKind.NOT_FOUND, () -> store.tag(NAME, other), NAME.toString());
    }

    @Test
    void pinOutlivesANewMeaning() {
      record(NAME, "one");
      assertThat(store.images().pin(NAME, true)).isTrue();
      assertThat(store.images().pin(NAME, true)).isFalse();
      record(NAME, "two");
      assertThat(store.images().find(NAME).orElseThrow().pinned()).isTrue();
      store.images().pin(NAME, false);
      assertThat(store.images().find(NAME).orElseThrow().pinned()).isFalse();
      ImageReference other = NAME.withTag("2");
      assertFails(ErrorKind.NOT_FOUND, () -> store.images().pin(other, true), other.toString());
    }

    /** Otherwise it would come back without its content. */
    @Test
    void nameThatACleanUpTakesCannotBePinned() throws Exception {
      record(NAME, "one");
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        Future<Boolean> pin;
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          pin = thread.submit(() -> store.images().pin(NAME, true));
          assertThatThrownBy(() -> pin.get(200, TimeUnit.MILLISECONDS))
              .isInstanceOf(TimeoutException.class);
          sweep.names().forEach(sweep::remove);
          sweep.removeBlobs(store.content().list());
        }
        assertThatThrownBy(pin::get)
            .cause()
            .isInstanceOfSatisfying(
                RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
      } finally {
        thread.shutdownNow();
      }
      assertThat(root.resolve("store/images")).isEmptyDirectory();
    }

    @Test
    void damagedRecordIsNamedAndStopsACleanUp() throws IOException {
      record(NAME, "one");
      record(NAME.withTag("2"), "two");
      Path damaged = records().get(0);
      for (String text : List.of("", "{", "[]", "{}", "{\"reference\":\"A B\"}")) {
        Files.writeString(damaged, text);
        assertFails(
            ErrorKind.CORRUPT_DATA, () -> store.sweep(Duration.ZERO).close(), damaged.toString());
        assertThat(store.images().damaged()).containsOnlyKeys(damaged);
        assertThat(store.images().list()).hasSize(1);
      }
      store.images().removeDamaged(damaged);
      store.sweep(Duration.ZERO).close();
    }

    /** For a lack of descriptors, say: it may be sound, and its name is all that keeps content. */
    @Test
    void recordThatCannotBeReadIsToldAndStays() throws IOException {
      record(NAME, "one");
      Path record = records().get(0);
      Path sound = Files.move(record, root.resolve("sound"));
      Files.createSymbolicLink(record, record);
      assertThat(store.images().damaged()).containsOnlyKeys(record);
      store.images().removeDamaged(record);
      assertThat(record).isSymbolicLink();
      Files.move(sound, record, StandardCopyOption.REPLACE_EXISTING);
      assertThat(store.images().find(NAME)).isPresent();
    }

    /** So that a store of thousands of images is as fast as one of a few. */
    @Test
    void oneNameIsUsedWithoutLookingAtThousandsOfOthers() throws IOException {
      record(NAME, "one");
      copies(THOUSANDS);
      // Whoever looks into all repositories fails.
      Path trap = root.resolve("store/images").resolve("0".repeat(64));
      Files.createSymbolicLink(trap, trap);
      assertFails(ErrorKind.UNAVAILABLE, () -> store.images().list(), trap.toString());
      store = LocalStore.open(root.resolve("store"));
      assertThat(store.resolve(ImageReference.parse("registry.example/of-7:1")))
          .isEqualTo(store.resolve(NAME));
      assertThat(store.resolve(NAME)).isEqualTo(Samples.manifest("one").descriptor());
      assertThat(store.images().find(NAME.withTag("2"))).isEmpty();
      assertThat(record(NAME, "two")).isTrue();
      assertThat(store.tag(NAME, NAME.withTag("2"))).isTrue();
      assertThat(store.tags(NAME)).containsExactly("1", "2");
      assertThat(store.images().pin(NAME, true)).isTrue();
      assertThat(store.images().remove(NAME)).isTrue();
      Files.delete(trap);
      assertThat(store.images().list()).hasSize(THOUSANDS + 1);
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.names()).hasSize(THOUSANDS + 1);
      }
    }

    /** As many records of other repositories, which say the same as the only one. */
    private void copies(int count) throws IOException {
      String text = Files.readString(records().get(0));
      for (int i = 0; i < count; i++) {
        String repository = "registry.example/of-" + i;
        String name = repository + ":1";
        Path directory = root.resolve("store/images").resolve(hash(repository));
        Files.createDirectory(directory);
        Files.writeString(
            directory.resolve(hash(name) + ".json"), text.replace(NAME.toString(), name));
      }
    }

    private String hash(String text) {
      return Digest.sha256(text.getBytes(UTF_8)).hex();
    }

    @Test
    void soundRecordIsNotRemovedAsDamaged() throws IOException {
      record(NAME, "one");
      store.images().removeDamaged(records().get(0));
      assertThat(store.images().find(NAME)).isPresent();
    }

    @Test
    void cleanUpRemovesWhatAKilledWriterLeft() throws IOException {
      record(NAME, "one");
      Path record = records().get(0);
      Path half = record.resolveSibling("." + record.getFileName() + ".random");
      Files.writeString(half, "{");
      store.images().remove(NAME);
      store.sweep(Duration.ZERO).close();
      assertThat(root.resolve("store/images")).isEmptyDirectory();
    }

    private List<Path> records() throws IOException {
      try (Stream<Path> files = Files.walk(root.resolve("store/images"))) {
        return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
      }
    }
  }

  @Nested
  class Leases {
    private final Digest blob = Samples.manifest("one").layers().get(0).digest();

    @Test
    void keepContentUntilTheyAreClosed() {
      LocalStore other = LocalStore.open(root.resolve("store"));
      record(NAME, "one");
      Lease lease = other.lease();
      lease.keep(List.of(blob));
      store.images().remove(NAME);
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.used()).containsExactly(blob);
        assertThat(sweep.leased()).containsExactly(blob);
      }
      lease.close();
      lease.close();
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.used()).isEmpty();
        assertThat(sweep.removeBlobs(store.content().list())).isPositive();
      }
      assertThat(store.content().list()).isEmpty();
      assertThat(root.resolve("store/leases")).isEmptyDirectory();
    }

    @Test
    void ofASourceKeepWhatIsReadAndNothingElse() {
      record(NAME, "one");
      record(NAME.withTag("2"), "two");
      Set<Digest> read = store.images().find(NAME).orElseThrow().blobs();
      Manifest other = Samples.manifest("two");
      try (ImageSource source = store.source()) {
        assertThat(source.tags(NAME)).containsExactly("1", "2");
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          assertThat(sweep.leased()).isEmpty();
        }
        Descriptor found = source.resolve(NAME);
        store.images().remove(NAME);
        store.images().remove(NAME.withTag("2"));
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          Set<Digest> used = sweep.used();
          assertThat(used).isEqualTo(read);
          sweep.removeBlobs(
              store.content().list().stream().filter(digest -> !used.contains(digest)).toList());
        }
        assertThat(source.manifest(NAME, found)).isEqualTo(Samples.manifest("one").raw());
        assertThat(source.blobSize(NAME, blob)).isPositive();
        assertFails(
            ErrorKind.NOT_FOUND,
            () -> source.manifest(NAME, other.descriptor()),
            other.digest().toString());
      }
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.used()).isEmpty();
      }
    }

    @Test
    void ofASourceKeepAnImageThatHasNoName() {
      record(NAME, "one");
      Set<Digest> blobs = store.images().find(NAME).orElseThrow().blobs();
      Digest manifest = Samples.manifest("one").digest();
      try (ImageSource source = store.source()) {
        store.images().remove(NAME);
        source.resolve(Samples.byDigest(NAME, manifest));
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          assertThat(sweep.used()).isEqualTo(blobs);
        }
      }
    }

    @Test
    void cannotBeMadeWhileACleanUpLooks() throws Exception {
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try (Lease early = store.lease()) {
        Future<?> keep;
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          keep = thread.submit(() -> early.keep(List.of(blob)));
          assertThatThrownBy(() -> keep.get(200, TimeUnit.MILLISECONDS))
              .isInstanceOf(TimeoutException.class);
          assertThat(sweep.leased()).isEmpty();
        }
        keep.get();
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          assertThat(sweep.leased()).containsExactly(blob);
        }
      } finally {
        thread.shutdownNow();
      }
    }

    @Test
    void ofADeadProcessKeepNothing() throws IOException {
      Path dead = root.resolve("store/leases/dead");
      Files.writeString(dead, blob + "\n");
      store.sweep(Duration.ZERO).close();
      assertThat(dead).doesNotExist();
    }

    @Test
    void closedOneKeepsNothingMore() {
      Lease lease = store.lease();
      lease.close();
      assertFails(ErrorKind.FAILED_PRECONDITION, () -> lease.keep(List.of(blob)), "closed");
    }

    @Test
    void sinkKeepsWhatItTookUntilItIsClosed() {
      Digest manifest = Samples.manifest("one").digest();
      ImageReference untagged = Samples.byDigest(NAME, manifest);
      try (ImageSink sink = store.sink()) {
        Samples.put(sink, untagged, "one");
        try (Sweep sweep = store.sweep(Duration.ZERO)) {
          assertThat(sweep.used()).contains(blob, manifest);
        }
      }
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.used()).isEmpty();
      }
    }
  }

  @Nested
  class ReferrersOfAManifest {
    private final Manifest subject = Samples.manifest("one");

    private Descriptor attach(ImageSink sink, Descriptor to) {
      byte[] empty = "{}".getBytes(UTF_8);
      Descriptor config = Descriptor.of("application/vnd.oci.empty.v1+json", empty);
      String json =
          String.format(
              "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"artifactType\":\"text/x\",\"config\":%s,"
                  + "\"layers\":[],\"subject\":%s,\"annotations\":{\"k\":\"v\"}}",
              MediaType.OCI_MANIFEST, node(config), node(to));
      byte[] raw = json.getBytes(UTF_8);
      Descriptor manifest = Descriptor.of(MediaType.OCI_MANIFEST, raw);
      sink.putBlob(NAME, config, new ByteArrayInputStream(empty));
      sink.putManifest(Samples.byDigest(NAME, manifest.digest()), manifest, raw);
      return manifest;
    }

    private String node(Descriptor descriptor) {
      return String.format(
          "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}",
          descriptor.mediaType(), descriptor.digest(), descriptor.size());
    }

    private void sweep() {
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        Set<Digest> used = sweep.used();
        sweep.removeBlobs(
            store.content().list().stream().filter(digest -> !used.contains(digest)).toList());
      }
    }

    @Test
    void areListedAndStayAsLongAsTheirSubject() {
      Descriptor signature;
      Descriptor ofSignature;
      try (ImageSink sink = store.sink()) {
        // Before its subject, which the specification allows.
        signature = attach(sink, subject.descriptor());
        ofSignature = attach(sink, signature);
        sweep();
        Samples.put(sink, NAME, "one");
      }
      sweep();
      assertThat(store.referrers(NAME, subject.digest()))
          .singleElement()
          .satisfies(
              found -> {
                assertThat(found.digest()).isEqualTo(signature.digest());
                assertThat(found.artifactType()).contains("text/x");
                assertThat(found.annotations()).containsEntry("k", "v");
              });
      assertThat(store.referrers(NAME, signature.digest())).hasSize(1);
      assertThat(store.content().contains(ofSignature.digest())).isTrue();
      store.images().remove(NAME);
      sweep();
      sweep();
      assertThat(store.content().list()).isEmpty();
      assertThat(store.referrers(NAME, subject.digest())).isEmpty();
      assertThat(root.resolve("store/referrers")).isEmptyDirectory();
    }

    @Test
    void thatAreLostAreLeftOut() {
      try (ImageSink sink = store.sink()) {
        Samples.put(sink, NAME, "one");
        store.content().remove(attach(sink, subject.descriptor()).digest());
      }
      assertThat(store.referrers(NAME, subject.digest())).isEmpty();
      sweep();
      assertThat(store.resolve(NAME)).isEqualTo(subject.descriptor());
    }
  }

  @Nested
  class AdditionalStores {
    private LocalStore both;

    @BeforeEach
    void openBoth() throws IOException {
      record(NAME, "one");
      both = LocalStore.open(root.resolve("own"), List.of(root.resolve("store")));
    }

    @Test
    void areLookedInto() {
      assertThat(both.resolve(NAME)).isEqualTo(Samples.manifest("one").descriptor());
      assertThat(both.tags(NAME)).containsExactly("1");
      assertThat(both.images().list()).hasSize(1);
      Image image = both.image(NAME, Samples.PLATFORM).orElseThrow();
      assertThat(image.config().command()).containsExactly("one");
      assertThat(both.blobSize(NAME, image.manifest().layers().get(0).digest())).isPositive();
    }

    @Test
    void areNotWrittenTo() throws IOException {
      List<String> before = files(root.resolve("store"));
      try (ImageSink sink = both.sink()) {
        Samples.put(sink, NAME, "two");
        Samples.put(sink, NAME.withTag("2"), "one");
      }
      both.images().remove(NAME);
      both.images().remove(NAME);
      try (Sweep sweep = both.sweep(Duration.ZERO)) {
        sweep.removeBlobs(both.content().list());
      }
      assertThat(files(root.resolve("store"))).isEqualTo(before);
      assertThat(both.resolve(NAME)).isEqualTo(Samples.manifest("one").descriptor());
    }

    @Test
    void haveToBeThere() {
      Path missing = root.resolve("missing");
      assertFails(
          ErrorKind.NOT_FOUND,
          () -> LocalStore.open(root.resolve("own"), List.of(missing)),
          missing.toString());
      assertThat(missing).doesNotExist();
    }

    private List<String> files(Path directory) throws IOException {
      try (Stream<Path> files = Files.walk(directory)) {
        return files.map(Path::toString).sorted().toList();
      }
    }
  }

  /** Puts a sample image, and says whether its name is new or means something else now. */
  private boolean record(ImageReference name, String sample) {
    Digest before = store.images().find(name).map(r -> r.manifest().digest()).orElse(null);
    Manifest manifest;
    try (ImageSink sink = store.sink()) {
      manifest = Samples.put(sink, name, sample);
    }
    assertThat(store.record(name, manifest.descriptor(), false)).isFalse();
    return !manifest.digest().equals(before);
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String name) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(name);
  }

  @Test
  void rootIsTheOwnersAlone() throws IOException {
    assertThat(Files.getPosixFilePermissions(root.resolve("store")))
        .isEqualTo(java.nio.file.attribute.PosixFilePermissions.fromString("rwx------"));
  }

  private static void read(InputStream stream) throws IOException {
    try (stream) {
      stream.readAllBytes();
    }
  }

  private void assertNothingUnderWay() throws IOException {
    assertThat(root.resolve("store/ingest")).isEmptyDirectory();
    try (Stream<Path> locks = Files.list(root.resolve("store/locks"))) {
      assertThat(locks.map(path -> path.getFileName().toString()).toList())
          .isSubsetOf(List.of("store", "turnstile"));
    }
  }
}
