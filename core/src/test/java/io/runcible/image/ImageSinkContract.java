package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every sink of images does, seen through a source on the same place. */
public interface ImageSinkContract {
  /** Where the images go. */
  ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  /** The sink, the same for the length of a test. */
  ImageSink sink();

  /** A source of what the sink has. */
  ImageSource written();

  @Test
  default void aBlobIsThereOnceItWasPut() {
    byte[] content = Samples.layer("x");
    Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER_GZIP, content);
    assertThat(sink().hasBlob(APP, descriptor)).isFalse();
    sink().putBlob(APP, descriptor, new ByteArrayInputStream(content));
    assertThat(sink().hasBlob(APP, descriptor)).isTrue();
    sink().putBlob(APP, descriptor, new ByteArrayInputStream(content));
    assertThat(sink().hasBlob(APP, descriptor)).isTrue();
  }

  @Test
  default void anEmptyBlobIsABlob() {
    Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER, new byte[0]);
    sink().putBlob(APP, descriptor, InputStream.nullInputStream());
    assertThat(sink().hasBlob(APP, descriptor)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "content", "Content!", "content!!"})
  default void wrongContentIsRefusedAndNotKept(String wrong) {
    Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER_GZIP, "content!".getBytes(UTF_8));
    assertThatThrownBy(
            () -> sink().putBlob(APP, descriptor, new ByteArrayInputStream(wrong.getBytes(UTF_8))))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA))
        .hasMessageContaining(descriptor.digest().toString());
    assertThat(sink().hasBlob(APP, descriptor)).isFalse();
  }

  @Test
  default void contentIsNotClosed() {
    byte[] content = Samples.layer("x");
    InputStream in =
        new ByteArrayInputStream(content) {
          @Override
          public void close() throws IOException {
            throw new IOException("closed by the sink");
          }
        };
    sink().putBlob(APP, Descriptor.of(MediaType.OCI_LAYER_GZIP, content), in);
  }

  @Test
  default void aWrongManifestIsRefused() {
    Manifest manifest = Samples.manifest("one");
    assertThatThrownBy(
            () -> sink().putManifest(APP, manifest.descriptor(), Samples.manifest("two").raw()))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA));
    assertThatThrownBy(() -> written().resolve(APP)).isInstanceOf(RuncibleException.class);
  }

  @Test
  default void aTagMoves() {
    Samples.put(sink(), APP, "one");
    Samples.put(sink(), APP.withTag("2"), "one");
    Samples.put(sink(), APP, "two");
    assertThat(written().resolve(APP).digest()).isEqualTo(Samples.manifest("two").digest());
    assertThat(written().resolve(APP.withTag("2")).digest())
        .isEqualTo(Samples.manifest("one").digest());
    assertThat(written().resolve(Samples.byDigest(APP, Samples.manifest("one").digest())).digest())
        .isEqualTo(Samples.manifest("one").digest());
  }

  @Test
  default void aDigestAloneTagsNothing() {
    ImageReference pinned = Samples.byDigest(APP, Samples.manifest("one").digest());
    Samples.put(sink(), pinned, "one");
    assertThat(written().resolve(pinned).digest()).isEqualTo(Samples.manifest("one").digest());
    assertThatThrownBy(() -> written().resolve(APP))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
  }

  @Test
  default void anIndexIsWritten() {
    ImageIndex index = Samples.putIndex(sink(), APP, "one");
    assertThat(written().resolve(APP).digest()).isEqualTo(index.digest());
    assertThat(Image.resolve(written(), APP, Samples.PLATFORM).config().command())
        .containsExactly("one");
  }
}
