package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.Layer;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DockerArchiveTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;
  private Path file;

  @BeforeEach
  void name() {
    file = temporary.resolve("images.tar");
  }

  @AfterEach
  void nothingTemporaryStays() {
    assertThat(Tars.names(temporary)).noneMatch(name -> name.startsWith(".runcible-"));
  }

  private Path write(Consumer<ImageSink> content) {
    try (ImageSink sink = DockerArchive.create(file)) {
      content.accept(sink);
      sink.commit();
    }
    return file;
  }

  private Path sample() {
    return write(sink -> Samples.put(sink, APP, "one"));
  }

  private static ImageConfig config(Digest... diffIds) {
    return ImageConfig.builder(Samples.PLATFORM).command("x").diffIds(List.of(diffIds)).build();
  }

  private static String manifest(String config, String tags, String... layers) {
    return "[{\"Config\":\""
        + config
        + "\",\"RepoTags\":"
        + tags
        + ",\"Layers\":[\""
        + String.join("\",\"", layers)
        + "\"],\"LayerSources\":{\"unknown\":1}}]";
  }

  private static byte[] read(Layer layer) throws IOException {
    try (InputStream in = layer.compressed()) {
      return in.readAllBytes();
    }
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .message()
        .satisfies(message -> assertThat(reasons).allMatch(message::contains));
  }

  private static void assertNoIndex(ImageSink sink) {
    assertFails(
        ErrorKind.UNSUPPORTED,
        () -> Samples.putIndex(sink, APP, "one"),
        APP.toString(),
        "one platform");
  }

  @Nested
  class AsASource implements ImageSourceContract {
    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      return DockerArchive.open(write(content));
    }

    /** There is no place for one. */
    @Override
    @Test
    public void theManifestsOfAnIndexAreThere() {
      write(DockerArchiveTest::assertNoIndex);
    }

    @Override
    @Test
    public void severalThreadsMayRead() throws Exception {
      write(sink -> Samples.put(sink, APP, "one"));
      List<Thread> threads = new ArrayList<>();
      List<byte[]> layers = java.util.Collections.synchronizedList(new ArrayList<>());
      try (DockerArchive archive = DockerArchive.open(file)) {
        for (int i = 0; i < 8; i++) {
          threads.add(
              new Thread(
                  () -> {
                    try {
                      layers.add(
                          read(Image.resolve(archive, APP, Samples.PLATFORM).layers().get(0)));
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
          thread.join();
        }
      }
      assertThat(layers)
          .hasSize(8)
          .allSatisfy(layer -> assertThat(layer).isEqualTo(Samples.layer("one")));
    }
  }

  @Nested
  class AsASink implements ImageSinkContract {
    private ImageSink sink;
    private final List<ImageSource> opened = new ArrayList<>();

    @BeforeEach
    void create() {
      sink = DockerArchive.create(file);
    }

    @AfterEach
    void close() {
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
      opened.add(DockerArchive.open(file));
      return opened.get(opened.size() - 1);
    }

    @Override
    @Test
    public void anIndexIsWritten() {
      assertNoIndex(sink);
    }
  }

  @Nested
  class Selecting implements ImageSelectionContract {
    @Override
    public void selecting(
        Consumer<ImageSink> content, Consumer<Function<String, Descriptor>> check) {
      try (DockerArchive archive = DockerArchive.open(write(content))) {
        check.accept(archive::select);
      }
    }
  }

  @Nested
  class Reading {
    private final byte[] layer = Samples.layer("x");
    private final ImageConfig config = config(Digest.sha256(layer));
    private final String configName = config.descriptor().digest().hex() + ".json";

    private void assertRead(Tars tar, String mediaType, byte[] stored) throws IOException {
      try (DockerArchive archive = DockerArchive.open(tar.writeTo(file))) {
        Image image = Image.resolve(archive, APP, Samples.PLATFORM);
        assertThat(image.config().raw()).isEqualTo(config.raw());
        assertThat(image.manifest().mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
        assertThat(image.manifest().layers()).containsExactly(Descriptor.of(mediaType, stored));
        assertThat(read(image.layers().get(0))).isEqualTo(stored);
      }
    }

    @Test
    void linkedLayersOfOlderVersions() throws IOException {
      Tars tar =
          new Tars()
              .file(DockerImages.FILE, manifest(configName, "[\"" + APP + "\"]", "b/layer.tar"))
              .directory("a/")
              .symlink("b/layer.tar", "../a/layer.tar")
              .file("b/VERSION", "1.0")
              .file("a/layer.tar", layer)
              .file(configName, config.raw())
              .file("repositories", "{}");
      assertRead(tar, MediaType.OCI_LAYER, layer);
    }

    @Test
    void layersThatAreBlobsOfALayout() throws IOException {
      String name = "blobs/sha256/" + Digest.sha256(layer).hex();
      String configBlob = "blobs/sha256/" + config.descriptor().digest().hex();
      Tars tar =
          new Tars()
              .file(name, layer)
              .file(configBlob, config.raw())
              .file("oci-layout", LayoutVersion.CURRENT)
              .file("index.json", ImageIndex.of(List.of(), Map.of()).raw())
              .file(DockerImages.FILE, manifest(configBlob, "[\"" + APP + "\"]", name));
      assertRead(tar, MediaType.OCI_LAYER, layer);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void compressedLayersAreServedAsTheyAre(boolean named) throws IOException {
      byte[] stored = Tars.gzip(layer);
      String name = named ? "blobs/sha256/" + Digest.sha256(stored).hex() : "layer.tar";
      Tars tar =
          new Tars()
              .file(name, stored)
              .file("c", config.raw())
              .file(DockerImages.FILE, manifest("c", "[\"" + APP + "\"]", name));
      assertRead(tar, MediaType.OCI_LAYER_GZIP, stored);
    }

    @Test
    void compressedArchivesAndStreams() throws IOException {
      byte[] content = Tars.gzip(Files.readAllBytes(sample()));
      try (DockerArchive archive = DockerArchive.open(new ByteArrayInputStream(content))) {
        assertThat(archive.resolve(APP).digest()).isEqualTo(Samples.manifest("one").digest());
      }
    }

    @Test
    void shortTagsAreExpanded() {
      Tars tar =
          new Tars()
              .file("c", config.raw())
              .file("l", layer)
              .file(DockerImages.FILE, manifest("c", "[\"redis:7\",\"Not a reference\"]", "l"));
      try (DockerArchive archive = DockerArchive.open(tar.writeTo(file))) {
        assertThat(archive.names())
            .containsExactly(List.of("docker.io/library/redis:7", "Not a reference"));
        Descriptor image = archive.resolve(ImageReference.parse("redis:7"));
        assertThat(archive.select("redis:7")).isEqualTo(image);
        assertThat(archive.select("Not a reference")).isEqualTo(image);
        assertThat(archive.select("").digest()).isEqualTo(image.digest());
      }
    }

    @Test
    void aDamagedImageDoesNotHideAnother() {
      Manifest one = Samples.manifest("one");
      Tars tar =
          new Tars()
              .file("c", Samples.config("one").raw())
              .file("l", Samples.layer("one"))
              .file(
                  DockerImages.FILE,
                  "[{\"Config\":\"gone\",\"Layers\":[]},"
                      + manifest("c", "[\"" + APP + "\"]", "l").substring(1));
      try (DockerArchive archive = DockerArchive.open(tar.writeTo(file))) {
        Descriptor image = archive.select("@1");
        assertThat(image.digest()).isEqualTo(one.digest());
        assertThat(archive.resolve(APP.withDigest(image.digest())).digest())
            .isEqualTo(one.digest());
        assertFails(ErrorKind.CORRUPT_DATA, () -> archive.select("@0"), "gone");
      }
    }
  }

  @Nested
  class Writing {
    @Test
    void layersAreStoredUncompressed() {
      byte[] plain = Samples.layer("one");
      byte[] stored = Tars.gzip(plain);
      ImageConfig config = Samples.config("one");
      Manifest manifest =
          Manifest.of(
              config.descriptor(),
              List.of(Descriptor.of(MediaType.OCI_LAYER_GZIP, stored)),
              Map.of());
      write(
          sink -> {
            Descriptor layer = manifest.layers().get(0);
            sink.putBlob(APP, layer, new ByteArrayInputStream(stored));
            sink.putBlob(APP, manifest.config(), new ByteArrayInputStream(config.raw()));
            assertThat(sink.hasBlob(APP, layer)).isTrue();
            sink.putManifest(APP, manifest.descriptor(), manifest.raw());
          });
      Map<String, byte[]> entries = Tars.read(file);
      String layerName = Digest.sha256(plain).hex() + ".tar";
      String configName = config.descriptor().digest().hex() + ".json";
      assertThat(entries.keySet()).containsExactly(DockerImages.FILE, configName, layerName);
      assertThat(entries.get(layerName)).isEqualTo(plain);
      assertThat(entries.get(configName)).isEqualTo(config.raw());
      assertThat(new String(entries.get(DockerImages.FILE), UTF_8))
          .isEqualTo(
              "[{\"Config\":\""
                  + configName
                  + "\",\"RepoTags\":[\""
                  + APP
                  + "\"],\"Layers\":[\""
                  + layerName
                  + "\"]}]");
    }

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
            Samples.put(sink, APP.withTag("2"), "two");
            Samples.put(sink, APP, "one");
          });
      assertThat(file).hasBinaryContent(first);
    }

    @Test
    void oneImageWithTwoTagsIsStoredOnce() {
      write(
          sink -> {
            Samples.put(sink, APP, "one");
            Samples.put(sink, APP.withTag("2"), "one");
          });
      assertThat(Tars.read(file)).hasSize(3);
      try (DockerArchive archive = DockerArchive.open(file)) {
        assertThat(archive.names())
            .containsExactly(List.of(APP.toString(), APP.withTag("2").toString()));
      }
    }

    @Test
    void whatIsThereStaysUntilTheCommit() throws IOException {
      byte[] before = Files.readAllBytes(sample());
      try (ImageSink sink = DockerArchive.create(file)) {
        Samples.put(sink, APP, "two");
      }
      assertThat(file).hasBinaryContent(before);
    }

    @Test
    void aConfigurationThatLiesAboutItsLayersIsRefused() {
      byte[] layer = Samples.layer("x");
      ImageConfig config = config(Digest.sha256("other".getBytes(UTF_8)));
      Manifest manifest =
          Manifest.of(
              config.descriptor(), List.of(Descriptor.of(MediaType.OCI_LAYER, layer)), Map.of());
      try (ImageSink sink = DockerArchive.create(file)) {
        sink.putBlob(APP, manifest.layers().get(0), new ByteArrayInputStream(layer));
        sink.putBlob(APP, manifest.config(), new ByteArrayInputStream(config.raw()));
        assertFails(
            ErrorKind.CORRUPT_DATA,
            () -> sink.putManifest(APP, manifest.descriptor(), manifest.raw()),
            APP.toString(),
            Digest.sha256(layer).toString());
      }
    }

    @Test
    void theLayersComeBeforeTheManifest() {
      Manifest manifest = Samples.manifest("one");
      try (ImageSink sink = DockerArchive.create(file)) {
        assertFails(
            ErrorKind.FAILED_PRECONDITION,
            () -> sink.putManifest(APP, manifest.descriptor(), manifest.raw()),
            manifest.config().digest().toString());
      }
    }

    @Test
    void anArtifactIsNoImage() {
      Descriptor empty = Descriptor.of(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8));
      Manifest manifest = Manifest.of(empty, List.of(), Map.of());
      try (ImageSink sink = DockerArchive.create(file)) {
        sink.putBlob(APP, empty, new ByteArrayInputStream("{}".getBytes(UTF_8)));
        assertFails(
            ErrorKind.UNSUPPORTED,
            () -> sink.putManifest(APP, manifest.descriptor(), manifest.raw()),
            "artifact");
      }
    }

    @Test
    void damagedCompressionIsNamed() {
      byte[] broken = Tars.gzip(Samples.layer("x"));
      broken[broken.length / 2] ^= 1;
      Descriptor layer = Descriptor.of(MediaType.OCI_LAYER_GZIP, broken);
      try (ImageSink sink = DockerArchive.create(file)) {
        assertFails(
            ErrorKind.CORRUPT_DATA,
            () -> sink.putBlob(APP, layer, new ByteArrayInputStream(broken)),
            layer.digest().toString(),
            "gzip");
        assertThat(sink.hasBlob(APP, layer)).isFalse();
      }
    }

    @Test
    void whatIsNoLayerIsSmall() {
      Descriptor large =
          Descriptor.of(
              MediaType.OCI_CONFIG, Digest.sha256(new byte[0]), ImageConfig.MAX_SIZE + 1L);
      try (ImageSink sink = DockerArchive.create(file)) {
        assertFails(
            ErrorKind.INVALID_INPUT,
            () -> sink.putBlob(APP, large, InputStream.nullInputStream()),
            large.digest().toString());
      }
    }
  }

  @Nested
  class Hostile {
    private final byte[] layer = Samples.layer("x");
    private final ImageConfig config = config(Digest.sha256(layer));

    private DockerArchive open(String manifest) {
      return DockerArchive.open(
          new Tars()
              .file("c", config.raw())
              .file("l", layer)
              .file(DockerImages.FILE, manifest)
              .writeTo(file));
    }

    private void assertUnresolved(String manifest, String reason) {
      try (DockerArchive archive = open(manifest)) {
        assertFails(ErrorKind.CORRUPT_DATA, () -> archive.resolve(APP), reason, file.toString());
      }
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '\0',
        value = {
          "{}|not a JSON array",
          "[|not valid JSON",
          "[1]|without 'Config'",
          "[{}]|without 'Config'",
          "[{\"Config\":\"c\",\"Config\":\"d\"}]|not valid JSON",
          "[{\"Config\":\"c\",\"Layers\":[1]}]|'Layers'",
          "[{\"Config\":\"c\",\"Layers\":{\"a\":\"l\"}}]|'Layers'",
          "[{\"Config\":\"c\",\"RepoTags\":[null]}]|'RepoTags'",
        })
    void anInvalidManifestIsNamed(String manifest, String reason) {
      assertFails(ErrorKind.INVALID_INPUT, () -> open(manifest), "manifest.json", reason);
    }

    @Test
    void aDeepManifestIsRefused() {
      assertFails(
          ErrorKind.INVALID_INPUT, () -> open("[".repeat(100_000)), "manifest.json", "nesting");
    }

    @Test
    void aHugeManifestIsNotRead() {
      byte[] huge = new Tars().file(DockerImages.FILE, new byte[8 << 20]).bytes();
      Tars.write(file, huge);
      assertFails(ErrorKind.INVALID_INPUT, () -> DockerArchive.open(file), "4194304");
      byte[] packed = Tars.gzip(huge);
      assertFails(
          ErrorKind.INVALID_INPUT,
          () -> DockerArchive.open(new ByteArrayInputStream(packed)),
          "4194304");
    }

    @Test
    void tooManyLayersAreRefused() {
      String[] layers = new String[Manifest.MAX_LAYERS + 1];
      java.util.Arrays.fill(layers, "l");
      assertFails(
          ErrorKind.INVALID_INPUT, () -> open(manifest("c", "null", layers)), "too many layers");
    }

    @Test
    void whatIsMissingIsNamed() {
      String tags = "[\"" + APP + "\"]";
      assertUnresolved(manifest("none", tags, "l"), "none");
      assertUnresolved(manifest("c", tags, "none"), "none");
      assertUnresolved(manifest("c", tags, "/etc/passwd"), "/etc/passwd");
      assertUnresolved(manifest("c", tags, "../l"), "../l");
      assertUnresolved(manifest("c", tags, "l", "l"), "2 layers");
    }

    @Test
    void linksOutOfTheArchiveAreNotFollowed() {
      for (String target : List.of("/etc/passwd", "../../l", "../a/../l", "layer.tar")) {
        Tars tar =
            new Tars()
                .file("c", config.raw())
                .file("l", layer)
                .symlink("a/layer.tar", target)
                .file(DockerImages.FILE, manifest("c", "[\"" + APP + "\"]", "a/layer.tar"));
        try (DockerArchive archive = DockerArchive.open(tar.writeTo(file))) {
          assertThatThrownBy(() -> archive.resolve(APP))
              .isInstanceOf(RuncibleException.class)
              .hasMessageContaining(file.toString());
        }
      }
    }

    @Test
    void aConfigurationUnderAFalseNameIsRefused() {
      String name = "0".repeat(64) + ".json";
      Tars tar =
          new Tars()
              .file(name, config.raw())
              .file("l", layer)
              .file(DockerImages.FILE, manifest(name, "[\"" + APP + "\"]", "l"));
      try (DockerArchive archive = DockerArchive.open(tar.writeTo(file))) {
        assertFails(ErrorKind.CORRUPT_DATA, () -> archive.resolve(APP), name);
      }
    }

    @Test
    void aLayerOfAnotherDiffIdIsFoundWhenItIsRead() {
      Map<String, byte[]> entries = new LinkedHashMap<>();
      entries.put("c", config.raw());
      entries.put("l", Samples.layer("y"));
      entries.put(DockerImages.FILE, manifest("c", "[\"" + APP + "\"]", "l").getBytes(UTF_8));
      try (DockerArchive archive = DockerArchive.open(new Tars().files(entries).writeTo(file))) {
        Image image = Image.resolve(archive, APP, Samples.PLATFORM);
        assertFails(
            ErrorKind.CORRUPT_DATA,
            () -> read(image.layers().get(0)),
            Digest.sha256(layer).toString());
      }
    }

    @Test
    void anotherArchiveIsNone() {
      new Tars().file("x", "y").writeTo(file);
      assertFails(
          ErrorKind.NOT_FOUND,
          () -> DockerArchive.open(file),
          "not one of Docker",
          "manifest.json");
    }
  }
}
