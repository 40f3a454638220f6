package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.OwnTemporaryDirectory;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.Manifest;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OciArchiveTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @RegisterExtension final OwnTemporaryDirectory spooled = new OwnTemporaryDirectory();
  @TempDir Path temporary;
  private Path file;

  @BeforeEach
  void name() {
    file = temporary.resolve("images.tar");
  }

  /** Beside the archive; where temporary files go looks {@link #spooled}. */
  @AfterEach
  void nothingTemporaryStays() {
    assertThat(Tars.names(temporary)).noneMatch(name -> name.startsWith(".runcible-"));
  }

  private Path write(Consumer<ImageSink> content) {
    try (ImageSink sink = OciArchive.create(file)) {
      content.accept(sink);
      sink.commit();
    }
    return file;
  }

  private Path sample() {
    return write(sink -> Samples.put(sink, APP, "one"));
  }

  private static void assertSample(ImageSource source) throws IOException {
    Image image = Image.resolve(source, APP, Samples.PLATFORM);
    assertThat(image.descriptor().digest()).isEqualTo(Samples.manifest("one").digest());
    try (InputStream layer = image.layers().get(0).compressed()) {
      assertThat(layer.readAllBytes()).isEqualTo(Samples.layer("one"));
    }
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .message()
        .satisfies(message -> assertThat(reasons).allMatch(message::contains));
  }

  @Nested
  class AsASource implements ImageSourceContract {
    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      return OciArchive.open(write(content));
    }
  }

  @Nested
  class AsASink implements ImageSinkContract {
    private ImageSink sink;
    private final List<ImageSource> opened = new ArrayList<>();

    @BeforeEach
    void create() {
      sink = OciArchive.create(file);
    }

    @AfterEach
    void close() {
      sink.close();
      sink.close();
      opened.forEach(ImageSource::close);
    }

    @Override
    public ImageSink sink() {
      return sink;
    }

    @Override
    public ImageSource written() {
      sink.commit();
      opened.add(OciArchive.open(file));
      return opened.get(opened.size() - 1);
    }
  }

  /** Programs that run as an ordinary user give root those that are not named, or try to. */
  @Test
  void directoriesComeBeforeWhatIsInThem() {
    assertThat(Tars.read(sample()).keySet())
        .containsSubsequence("blobs/", "blobs/sha256/")
        .filteredOn(name -> name.startsWith("blobs/"))
        .startsWith("blobs/", "blobs/sha256/")
        .hasSizeGreaterThan(2);
  }

  @Nested
  class Reading {
    @Test
    void anyOrderOfEntriesWillDo() throws IOException {
      List<Map.Entry<String, byte[]>> entries = new ArrayList<>(Tars.read(sample()).entrySet());
      Collections.reverse(entries);
      Tars reversed = new Tars().directory("./").directory("./blobs/").fifo("./other");
      entries.forEach(entry -> reversed.file("./" + entry.getKey(), entry.getValue()));
      try (OciArchive archive = OciArchive.open(reversed.writeTo(file))) {
        assertSample(archive);
      }
    }

    @Test
    void aPlainFileIsReadWhereItIs() throws IOException {
      try (OciArchive archive = OciArchive.open(sample())) {
        assertThat(spooled.names()).isEmpty();
        assertSample(archive);
      }
    }

    @Test
    void aCompressedArchiveIsDecompressedOnce() throws IOException {
      Tars.write(file, Tars.gzip(Files.readAllBytes(sample())));
      try (OciArchive archive = OciArchive.open(file)) {
        Files.delete(file);
        assertSample(archive);
        assertSample(archive);
      }
    }

    @Test
    void aStreamIsReadAndNotClosed() throws IOException {
      byte[] content = Files.readAllBytes(sample());
      InputStream stream =
          new ByteArrayInputStream(content) {
            @Override
            public void close() throws IOException {
              throw new IOException("closed");
            }
          };
      Files.delete(file);
      try (OciArchive archive = OciArchive.open(stream)) {
        assertSample(archive);
      }
    }

    @Test
    void largeContentIsSkippedWithoutLosingTheNext() throws IOException {
      Map<String, byte[]> files = new LinkedHashMap<>();
      files.put("large-1", new byte[(1 << 20) + 1]);
      files.put("large-2", new byte[(1 << 20) + 512]);
      files.putAll(Tars.read(sample()));
      files.put("large-3", new byte[3 << 20]);
      try (OciArchive archive = OciArchive.open(new Tars().files(files).writeTo(file))) {
        assertSample(archive);
      }
    }

    @Test
    void aClosedArchiveIsNotRead() {
      OciArchive archive = OciArchive.open(sample());
      archive.close();
      assertFails(ErrorKind.UNAVAILABLE, () -> archive.resolve(APP), "closed", file.toString());
    }

    @Test
    void anInterruptedReaderEndsNoOther() throws IOException {
      try (OciArchive archive = OciArchive.open(sample());
          InputStream other = archive.blob(APP, Samples.manifest("one").layers().get(0))) {
        Thread.currentThread().interrupt();
        assertFails(
            ErrorKind.CANCELLED,
            () -> archive.manifest(APP, Samples.manifest("one").descriptor()),
            "interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(other.readAllBytes()).isEqualTo(Samples.layer("one"));
        assertSample(archive);
      }
    }

    @Test
    void anInterruptedSpoolLeavesNothing() throws IOException {
      byte[] content = Files.readAllBytes(sample());
      Thread.currentThread().interrupt();
      try {
        assertFails(ErrorKind.CANCELLED, () -> OciArchive.open(new ByteArrayInputStream(content)));
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }

  @Nested
  class Selecting implements ImageSelectionContract {
    @Override
    public void selecting(
        Consumer<ImageSink> content, Consumer<Function<String, Descriptor>> check) {
      try (OciArchive archive = OciArchive.open(write(content))) {
        check.accept(archive::select);
      }
    }

    @Test
    void anyTextIsAName() {
      try (ImageSink sink = OciArchive.create(file, "any text")) {
        Samples.put(sink, APP, "one");
        sink.commit();
      }
      try (OciArchive archive = OciArchive.open(file)) {
        assertThat(archive.index().manifests().get(0).annotations()).containsValue("any text");
        assertThat(archive.select("any text").digest()).isEqualTo(Samples.manifest("one").digest());
      }
    }
  }

  @Nested
  class Writing {
    @Test
    void equalImagesGiveEqualBytes() throws IOException {
      write(
          sink -> {
            Samples.put(sink, APP, "one");
            Samples.put(sink, APP.withTag("2"), "two");
          });
      byte[] first = Files.readAllBytes(file);
      write(
          sink -> {
            // The blobs in another order.
            Manifest two = Samples.manifest("two");
            sink.putBlob(APP, two.layers().get(0), new ByteArrayInputStream(Samples.layer("two")));
            Samples.put(sink, APP, "one");
            Samples.put(sink, APP.withTag("2"), "two");
          });
      assertThat(file).hasBinaryContent(first);
    }

    @Test
    void whatIsThereStaysUntilTheCommit() throws IOException {
      byte[] before = Files.readAllBytes(sample());
      try (ImageSink sink = OciArchive.create(file)) {
        Samples.put(sink, APP, "two");
        assertThat(file).hasBinaryContent(before);
      }
      assertThat(file).hasBinaryContent(before);
      write(sink -> Samples.put(sink, APP, "two"));
      try (OciArchive archive = OciArchive.open(file)) {
        assertThat(archive.select("").digest()).isEqualTo(Samples.manifest("two").digest());
      }
    }

    @Test
    void aLinkedArchiveIsReplacedWhereItIs() throws IOException {
      Path link = Files.createSymbolicLink(temporary.resolve("link"), sample());
      try (ImageSink sink = OciArchive.create(link)) {
        Samples.put(sink, APP, "two");
        sink.commit();
      }
      assertThat(Files.isSymbolicLink(link)).isTrue();
      try (OciArchive archive = OciArchive.open(file)) {
        assertThat(archive.select("").digest()).isEqualTo(Samples.manifest("two").digest());
      }
    }

    @Test
    void anInterruptedCommitLeavesWhatIsThere() throws IOException {
      byte[] before = Files.readAllBytes(sample());
      try (ImageSink sink = OciArchive.create(file)) {
        Samples.put(sink, APP, "two");
        Thread.currentThread().interrupt();
        assertFails(ErrorKind.CANCELLED, sink::commit, file.toString());
        assertThat(Thread.interrupted()).isTrue();
        assertThat(file).hasBinaryContent(before);
      }
    }

    @Test
    void whatKilledWritersLeftIsSweptAndNothingElse() throws IOException {
      Path empty = Files.createDirectory(temporary.resolve(".runcible-archive-1"));
      Path full = Files.createDirectory(temporary.resolve(".runcible-archive-2"));
      Files.writeString(full.resolve(".lock"), "");
      Files.writeString(full.resolve("sha256-1"), "half");
      Path secret = Files.createDirectory(temporary.resolve("secret"));
      Files.writeString(secret.resolve(".lock"), "mine");
      Path link = Files.createSymbolicLink(temporary.resolve(".runcible-archive-3"), secret);
      Path other = Files.writeString(temporary.resolve(".runcible-archive-4"), "file");
      try (ImageSink living = OciArchive.create(temporary.resolve("living.tar"))) {
        Samples.put(living, APP, "two");
        sample();
        living.commit();
      }
      assertThat(empty).doesNotExist();
      assertThat(full).doesNotExist();
      assertThat(secret.resolve(".lock")).hasContent("mine");
      Files.delete(link);
      Files.delete(other);
      assertThat(Tars.names(temporary)).containsExactly("images.tar", "living.tar", "secret");
    }

    @Test
    void anIndexHasOneEntry() {
      ImageIndex[] written = new ImageIndex[1];
      write(sink -> written[0] = Samples.putIndex(sink, APP, "one"));
      try (OciArchive archive = OciArchive.open(file)) {
        assertThat(archive.index().manifests()).hasSize(1);
        assertThat(archive.select("").digest()).isEqualTo(written[0].digest());
      }
    }

    @Test
    void onlyAFileCanBeWritten() throws IOException {
      Path directory = Files.createDirectory(temporary.resolve("directory"));
      assertFails(
          ErrorKind.INVALID_INPUT, () -> OciArchive.create(directory), directory.toString());
      Path nowhere = temporary.resolve("missing/images.tar");
      assertFails(ErrorKind.NOT_FOUND, () -> OciArchive.create(nowhere), nowhere.toString());
    }
  }

  @Nested
  class Hostile {
    private final Descriptor layer = Samples.manifest("one").layers().get(0);
    private final String layerName = "blobs/sha256/" + layer.digest().hex();

    private Map<String, byte[]> entries() {
      return Tars.read(sample());
    }

    private void assertRefused(ErrorKind kind, Tars tar, String... reasons) {
      tar.writeTo(file);
      assertFails(kind, () -> OciArchive.open(file).close(), reasons);
      assertFails(
          kind,
          () -> OciArchive.open(new ByteArrayInputStream(Files.readAllBytes(file))).close(),
          reasons);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/etc/passwd",
          "../escape",
          "blobs/../../escape",
          "..",
          "blobs//x",
          "blobs/./x",
        })
    void namesThatLeadOutAreRefused(String name) {
      assertRefused(
          ErrorKind.INVALID_INPUT, new Tars().files(entries()).file(name, "x"), name, "leads out");
    }

    @Test
    void aNameTwiceIsRefused() {
      assertRefused(
          ErrorKind.INVALID_INPUT,
          new Tars().files(entries()).file("./index.json", "{}"),
          "'index.json' twice");
    }

    @Test
    void linksAreNotFollowed() throws IOException {
      Map<String, byte[]> entries = entries();
      byte[] content = entries.remove(layerName);
      for (Tars tar :
          List.of(
              new Tars().files(entries).file("x", content).symlink(layerName, "../../x"),
              new Tars().files(entries).symlink(layerName, "/etc/passwd"),
              new Tars().files(entries).file("x", content).hardLink(layerName, "x"))) {
        try (OciArchive archive = OciArchive.open(tar.writeTo(file))) {
          assertFails(
              ErrorKind.INVALID_INPUT, () -> archive.blob(APP, layer), layerName, "no regular");
        }
      }
      byte[] index = entries.remove("index.json");
      assertRefused(
          ErrorKind.INVALID_INPUT,
          new Tars().files(entries).file("x", index).symlink("index.json", "x"),
          "index.json",
          "no regular file");
    }

    @Test
    void sparseFilesAreNotExpanded() {
      Map<String, byte[]> entries = entries();
      entries.remove(layerName);
      try (OciArchive archive =
          OciArchive.open(new Tars().files(entries).sparse(layerName, 100L << 30).writeTo(file))) {
        assertFails(ErrorKind.INVALID_INPUT, () -> archive.blob(APP, layer), layerName, "sparse");
      }
    }

    @Test
    void tooManyEntriesAreRefused() {
      Tars tar = new Tars().files(entries());
      for (int i = 0; i < TarMembers.MAX_ENTRIES; i++) {
        tar.file("f" + i, "");
      }
      assertRefused(ErrorKind.INVALID_INPUT, tar, "more than 100000 entries");
    }

    @Test
    void longNamesAreRefused() {
      assertRefused(
          ErrorKind.INVALID_INPUT,
          new Tars().files(entries()).file("x/".repeat(200), ""),
          "more than 255 bytes");
    }

    @Test
    void aHugeIndexIsNotRead() {
      Map<String, byte[]> entries = entries();
      entries.put("index.json", new byte[5 << 20]);
      assertRefused(ErrorKind.INVALID_INPUT, new Tars().files(entries), "index.json", "4194304");
    }

    @Test
    void aTruncatedArchiveIsCorrupt() throws IOException {
      Map<String, byte[]> entries = entries();
      entries.put("last", new byte[2 << 20]);
      byte[] whole = new Tars().files(entries).bytes();
      for (int length : new int[] {700, whole.length - (1 << 20)}) {
        Tars.write(file, java.util.Arrays.copyOf(whole, length));
        assertFails(
            ErrorKind.CORRUPT_DATA, () -> OciArchive.open(file), "truncated", file.toString());
      }
    }

    @Test
    void whatIsNoArchiveIsCorrupt() {
      Tars.write(file, "not an archive at all".repeat(100).getBytes(UTF_8));
      assertFails(ErrorKind.CORRUPT_DATA, () -> OciArchive.open(file), file.toString());
      Tars.write(file, new byte[0]);
      assertFails(ErrorKind.NOT_FOUND, () -> OciArchive.open(file), "not an OCI image layout");
      assertFails(ErrorKind.INVALID_INPUT, () -> OciArchive.open(temporary), "directory");
      assertFails(ErrorKind.NOT_FOUND, () -> OciArchive.open(temporary.resolve("none")), "none");
    }

    @Test
    void aDamagedLayerIsFoundWhenItIsRead() throws IOException {
      Map<String, byte[]> entries = entries();
      entries.get(layerName)[7] ^= 1;
      try (OciArchive archive = OciArchive.open(new Tars().files(entries).writeTo(file))) {
        Image image = Image.resolve(archive, APP, Samples.PLATFORM);
        assertFails(
            ErrorKind.CORRUPT_DATA,
            () -> {
              try (InputStream in = image.layers().get(0).compressed()) {
                in.readAllBytes();
              }
            },
            layer.digest().toString());
      }
    }

    @Test
    void aMissingLayerIsNamed() {
      Map<String, byte[]> entries = entries();
      entries.remove(layerName);
      try (OciArchive archive = OciArchive.open(new Tars().files(entries).writeTo(file))) {
        assertFails(ErrorKind.NOT_FOUND, () -> archive.blob(APP, layer), layer.digest().toString());
      }
    }

    @Test
    void aStreamIsKeptInNoFileThatHasAName() throws IOException {
      byte[] content = new Tars().files(entries()).bytes();
      try (OciArchive archive = OciArchive.open(new ByteArrayInputStream(content));
          InputStream first = archive.blob(APP, layer);
          InputStream second = archive.blob(APP, layer)) {
        assertThat(spooled.names()).isEmpty();
        int one = first.read();
        Thread.currentThread().interrupt();
        assertThatThrownBy(first::readAllBytes).isInstanceOf(ClosedByInterruptException.class);
        assertThat(Thread.interrupted()).isTrue();
        // Who is interrupted ends no other, and reading goes on where it was.
        byte[] whole = second.readAllBytes();
        assertThat(whole).hasSize((int) layer.size()).startsWith((byte) one);
        assertThat(first.readAllBytes()).isEqualTo(Arrays.copyOfRange(whole, 1, whole.length));
      }
    }

    @Test
    void aStreamIsReadWithinLimits() {
      byte[] content = new Tars().files(entries()).bytes();
      ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxTotalBytes(1000);
      assertFails(
          ErrorKind.INVALID_INPUT,
          () -> ArchiveFile.open("the stream", new ByteArrayInputStream(content), limits),
          "the stream",
          "more than 1000 bytes");
    }
  }
}
