package io.runcible.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is in the store and is not what it should be. */
@EnabledOnOs(OS.LINUX)
class ContentStoreTest {
  private static final byte[] SOUND = "content".getBytes(UTF_8);
  private static final byte[] DAMAGED = "CONTENT".getBytes(UTF_8);
  private static final Descriptor BLOB = Descriptor.of(MediaType.OCI_LAYER, SOUND);

  @TempDir Path root;
  private LocalStore store;
  private ContentStore content;

  @BeforeEach
  void open() {
    store = LocalStore.open(root.resolve("store"));
    content = store.content();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void put(byte[] bytes) throws IOException {
    Files.write(content.path(BLOB.digest()), bytes);
  }

  @Test
  void blobThatIsDamagedIsRemoved() throws IOException {
    put(DAMAGED);
    content.removeDamaged(BLOB.digest());
    assertThat(content.contains(BLOB.digest())).isFalse();
    content.removeDamaged(BLOB.digest());
    assertThat(root.resolve("store/locks"))
        .isDirectoryNotContaining(file -> file.getFileName().toString().startsWith("blob-"));
  }

  @Test
  void blobThatHasBeenReplacedStays() throws IOException {
    put(SOUND);
    content.removeDamaged(BLOB.digest());
    assertThat(content.isWhole(BLOB)).isTrue();
  }

  @Test
  void blobThatIsBeingReplacedStays() throws IOException {
    put(DAMAGED);
    try (Ingest ingest = content.ingest(BLOB)) {
      ingest.verifyPresent();
      ingest.receive(SOUND);
      content.removeDamaged(BLOB.digest());
      assertThat(content.contains(BLOB.digest())).isTrue();
      ingest.commit();
    }
    assertThat(content.isWhole(BLOB)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    MediaType.OCI_MANIFEST + "," + Manifest.MAX_SIZE,
    MediaType.OCI_INDEX + "," + Manifest.MAX_SIZE,
    MediaType.OCI_CONFIG + "," + ImageConfig.MAX_SIZE
  })
  void documentIsReadAsFarAsOneCanBeThatLarge(String type, int most) throws IOException {
    put(new byte[most]);
    assertThat(content.contains(Descriptor.of(type, BLOB.digest(), most))).isFalse();
    put(new byte[most + 1]);
    assertThat(content.contains(Descriptor.of(type, BLOB.digest(), most + 1))).isTrue();
  }

  @Test
  void interruptEndsTheReadingOfABlob() throws IOException {
    put(SOUND);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> content.isWhole(BLOB))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    assertThat(Thread.interrupted()).isTrue();
  }
}
