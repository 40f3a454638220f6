package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageLayoutTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;
  private Path directory;
  private ImageLayout layout;

  @BeforeEach
  void create() {
    directory = temporary.resolve("layout");
    layout = ImageLayout.create(directory);
  }

  private JsonNode index() throws IOException {
    return new ObjectMapper().readTree(directory.resolve("index.json").toFile());
  }

  private void writeIndex(String json) throws IOException {
    Files.writeString(directory.resolve("index.json"), json);
  }

  private static String named(Descriptor descriptor, String name) {
    ImageIndex index =
        ImageIndex.of(
            List.of(descriptor.withAnnotations(Map.of("org.opencontainers.image.ref.name", name))),
            Map.of());
    String json = new String(index.raw(), UTF_8);
    return json.substring(json.indexOf('[') + 1, json.lastIndexOf(']'));
  }

  private Path blob(Digest digest) {
    return directory.resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
  }

  private List<String> rootNames() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
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
      content.accept(layout);
      return ImageLayout.open(directory);
    }
  }

  @Nested
  class AsASink implements ImageSinkContract {
    @Override
    public ImageSink sink() {
      return layout;
    }

    @Override
    public ImageSource written() {
      return layout;
    }
  }

  @Nested
  class Opening {
    @Test
    void aNewLayoutIsEmptyAndValid() throws IOException {
      assertThat(directory.resolve("oci-layout")).hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
      assertThat(index().get("schemaVersion").asInt()).isEqualTo(2);
      assertThat(index().get("manifests")).isEmpty();
      assertThat(directory.resolve("blobs/sha256")).isDirectory();
      assertThat(ImageLayout.open(directory).index().manifests()).isEmpty();
    }

    @Test
    void creatingAgainOpens() {
      Samples.put(layout, APP, "one");
      assertThat(ImageLayout.create(directory).resolve(APP).digest())
          .isEqualTo(Samples.manifest("one").digest());
    }

    @Test
    void creatingFinishesWhatAKilledCreationLeft() throws IOException {
      Files.delete(directory.resolve("oci-layout"));
      Files.delete(directory.resolve("index.json"));
      assertThat(ImageLayout.create(directory).index().manifests()).isEmpty();
    }

    @Test
    void aLinkToADirectoryIsADirectory() throws IOException {
      Path link = Files.createSymbolicLink(temporary.resolve("link"), directory);
      assertThat(ImageLayout.create(link).directory()).isEqualTo(directory.toRealPath());
      Samples.put(ImageLayout.open(link), APP, "one");
      assertThat(layout.resolve(APP)).isNotNull();
    }

    @Test
    void otherFilesAreNotTakenOver() throws IOException {
      Path other = Files.createDirectory(temporary.resolve("other"));
      Files.writeString(other.resolve("precious"), "x");
      assertFails(ErrorKind.FAILED_PRECONDITION, () -> ImageLayout.create(other), other.toString());
      assertThat(other.resolve("precious")).hasContent("x");
      assertThat(other.resolve("oci-layout")).doesNotExist();
    }

    @Test
    void whatIsNoLayoutIsNotOpened() throws IOException {
      Path none = temporary.resolve("none");
      assertFails(ErrorKind.NOT_FOUND, () -> ImageLayout.open(none), none.toString());
      Files.createDirectory(none);
      assertFails(ErrorKind.NOT_FOUND, () -> ImageLayout.open(none), "not an OCI image layout");
      assertThat(none).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "{\"imageLayoutVersion\":\"2.0.0\"}|UNSUPPORTED|not of version 1",
          "{\"imageLayoutVersion\":1}|INVALID_INPUT|names no version",
          "{}|INVALID_INPUT|names no version",
          "[]|INVALID_INPUT|names no version",
          "{|INVALID_INPUT|not valid JSON",
        })
    void theVersionIsChecked(String content, ErrorKind kind, String reason) throws IOException {
      Files.writeString(directory.resolve("oci-layout"), content);
      assertFails(kind, () -> ImageLayout.open(directory), reason, directory.toString());
    }

    @Test
    void laterMinorVersionsAreCompatible() throws IOException {
      Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\": \"1.1.0\"}\n");
      assertThat(ImageLayout.open(directory).index().manifests()).isEmpty();
    }

    @Test
    void hugeFilesAreNotRead() throws IOException {
      Files.writeString(directory.resolve("oci-layout"), " ".repeat(5000));
      assertFails(ErrorKind.INVALID_INPUT, () -> ImageLayout.open(directory), "more than 4096");
      Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
      writeIndex(" ".repeat(Manifest.MAX_SIZE + 1));
      assertFails(ErrorKind.INVALID_INPUT, () -> ImageLayout.open(directory), "more than 4194304");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "{}",
          "[]",
          "{\"schemaVersion\":2,\"layers\":[]}",
          "{\"schemaVersion\":2,\"manifests\":[{}]}",
          "{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}"
        })
    void anInvalidIndexIsNamed(String json) throws IOException {
      writeIndex(json);
      assertFails(ErrorKind.INVALID_INPUT, () -> ImageLayout.open(directory), "index.json");
    }
  }

  @Nested
  class Selecting implements ImageSelectionContract {
    @Override
    public void selecting(
        Consumer<ImageSink> content, Consumer<Function<String, Descriptor>> check) {
      content.accept(layout);
      check.accept(layout::select);
    }
  }

  @Nested
  class Names {
    private final Descriptor one = Samples.manifest("one").descriptor();
    private final Descriptor two = Samples.manifest("two").descriptor();

    private void entries(String... entries) throws IOException {
      writeIndex("{\"schemaVersion\":2,\"manifests\":[" + String.join(",", entries) + "]}");
    }

    @Test
    void theFullNameIsWritten() throws IOException {
      Samples.put(layout, ImageReference.parse("redis"), "one");
      assertThat(index().at("/manifests/0/annotations").toString())
          .isEqualTo("{\"org.opencontainers.image.ref.name\":\"docker.io/library/redis:latest\"}");
    }

    @Test
    void aTagAloneServesAnyRepository() throws IOException {
      entries(named(one, "1"));
      assertThat(layout.resolve(APP).digest()).isEqualTo(one.digest());
      assertThat(layout.tags(APP)).containsExactly("1");
    }

    @Test
    void theFullNameGoesFirst() throws IOException {
      entries(named(one, "1"), named(two, APP.toString()));
      assertThat(layout.resolve(APP).digest()).isEqualTo(two.digest());
      assertThat(layout.tags(APP)).containsExactly("1");
    }

    @Test
    void aNameTwiceIsAmbiguousUnlessItIsTheSameImage() throws IOException {
      entries(named(one, "1"), named(two, "1"));
      assertFails(ErrorKind.INVALID_INPUT, () -> layout.resolve(APP), "ambiguous");
      assertThat(layout.resolve(Samples.byDigest(APP, two.digest())).digest())
          .isEqualTo(two.digest());
      entries(named(one, "1"), named(one, "1"));
      assertThat(layout.resolve(APP).digest()).isEqualTo(one.digest());
    }

    @Test
    void theNamesThereAreAreShown() throws IOException {
      entries(named(one, "a"), named(two, "b\nc"));
      assertFails(ErrorKind.NOT_FOUND, () -> layout.resolve(APP), APP.toString(), "a, b?c");
      entries();
      assertFails(ErrorKind.NOT_FOUND, () -> layout.resolve(APP), "nor any other");
    }

    @Test
    void fieldsOfOtherToolsAreKept() throws IOException {
      String other = named(two, "x").replace("\"size\"", "\"data\":\"eA==\",\"size\"");
      writeIndex(
          "{\"schemaVersion\":2,\"manifests\":["
              + other
              + "],\"annotations\":{\"a\":\"b\"},"
              + "\"unknown\":{\"n\":[1]}}");
      Samples.put(layout, APP, "one");
      assertThat(index().at("/manifests/0/data").asText()).isEqualTo("eA==");
      assertThat(index().at("/annotations/a").asText()).isEqualTo("b");
      assertThat(index().at("/unknown/n/0").asInt()).isEqualTo(1);
      assertThat(layout.resolve(APP).digest()).isEqualTo(one.digest());
    }

    @Test
    void aMovedTagLeavesOneEntry() throws IOException {
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP, "two");
      assertThat(index().get("manifests")).hasSize(1);
    }

    @Test
    void anEntryWithoutNameGetsOne() throws IOException {
      Samples.put(layout, Samples.byDigest(APP, one.digest()), "one");
      Samples.put(layout, Samples.byDigest(APP, one.digest()), "one");
      assertThat(index().get("manifests")).hasSize(1);
      Samples.put(layout, APP, "one");
      assertThat(index().get("manifests")).hasSize(1);
      assertThat(layout.resolve(APP).digest()).isEqualTo(one.digest());
    }

    @Test
    void thePartsOfAnIndexAreNoEntries() throws IOException {
      ImageIndex written = Samples.putIndex(layout, APP, "one");
      assertThat(index().get("manifests")).hasSize(1);
      assertThat(index().at("/manifests/0/digest").asText()).isEqualTo(written.digest().toString());
    }

    @Test
    void anIndexThatWouldGrowTooLargeIsNotWritten() throws IOException {
      String before =
          "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{\"a\":\""
              + "x".repeat(Manifest.MAX_SIZE - 100)
              + "\"}}";
      writeIndex(before);
      assertFails(ErrorKind.INVALID_INPUT, () -> Samples.put(layout, APP, "one"), "index.json");
      assertThat(directory.resolve("index.json")).hasContent(before);
    }
  }

  @Nested
  class HostileFiles {
    private final Descriptor layer = Samples.manifest("one").layers().get(0);
    private final Descriptor manifest = Samples.manifest("one").descriptor();

    private void assertRefused(String reason) {
      assertFails(
          ErrorKind.INVALID_INPUT, () -> layout.blob(APP, layer), layer.digest().hex(), reason);
      assertThat(layout.hasBlob(APP, layer)).isFalse();
    }

    @Test
    void linksAreNotFollowed() throws IOException {
      Path secret = Files.write(temporary.resolve("secret"), Samples.layer("one"));
      Files.createSymbolicLink(blob(layer.digest()), secret);
      assertRefused("not a regular file");
      Path index = Files.move(directory.resolve("index.json"), temporary.resolve("index"));
      Files.createSymbolicLink(directory.resolve("index.json"), index);
      assertFails(ErrorKind.INVALID_INPUT, () -> layout.resolve(APP), "not a regular file");
    }

    @Test
    void directoriesAreNotRead() throws IOException {
      Files.createDirectory(blob(layer.digest()));
      assertRefused("not a regular file");
    }

    @Test
    void aLinkInPlaceOfABlobIsReplacedNotWrittenThrough() throws IOException {
      Path secret = Files.writeString(temporary.resolve("secret"), "mine");
      Files.createSymbolicLink(blob(layer.digest()), secret);
      layout.putBlob(APP, layer, new ByteArrayInputStream(Samples.layer("one")));
      assertThat(secret).hasContent("mine");
      assertThat(Files.isRegularFile(blob(layer.digest()), LinkOption.NOFOLLOW_LINKS)).isTrue();
    }

    @Test
    void aLinkInPlaceOfTheLockIsRefused() throws IOException {
      Path secret = temporary.resolve("secret");
      Files.deleteIfExists(directory.resolve(LayoutLock.FILE_NAME));
      Files.createSymbolicLink(directory.resolve(LayoutLock.FILE_NAME), secret);
      assertFails(ErrorKind.UNAVAILABLE, () -> Samples.put(layout, APP, "one"));
      assertThat(secret).doesNotExist();
    }

    @Test
    void aDamagedManifestIsRefused() throws IOException {
      Samples.put(layout, APP, "one");
      Files.write(blob(manifest.digest()), Samples.manifest("two").raw());
      assertFails(
          ErrorKind.CORRUPT_DATA,
          () -> layout.manifest(APP, manifest),
          manifest.digest().toString());
      ImageReference pinned = Samples.byDigest(APP, manifest.digest());
      Files.writeString(directory.resolve("index.json"), "{\"schemaVersion\":2,\"manifests\":[]}");
      assertFails(ErrorKind.CORRUPT_DATA, () -> layout.resolve(pinned));
    }

    @Test
    void aHugeManifestIsNotRead() throws IOException {
      Files.writeString(blob(manifest.digest()), " ".repeat(Manifest.MAX_SIZE + 1));
      assertFails(ErrorKind.INVALID_INPUT, () -> layout.manifest(APP, manifest), "4194304");
    }

    @Test
    void aBlobIsNoManifest() {
      layout.putBlob(APP, layer, new ByteArrayInputStream(Samples.layer("one")));
      assertFails(
          ErrorKind.INVALID_INPUT, () -> layout.resolve(Samples.byDigest(APP, layer.digest())));
    }

    @Test
    void aDamagedBlobIsHealedByPuttingItAgain() throws IOException {
      Samples.put(layout, APP, "one");
      byte[] damaged = Samples.layer("one");
      damaged[5] ^= 1;
      Files.write(blob(layer.digest()), damaged);
      layout.putBlob(APP, layer, new ByteArrayInputStream(Samples.layer("one")));
      assertThat(blob(layer.digest())).hasBinaryContent(Samples.layer("one"));
    }
  }

  @Nested
  class Writing {
    private final Descriptor layer = Samples.manifest("one").layers().get(0);

    @Test
    void nothingTemporaryStays() throws IOException {
      Samples.putIndex(layout, APP, "one");
      InputStream broken =
          new InputStream() {
            private int count;

            @Override
            public int read() throws IOException {
              if (count++ < 100) {
                return 't';
              }
              throw new IOException("connection reset");
            }
          };
      assertFails(
          ErrorKind.UNAVAILABLE,
          () -> layout.putBlob(APP, layer, broken),
          layer.digest().toString(),
          "connection reset");
      assertThat(rootNames())
          .containsExactly(LayoutLock.FILE_NAME, "blobs", "index.json", "oci-layout");
    }

    @Test
    void aBlobIsInvisibleUntilItIsWhole() throws Exception {
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch released = new CountDownLatch(1);
      InputStream slow =
          new InputStream() {
            private final InputStream content = new ByteArrayInputStream(Samples.layer("one"));

            @Override
            public int read() {
              throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
              int count = content.read(buffer, offset, Math.min(length, 1000));
              begun.countDown();
              try {
                released.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
              return count;
            }
          };
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        Descriptor descriptor = layer;
        Future<?> writing = thread.submit(() -> layout.putBlob(APP, descriptor, wrap(slow)));
        begun.await();
        assertThat(layout.hasBlob(APP, layer)).isFalse();
        Samples.put(ImageLayout.create(directory), APP, "two");
        assertThat(rootNames()).anyMatch(name -> name.endsWith(".part"));
        released.countDown();
        writing.get();
        assertThat(layout.hasBlob(APP, layer)).isTrue();
      } finally {
        released.countDown();
        thread.shutdownNow();
      }
    }

    private InputStream wrap(InputStream slow) {
      return new InputStream() {
        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return slow.read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
          return slow.read(buffer, offset, length);
        }
      };
    }

    @Test
    void whatAKilledWriterLeftIsSwept() throws IOException {
      Path left = Files.writeString(directory.resolve(".runcible-1234.part"), "half");
      Path secret = Files.writeString(temporary.resolve("secret"), "mine");
      Path link = Files.createSymbolicLink(directory.resolve(".runcible-5.part"), secret);
      Samples.put(ImageLayout.open(directory), APP, "one");
      assertThat(left).doesNotExist();
      assertThat(secret).hasContent("mine");
      assertThat(Files.isSymbolicLink(link)).isTrue();
    }

    @Test
    void concurrentWritersLoseNothing() throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Callable<Manifest>> writes =
            IntStream.range(0, 40)
                .<Callable<Manifest>>mapToObj(
                    i ->
                        () ->
                            Samples.put(
                                ImageLayout.open(directory), APP.withTag("t" + i), "i" + i % 7))
                .toList();
        for (Future<Manifest> write : threads.invokeAll(writes)) {
          write.get();
        }
      } finally {
        threads.shutdownNow();
      }
      assertThat(layout.tags(APP)).hasSize(40);
      assertThat(layout.index().manifests()).hasSize(40);
      assertThat(rootNames())
          .containsExactly(LayoutLock.FILE_NAME, "blobs", "index.json", "oci-layout");
    }

    @Test
    void anInterruptCancels() {
      Thread.currentThread().interrupt();
      try {
        assertFails(ErrorKind.CANCELLED, () -> Samples.put(layout, APP, "one"), "interrupted");
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      Samples.put(layout, APP, "one");
    }

    @Test
    void aSha512HasItsOwnDirectory() {
      byte[] content = Samples.layer("x");
      Digest digest =
          new Digest("sha512", "0".repeat(128))
              .hasher()
              .update(content, 0, content.length)
              .finish();
      Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER_GZIP, digest, content.length);
      layout.putBlob(APP, descriptor, new ByteArrayInputStream(content));
      assertThat(directory.resolve("blobs/sha512").resolve(digest.hex())).isRegularFile();
    }
  }
}
