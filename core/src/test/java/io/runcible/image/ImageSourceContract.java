package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What every source of images does. An implementing test class runs all of it. */
public interface ImageSourceContract {
  /** The repository of the images. */
  ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  /**
   * Makes a source of what is written to the sink; it may serve it as another registry, and then
   * {@link #reference} says how the image is called there.
   */
  ImageSource source(Consumer<ImageSink> content);

  /** How an image that was written under a reference is called in the source. */
  default ImageReference reference(ImageReference written) {
    return written;
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String name) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(name);
  }

  @Test
  default void aTagIsResolved() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Descriptor found = source.resolve(reference(APP));
      assertThat(found.digest()).isEqualTo(Samples.manifest("one").digest());
      assertThat(found.size()).isEqualTo(Samples.manifest("one").raw().length);
      assertThat(found.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
      assertThat(source.manifest(reference(APP), found)).isEqualTo(Samples.manifest("one").raw());
    }
  }

  @Test
  default void anUnknownTagIsNamed() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      ImageReference unknown = reference(APP.withTag("2"));
      assertFails(ErrorKind.NOT_FOUND, () -> source.resolve(unknown), unknown.toString());
    }
  }

  @Test
  default void aDigestIsResolved() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Digest digest = Samples.manifest("one").digest();
      ImageReference pinned = Samples.byDigest(reference(APP), digest);
      assertThat(source.resolve(pinned).digest()).isEqualTo(digest);
      assertThat(source.resolve(pinned).mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
    }
  }

  @Test
  default void theDigestWinsOverATag() {
    try (ImageSource source =
        source(
            sink -> {
              Samples.put(sink, APP, "one");
              Samples.put(sink, APP.withTag("2"), "two");
            })) {
      Digest digest = Samples.manifest("two").digest();
      assertThat(source.resolve(reference(APP).withDigest(digest)).digest()).isEqualTo(digest);
    }
  }

  @Test
  default void anUnknownDigestIsNamed() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Digest unknown = Digest.sha256(new byte[0]);
      ImageReference pinned = Samples.byDigest(reference(APP), unknown);
      assertFails(ErrorKind.NOT_FOUND, () -> source.resolve(pinned), unknown.toString());
      Descriptor nothing = Descriptor.of(MediaType.OCI_MANIFEST, new byte[0]);
      assertFails(
          ErrorKind.NOT_FOUND, () -> source.manifest(reference(APP), nothing), unknown.toString());
    }
  }

  @Test
  default void theManifestsOfAnIndexAreThere() {
    try (ImageSource source = source(sink -> Samples.putIndex(sink, APP, "one"))) {
      assertThat(source.resolve(reference(APP)).mediaType()).isEqualTo(MediaType.OCI_INDEX);
      Image image = Image.resolve(source, reference(APP), Samples.PLATFORM);
      assertThat(image.config().command()).containsExactly("one");
      Digest child = Samples.manifest("one-other").digest();
      Descriptor other = source.resolve(Samples.byDigest(reference(APP), child));
      assertThat(other.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
      assertThat(other.size()).isEqualTo(Samples.manifest("one-other").raw().length);
    }
  }

  @Test
  default void blobsAreDelivered() throws IOException {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Layer layer = Image.resolve(source, reference(APP), Samples.PLATFORM).layers().get(0);
      try (InputStream in = layer.compressed()) {
        assertThat(in.readAllBytes()).isEqualTo(Samples.layer("one"));
      }
      try (InputStream in = layer.compressed()) {
        assertThat(in.read()).isEqualTo('t');
      }
    }
  }

  @Test
  default void theRestOfABlobIsDelivered() throws IOException {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      byte[] content = Samples.layer("one");
      Layer layer = Image.resolve(source, reference(APP), Samples.PLATFORM).layers().get(0);
      for (int from : new int[] {0, 1, content.length - 1, content.length}) {
        try (InputStream in = layer.compressed(from)) {
          assertThat(in.readAllBytes())
              .isEqualTo(Arrays.copyOfRange(content, from, content.length));
        }
      }
    }
  }

  @Test
  default void theSizeOfABlobIsKnown() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Descriptor layer = Samples.manifest("one").layers().get(0);
      assertThat(source.blobSize(reference(APP), layer.digest())).isEqualTo(layer.size());
      Digest missing = Digest.sha256("x".getBytes(UTF_8));
      assertFails(
          ErrorKind.NOT_FOUND, () -> source.blobSize(reference(APP), missing), missing.toString());
    }
  }

  @Test
  default void aMissingBlobIsNamed() {
    try (ImageSource source = source(sink -> Samples.put(sink, APP, "one"))) {
      Descriptor missing = Descriptor.of(MediaType.OCI_LAYER_GZIP, "x".getBytes(UTF_8));
      assertFails(
          ErrorKind.NOT_FOUND,
          () -> source.blob(reference(APP), missing).close(),
          missing.digest().toString());
    }
  }

  @Test
  default void tagsAreListedInOrder() {
    try (ImageSource source =
        source(
            sink -> {
              Samples.put(sink, APP.withTag("b"), "one");
              Samples.put(sink, APP.withTag("a"), "one");
              Samples.put(sink, ImageReference.parse("registry.example/other:c"), "one");
            })) {
      assertThat(source.tags(reference(APP))).containsExactly("a", "b");
      ImageReference unknown = reference(ImageReference.parse("registry.example/none"));
      assertFails(ErrorKind.NOT_FOUND, () -> source.tags(unknown), unknown.name());
    }
  }

  @Test
  default void severalThreadsMayRead() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (ImageSource source = source(sink -> Samples.putIndex(sink, APP, "one"))) {
      Callable<byte[]> read =
          () -> {
            Image image = Image.resolve(source, reference(APP), Samples.PLATFORM);
            try (InputStream in = image.layers().get(0).compressed()) {
              return in.readAllBytes();
            }
          };
      List<Callable<byte[]>> reads = IntStream.range(0, 20).mapToObj(i -> read).toList();
      for (Future<byte[]> result : threads.invokeAll(reads)) {
        assertThat(result.get()).isEqualTo(Samples.layer("one"));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  default void closingTwiceIsClosing() {
    ImageSource source = source(sink -> {});
    source.close();
    source.close();
  }
}
