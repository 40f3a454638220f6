package io.runcible.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalStoreTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final Descriptor DESCRIPTOR = Descriptor.of("text/plain", CONTENT);
  private static final ImageReference NAME = ImageReference.parse("registry.example/a/b:1");

  @TempDir Path root;
  private LocalStore store;

  @BeforeEach
  void open() {
    store = LocalStore.open(root.resolve("store"));
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
      Descriptor other = Descriptor.of("text/plain", "other".getBytes(UTF_8));
      assertThat(store.images().put(NAME, DESCRIPTOR)).isTrue();
      assertThat(store.images().put(NAME, DESCRIPTOR)).isFalse();
      assertThat(store.images().put(NAME, other)).isTrue();
      assertThat(store.images().find(NAME).orElseThrow().manifest()).isEqualTo(other);
      assertThat(store.images().list()).hasSize(1);
    }

    @Test
    void removedNameIsUnknown() {
      store.images().put(NAME, DESCRIPTOR);
      assertThat(store.images().remove(NAME)).isTrue();
      assertThat(store.images().remove(NAME)).isFalse();
      assertThatThrownBy(() -> store.resolve(NAME))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
          .hasMessageContaining("registry.example/a/b:1");
    }
  }

  @Nested
  class Leases {
    @Test
    void keepTheExclusiveAway() {
      LocalStore.Lease first = store.lease();
      LocalStore.Lease second = LocalStore.open(root.resolve("store")).lease();
      assertThat(store.tryExclusive()).isEmpty();
      first.close();
      assertThat(store.tryExclusive()).isEmpty();
      second.close();
      store.tryExclusive().orElseThrow().close();
    }
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
          .isSubsetOf(List.of("store"));
    }
  }
}
