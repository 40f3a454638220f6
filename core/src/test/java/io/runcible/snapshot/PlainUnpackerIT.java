package io.runcible.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.FileTree;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.TestImages;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainUnpackerIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/app:1");

  @TempDir Path directory;
  private Path target;

  @BeforeEach
  void host() {
    HostTools.requireRoot();
    target = directory.resolve("rootfs");
  }

  @AfterEach
  void noThreadIsLeft() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("runcible-unpack")) {
        thread.join(10_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }

  private Image image(WrittenLayer... layers) {
    return image(layout(layers));
  }

  private static Image image(ImageSource source) {
    return Image.resolve(source, APP, Platform.parse("linux/amd64"));
  }

  private ImageLayout layout(WrittenLayer... layers) {
    ImageAssembly.Builder builder = ImageAssembly.builder(Platform.parse("linux/amd64"));
    Stream.of(layers).forEach(builder::layer);
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    builder.build().writeTo(layout, APP);
    return layout;
  }

  /** Knows which layers are open, and has only the first bytes of any before this one is opened. */
  private static final class BlockingSource implements ImageSource {
    private final ImageSource source;
    private final Digest awaited;
    private final int first;
    private final CountDownLatch isOpen = new CountDownLatch(1);
    private final List<Digest> opened = Collections.synchronizedList(new ArrayList<>());
    private final List<Digest> closed = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong given = new AtomicLong();
    private volatile long givenBefore;

    BlockingSource(ImageSource source, Digest awaited, int first) {
      this.source = source;
      this.awaited = awaited;
      this.first = first;
    }

    @Override
    public Descriptor resolve(ImageReference reference) {
      return source.resolve(reference);
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      return source.manifest(reference, descriptor);
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      InputStream blob = source.blob(reference, descriptor);
      if (!descriptor.mediaType().contains("layer")) {
        return blob;
      }
      Digest digest = descriptor.digest();
      opened.add(digest);
      if (digest.equals(awaited)) {
        givenBefore = given.get();
        isOpen.countDown();
      }
      return new FilterInputStream(blob) {
        private int left = first;

        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
          if (left == 0) {
            awaitOpen();
            return super.read(buffer, offset, length);
          }
          int count = super.read(buffer, offset, Math.min(length, left));
          left -= Math.max(count, 0);
          given.addAndGet(Math.max(count, 0));
          return count;
        }

        @Override
        public void close() throws IOException {
          closed.add(digest);
          super.close();
        }
      };
    }

    private void awaitOpen() throws IOException {
      try {
        if (!isOpen.await(1, TimeUnit.MINUTES)) {
          throw new IOException("nobody opens the layer " + awaited);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("reading was interrupted");
      }
    }

    @Override
    public void close() {
      source.close();
    }
  }

  private WrittenLayer layer(String name, LayerWriter writer) {
    return writer.writeTo(directory.resolve(name));
  }

  /** The layer with another diffId than its own. */
  private static WrittenLayer lying(WrittenLayer layer) {
    return new WrittenLayer(
        layer.file(),
        layer.compression(),
        layer.digest(),
        layer.size(),
        Digest.sha256(new byte[1]),
        List.of());
  }

  private static RuncibleException failure(PlainUnpacker unpacker, Image image, Path target) {
    return catchThrowableOfType(RuncibleException.class, () -> unpacker.unpack(image, target));
  }

  @ParameterizedTest
  @ValueSource(strings = {"odd", "busybox"})
  void treeIsWhatUmociMakes(String name) throws Exception {
    Tool umoci = Tool.require("umoci", "umoci");
    Path layout = TestImages.layout();
    Image image =
        Image.resolve(
            ImageLayout.open(layout),
            ImageReference.parse("registry.example/test:" + name),
            Platform.parse("linux/amd64"));
    UnpackedImage unpacked = new PlainUnpacker().unpack(image, target);
    assertThat(unpacked.entries()).isPositive();
    umoci.run("unpack", "--image", layout + ":" + name, directory.resolve("umoci"));
    Map<String, String> expected = FileTree.of(directory.resolve("umoci/rootfs"));
    Map<String, String> actual = FileTree.of(target);
    // umoci has its own ideas on the times of directories without an entry.
    for (String path : List.of("/", "/implied", "/implied/by")) {
      expected.remove(path);
      actual.remove(path);
    }
    assertThat(FileTree.difference(actual, expected)).isEmpty();
  }

  @Test
  void layersAreMerged() {
    Image image =
        image(
            layer(
                "one",
                new LayerWriter()
                    .addFile("etc/kept", 0644, "1".getBytes(UTF_8))
                    .addFile("etc/gone", 0644, "1".getBytes(UTF_8))),
            layer(
                "two",
                new LayerWriter()
                    .addWhiteout("etc/gone")
                    .addFile("etc/new", 0600, "2".getBytes(UTF_8))
                    .uncompressed()));
    UnpackedImage unpacked = new PlainUnpacker().unpack(image, target);
    assertThat(target.resolve("etc/kept")).hasContent("1");
    assertThat(target.resolve("etc/new")).hasContent("2");
    assertThat(target.resolve("etc/gone")).doesNotExist();
    assertThat(unpacked).isEqualTo(new UnpackedImage(4, 3, List.of(), 0));
  }

  @Test
  void directoryThatIsNotEmptyStays() throws IOException {
    Files.createDirectory(target);
    Files.writeString(target.resolve("mine"), "mine");
    RuncibleException failure = failure(new PlainUnpacker(), image(), target);
    assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining(target.toString());
    assertThat(target.resolve("mine")).hasContent("mine");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void wrongDiffIdLeavesNothing(boolean existed) throws IOException {
    if (existed) {
      Files.createDirectory(target);
    }
    WrittenLayer good = layer("one", new LayerWriter().addFile("a/b/c", 0644, new byte[9]));
    WrittenLayer bad = lying(layer("two", new LayerWriter().addDirectory("d/e", 0)));
    RuncibleException failure = failure(new PlainUnpacker(), image(good, bad), target);
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageContaining(bad.digest().toString());
    if (existed) {
      assertThat(target).isEmptyDirectory();
    } else {
      assertThat(target).doesNotExist();
    }
  }

  @Test
  void theNextLayerIsLetGoWhenOneFails() {
    WrittenLayer bad = lying(layer("one", new LayerWriter().addDirectory("a", 0)));
    WrittenLayer next = layer("two", new LayerWriter().addFile("b", 0644, new byte[9_000_000]));
    BlockingSource source = new BlockingSource(layout(bad, next), next.digest(), 0);
    RuncibleException failure = failure(new PlainUnpacker(), image(source), target);
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageContaining(bad.digest().toString());
    assertThat(target).doesNotExist();
    assertThat(source.opened).containsExactlyInAnyOrder(bad.digest(), next.digest());
    assertThat(source.closed).containsExactlyInAnyOrderElementsOf(source.opened);
  }

  @Test
  void theNextLayerIsReadWhileOneIsWritten() {
    WrittenLayer one = layer("one", new LayerWriter().addFile("a", 0644, new byte[9]));
    WrittenLayer two = layer("two", new LayerWriter().addFile("b", 0644, new byte[8]));
    BlockingSource source = new BlockingSource(layout(one, two), two.digest(), 0);
    new PlainUnpacker().unpack(image(source), target);
    assertThat(target.resolve("a")).hasSize(9);
    assertThat(target.resolve("b")).hasSize(8);
    assertThat(source.opened).containsExactlyInAnyOrder(one.digest(), two.digest());
    assertThat(source.closed).containsExactlyInAnyOrderElementsOf(source.opened);
  }

  @Test
  void aLargeNextLayerIsReadFromNearTheEndOfOne() {
    byte[] noise = new byte[12 << 20];
    new Random(1).nextBytes(noise);
    WrittenLayer one = layer("one", new LayerWriter().addFile("a", 0644, noise).uncompressed());
    WrittenLayer two = layer("two", new LayerWriter().addFile("b", 0644, noise).uncompressed());
    BlockingSource source = new BlockingSource(layout(one, two), two.digest(), 5 << 20);
    new PlainUnpacker().unpack(image(source), target);
    assertThat(source.givenBefore).isGreaterThanOrEqualTo(4 << 20);
    assertThat(target.resolve("a")).hasBinaryContent(noise);
    assertThat(target.resolve("b")).hasBinaryContent(noise);
    assertThat(source.closed).containsExactlyInAnyOrderElementsOf(source.opened);
  }

  @Test
  void bombLeavesNothing() throws IOException {
    Path zeros = directory.resolve("zeros");
    try (var file = new java.io.RandomAccessFile(zeros.toFile(), "rw")) {
      file.setLength(100_000_000);
    }
    Image bomb = image(layer("bomb", new LayerWriter().addFile("zeros", 0644, zeros)));
    for (ArchiveLimits limits :
        List.of(
            ArchiveLimits.DEFAULT.withMaxTotalBytes(50_000_000),
            ArchiveLimits.DEFAULT.withMaxFileBytes(50_000_000))) {
      RuncibleException failure = failure(new PlainUnpacker().limits(limits), bomb, target);
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("limit");
      assertThat(target).doesNotExist();
    }
  }

  @Test
  void layersCountTogether() {
    WrittenLayer one = layer("one", new LayerWriter().addFile("a", 0644, new byte[600]));
    WrittenLayer two = layer("two", new LayerWriter().addFile("b", 0644, new byte[600]));
    Image image = image(one, two);
    for (ArchiveLimits limits :
        List.of(
            ArchiveLimits.DEFAULT.withMaxTotalBytes(1000),
            ArchiveLimits.DEFAULT.withMaxEntries(1))) {
      RuncibleException failure = failure(new PlainUnpacker().limits(limits), image, target);
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining(two.digest().toString());
      assertThat(target).doesNotExist();
    }
    ArchiveLimits enough = ArchiveLimits.DEFAULT.withMaxTotalBytes(1200).withMaxEntries(2);
    new PlainUnpacker().limits(enough).unpack(image, target);
  }

  @Test
  void interruptLeavesNothing() {
    WrittenLayer one = layer("one", new LayerWriter().addFile("a", 0644, new byte[9]));
    // It waits for a layer that never comes: otherwise it may be done before anybody looks.
    BlockingSource source = new BlockingSource(layout(one), Digest.sha256(new byte[1]), 0);
    Image image = image(source);
    Thread.currentThread().interrupt();
    RuncibleException failure = failure(new PlainUnpacker(), image, target);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(target).doesNotExist();
  }

  @Test
  void missingParentIsAClearError() {
    assertThatThrownBy(
            () -> new PlainUnpacker().unpack(image(), directory.resolve("no/such/directory")))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION))
        .hasMessageContaining("no/such/directory");
  }
}
