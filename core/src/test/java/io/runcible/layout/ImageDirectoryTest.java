package io.runcible.layout;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
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
import java.nio.file.Path;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageDirectoryTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");
  private static final String VERSION = "Directory Transport Version: 1.1\n";

  @TempDir Path temporary;
  private Path root;
  private ImageDirectory directory;

  @BeforeEach
  void create() {
    root = temporary.resolve("image");
    directory = ImageDirectory.create(root);
  }

  private static String hex(Descriptor descriptor) {
    return descriptor.digest().hex();
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
      content.accept(directory);
      return ImageDirectory.open(root);
    }

    /** The image has no name, and every tag is it. */
    @Override
    @Test
    public void anUnknownTagIsNamed() {
      try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
        assertThat(source.resolve(APP.withTag("2")).digest())
            .isEqualTo(Samples.manifest("one").digest());
      }
    }

    @Override
    @Test
    public void theDigestWinsOverATag() {
      try (ImageSource source = source(sink -> Samples.putIndex(sink, APP, "one"))) {
        Digest digest = Samples.manifest("one-other").digest();
        assertThat(source.resolve(APP.withDigest(digest)).digest()).isEqualTo(digest);
      }
    }

    @Override
    @Test
    public void tagsAreListedInOrder() {
      try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
        assertFails(ErrorKind.UNSUPPORTED, () -> source.tags(APP), APP.name());
      }
    }
  }

  @Nested
  class AsASink implements ImageSinkContract {
    @Override
    public ImageSink sink() {
      return directory;
    }

    @Override
    public ImageSource written() {
      return directory;
    }

    /** There is place for one image. */
    @Override
    @Test
    public void aTagMoves() {
      Samples.put(directory, APP, "one");
      Samples.put(directory, APP.withTag("2"), "two");
      assertThat(directory.resolve(APP).digest()).isEqualTo(Samples.manifest("two").digest());
      ImageReference one = Samples.byDigest(APP, Samples.manifest("one").digest());
      assertFails(ErrorKind.NOT_FOUND, () -> directory.resolve(one), one.toString());
    }
  }

  @Nested
  class Writing {
    @Test
    void theFilesAreThoseOfSkopeo() throws IOException {
      Manifest manifest = Samples.put(directory, APP, "one");
      assertThat(Tars.names(root))
          .containsExactlyInAnyOrder(
              LayoutLock.FILE_NAME,
              "version",
              "manifest.json",
              hex(manifest.config()),
              hex(manifest.layers().get(0)));
      assertThat(root.resolve("version")).hasContent(VERSION);
      assertThat(root.resolve("manifest.json")).hasBinaryContent(manifest.raw());
    }

    @Test
    void theManifestsOfAnIndexAreFilesOfTheirOwn() {
      ImageIndex index = Samples.putIndex(directory, APP, "one");
      assertThat(root.resolve("manifest.json")).hasBinaryContent(index.raw());
      assertThat(Tars.names(root).stream().filter(name -> name.endsWith(".manifest.json")))
          .containsExactlyInAnyOrderElementsOf(
              index.manifests().stream().map(child -> hex(child) + ".manifest.json").toList());
    }

    @Test
    void anotherImageTakesThePlaceOfAll() throws IOException {
      Samples.putIndex(directory, APP, "one");
      Files.writeString(root.resolve("signature-1"), "x");
      Files.writeString(root.resolve(Samples.manifest("one").digest().hex() + ".signature-1"), "x");
      Files.writeString(root.resolve("notes"), "mine");
      Manifest two = Samples.put(directory, APP, "two");
      assertThat(Tars.names(root))
          .containsExactlyInAnyOrder(
              LayoutLock.FILE_NAME,
              "version",
              "manifest.json",
              "notes",
              hex(two.config()),
              hex(two.layers().get(0)));
    }

    @Test
    void theSignaturesOfTheSameImageStay() throws IOException {
      ImageIndex index = Samples.putIndex(directory, APP, "one");
      String ofChild = hex(index.manifests().get(0)) + ".signature-2";
      Files.writeString(root.resolve("signature-1"), "x");
      Files.writeString(root.resolve(ofChild), "y");
      Samples.putIndex(directory, APP, "one");
      assertThat(root.resolve("signature-1")).hasContent("x");
      assertThat(root.resolve(ofChild)).hasContent("y");
    }

    @Test
    void whatAKilledWriterLeftIsSwept() throws IOException {
      Samples.put(directory, APP, "one");
      Path left = Files.writeString(root.resolve(".runcible-1234.part"), "half");
      Samples.put(directory, APP, "one");
      assertThat(left).doesNotExist();
    }

    @Test
    void theOldImageStaysUntilTheManifest() {
      Manifest one = Samples.put(directory, APP, "one");
      Manifest two = Samples.manifest("two");
      directory.putBlob(APP, two.layers().get(0), new ByteArrayInputStream(Samples.layer("two")));
      ImageDirectory again = ImageDirectory.create(root);
      assertThat(again.resolve(APP).digest()).isEqualTo(one.digest());
      assertThat(again.hasBlob(APP, one.layers().get(0))).isTrue();
    }

    @Test
    void otherFilesAreNotTakenOver() throws IOException {
      Path other = Files.createDirectory(temporary.resolve("other"));
      Files.writeString(other.resolve("precious"), "x");
      assertFails(
          ErrorKind.FAILED_PRECONDITION, () -> ImageDirectory.create(other), other.toString());
      assertThat(other.resolve("precious")).hasContent("x");
      assertThat(other.resolve("version")).doesNotExist();
    }

    @Test
    void aSha512HasItsAlgorithmInTheName() {
      byte[] content = Samples.layer("x");
      Digest digest =
          new Digest("sha512", "0".repeat(128))
              .hasher()
              .update(content, 0, content.length)
              .finish();
      Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, digest, content.length);
      directory.putBlob(APP, blob, new ByteArrayInputStream(content));
      assertThat(root.resolve("sha512-" + digest.hex())).hasBinaryContent(content);
    }

    @Test
    void anInterruptCancels() {
      Thread.currentThread().interrupt();
      try {
        assertFails(ErrorKind.CANCELLED, () -> Samples.put(directory, APP, "one"), "interrupted");
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(Tars.names(root)).doesNotContain("manifest.json");
      assertThat(Tars.names(root)).noneMatch(name -> name.endsWith(".part"));
    }
  }

  @Nested
  class Opening {
    @Test
    void theVersionIsChecked() throws IOException {
      Samples.put(directory, APP, "one");
      Files.writeString(root.resolve("version"), "Directory Transport Version: 2.0\n");
      assertFails(ErrorKind.UNSUPPORTED, () -> ImageDirectory.open(root), root.toString());
      Files.writeString(root.resolve("version"), "x".repeat(5000));
      assertFails(ErrorKind.INVALID_INPUT, () -> ImageDirectory.open(root), "4096");
    }

    @Test
    void version10IsReadWithTheSuffixOfItsLayers() throws IOException {
      Manifest manifest = Samples.put(directory, APP, "one");
      Files.writeString(root.resolve("version"), "Directory Transport Version: 1.0\n");
      Path layer = root.resolve(hex(manifest.layers().get(0)));
      Files.move(layer, root.resolve(layer.getFileName() + ".tar"));
      Image image = Image.resolve(ImageDirectory.open(root), APP, Samples.PLATFORM);
      try (InputStream in = image.layers().get(0).compressed()) {
        assertThat(in.readAllBytes()).isEqualTo(Samples.layer("one"));
      }
      Files.delete(root.resolve("version"));
      assertThat(ImageDirectory.open(root).resolve(APP).digest()).isEqualTo(manifest.digest());
    }

    @Test
    void whatIsNoImageIsNotOpened() throws IOException {
      Path none = temporary.resolve("none");
      assertFails(ErrorKind.NOT_FOUND, () -> ImageDirectory.open(none), none.toString());
      Files.createDirectory(none);
      assertFails(ErrorKind.NOT_FOUND, () -> ImageDirectory.open(none), none.toString());
      assertFails(ErrorKind.NOT_FOUND, () -> directory.resolve(APP), APP.toString());
    }
  }

  @Nested
  class Hostile {
    @Test
    void linksAreNotFollowed() throws IOException {
      Manifest manifest = Samples.put(directory, APP, "one");
      Descriptor layer = manifest.layers().get(0);
      Path moved = Files.move(root.resolve(hex(layer)), temporary.resolve("secret"));
      Files.createSymbolicLink(root.resolve(hex(layer)), moved);
      assertFails(ErrorKind.INVALID_INPUT, () -> directory.blob(APP, layer), "not a regular file");
      assertFails(ErrorKind.INVALID_INPUT, () -> directory.blobSize(APP, layer.digest()));
      assertThat(directory.hasBlob(APP, layer)).isFalse();
      Path json = Files.move(root.resolve("manifest.json"), temporary.resolve("json"));
      Files.createSymbolicLink(root.resolve("manifest.json"), json);
      assertFails(ErrorKind.INVALID_INPUT, () -> directory.resolve(APP), "not a regular file");
    }

    @Test
    void aHugeManifestIsNotRead() throws IOException {
      Files.write(root.resolve("manifest.json"), new byte[Manifest.MAX_SIZE + 1]);
      assertFails(ErrorKind.INVALID_INPUT, () -> directory.resolve(APP), "4194304");
    }

    @Test
    void aDamagedPartIsRefused() throws IOException {
      ImageIndex index = Samples.putIndex(directory, APP, "one");
      Descriptor child = index.manifests().get(0);
      Files.write(root.resolve(hex(child) + ".manifest.json"), Samples.manifest("two").raw());
      assertFails(
          ErrorKind.CORRUPT_DATA,
          () -> directory.resolve(Samples.byDigest(APP, child.digest())),
          child.digest().toString());
      assertFails(ErrorKind.CORRUPT_DATA, () -> directory.manifest(APP, child));
    }

    @Test
    void aLinkedVersionIsRefused() throws IOException {
      Files.delete(root.resolve("version"));
      Files.createSymbolicLink(root.resolve("version"), temporary.resolve("elsewhere"));
      assertFails(ErrorKind.INVALID_INPUT, () -> ImageDirectory.open(root), "version");
      assertThat(temporary.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void whatNoReaderWouldTakeIsNotWritten() {
      byte[] json = "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}".getBytes(US_ASCII);
      assertFails(
          ErrorKind.INVALID_INPUT,
          () -> directory.putManifest(APP, Descriptor.of(MediaType.OCI_MANIFEST, json), json));
      assertThat(Tars.names(root)).doesNotContain("manifest.json");
    }
  }
}
