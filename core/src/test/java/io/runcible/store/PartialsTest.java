package io.runcible.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of an ingest that broke off, and what the next one makes of it. */
@EnabledOnOs(OS.LINUX)
@SuppressWarnings("try") // What is open is what is tested.
class PartialsTest {
  private static final int MIB = 1 << 20;
  private static final byte[] CONTENT = random(3 * MIB);
  private static final int LEFT = 2 * MIB + 7;
  private static final Descriptor DESCRIPTOR = Descriptor.of("text/plain", CONTENT);
  private static final String NAME = "sha256-" + DESCRIPTOR.digest().hex();

  @TempDir Path root;
  private LocalStore store;
  private Path partial;

  /** From where on the content was asked for. */
  private final List<Long> asked = new ArrayList<>();

  @BeforeEach
  void open() {
    store = LocalStore.open(root.resolve("store"));
    partial = root.resolve("store/ingest").resolve(NAME);
  }

  private static byte[] random(int size) {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    return content;
  }

  private InputStream from(long position) {
    asked.add(position);
    return new ByteArrayInputStream(CONTENT, (int) position, CONTENT.length - (int) position);
  }

  /** What breaks off after some bytes. */
  private InputStream cut(int bytes) {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("cut");
          }
        };
    return new SequenceInputStream(new ByteArrayInputStream(CONTENT, 0, bytes), broken);
  }

  private static void read(InputStream stream) throws IOException {
    try (stream) {
      stream.transferTo(java.io.OutputStream.nullOutputStream());
    }
  }

  private void breakOff(int bytes, boolean keep) throws IOException {
    try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
      assertThatThrownBy(() -> read(ingest.resume(position -> cut(bytes)))).hasMessage("cut");
      if (keep) {
        ingest.keep();
      }
    }
  }

  private void complete() throws IOException {
    try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
      read(ingest.resume(this::from));
      assertThat(ingest.isComplete()).isTrue();
      ingest.commit();
    }
    assertThat(store.content().read(DESCRIPTOR, CONTENT.length)).isEqualTo(CONTENT);
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() {
    assertThat(root.resolve("store/ingest")).isEmptyDirectory();
    assertThat(root.resolve("store/locks").resolve("blob-" + NAME)).doesNotExist();
  }

  @Nested
  class AreGoneOnFrom {
    @Test
    void whereADownloadBroke() throws IOException {
      breakOff(LEFT, true);
      assertThat(partial).hasBinaryContent(Arrays.copyOf(CONTENT, LEFT));
      complete();
      assertThat(asked).containsExactly((long) LEFT);
    }

    @Test
    void asOftenAsItBreaks() throws IOException {
      breakOff(LEFT, true);
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        InputStream more = ingest.resume(position -> cutFrom(position, 500));
        assertThatThrownBy(() -> read(more)).hasMessage("cut");
        ingest.keep();
      }
      complete();
      assertThat(asked).containsExactly(LEFT + 500L);
    }

    private InputStream cutFrom(long position, int bytes) {
      InputStream all = cut((int) position + bytes);
      try {
        all.skipNBytes(position);
        return all;
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Test
    void whereAProcessWasKilled() throws IOException {
      Files.write(partial, Arrays.copyOf(CONTENT, LEFT));
      Files.createFile(root.resolve("store/locks").resolve("blob-" + NAME));
      store = LocalStore.open(root.resolve("store"));
      complete();
      assertThat(asked).containsExactly((long) LEFT);
    }

    @Test
    void withoutAskingWhenNothingIsMissing() throws IOException {
      Files.write(partial, CONTENT);
      complete();
      assertThat(asked).isEmpty();
    }

    @Test
    void alsoWhenOneBetweenDidNothing() throws IOException {
      breakOff(LEFT, true);
      store.content().ingest(DESCRIPTOR).close();
      complete();
      assertThat(asked).containsExactly((long) LEFT);
    }

    @Test
    void byNobodyElseMeanwhile() throws IOException {
      Files.write(partial, Arrays.copyOf(CONTENT, LEFT));
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        InputStream all = ingest.resume(this::opened);
        assertThat(all.readNBytes(MIB)).hasSize(MIB);
        store.content().removeAbandoned();
        assertThat(store.content().removePartials()).isZero();
        read(all);
        ingest.commit();
      }
      assertThat(store.content().contains(DESCRIPTOR.digest())).isTrue();
    }

    private InputStream opened(long position) {
      return from(position);
    }

    @Test
    void onlyUntilTheThreadIsInterrupted() {
      assertThatThrownBy(
              () -> {
                Files.write(partial, Arrays.copyOf(CONTENT, LEFT));
                try (Ingest ingest = store.content().ingest(DESCRIPTOR);
                    InputStream all = ingest.resume(this::opened)) {
                  Thread.currentThread().interrupt();
                  all.read();
                }
              })
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(asked).isEmpty();
    }
  }

  @Nested
  class ThatAreDamaged {
    @ParameterizedTest
    @ValueSource(ints = {LEFT, 3 * MIB})
    void areFoundOutAtTheEndAndDropped(int left) throws IOException {
      byte[] torn = Arrays.copyOf(CONTENT, left);
      torn[left - 1] ^= 1;
      Files.write(partial, torn);
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        assertThatThrownBy(() -> read(ingest.resume(PartialsTest.this::from)))
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA));
        assertThat(ingest.isComplete()).isFalse();
        assertThat(ingest.restart()).isTrue();
        read(ingest.resume(PartialsTest.this::from));
        // Now it would be the fault of the source.
        assertThat(ingest.restart()).isFalse();
        ingest.commit();
      }
      assertThat(store.content().read(DESCRIPTOR, CONTENT.length)).isEqualTo(CONTENT);
      assertThat(asked.get(asked.size() - 1)).isZero();
      assertNothingIsLeft();
    }

    @Test
    void areNotLeftWithoutASecondTry() throws IOException {
      Files.write(partial, new byte[LEFT]);
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        assertThatThrownBy(() -> read(ingest.resume(PartialsTest.this::from)))
            .isInstanceOf(RuncibleException.class);
      }
      assertNothingIsLeft();
    }

    @Test
    void areNotUsedWhenTheyAreLongerThanTheBlob() throws IOException {
      Files.write(partial, Arrays.copyOf(CONTENT, CONTENT.length + 1));
      complete();
      assertThat(asked).containsExactly(0L);
    }

    @Test
    void areNotFollowedWhenTheyAreLinks() throws IOException {
      Path other = Files.write(root.resolve("other"), Arrays.copyOf(CONTENT, LEFT));
      Files.createSymbolicLink(partial, other);
      complete();
      assertThat(asked).containsExactly(0L);
      assertThat(other).hasBinaryContent(Arrays.copyOf(CONTENT, LEFT));
      Files.createSymbolicLink(partial, other);
      store.content().remove(DESCRIPTOR.digest());
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        ingest.receive(CONTENT);
        ingest.commit();
      }
      assertThat(other).hasBinaryContent(Arrays.copyOf(CONTENT, LEFT));
    }

    @Test
    void areReplacedByWhoHasTheWhole() throws IOException {
      Files.write(partial, new byte[LEFT]);
      try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
        read(ingest.receive(new ByteArrayInputStream(CONTENT)));
        ingest.commit();
      }
      assertThat(store.content().read(DESCRIPTOR, CONTENT.length)).isEqualTo(CONTENT);
    }
  }

  @Nested
  class AreRemoved {
    @Test
    void whenNobodyAsksToKeepThem() throws IOException {
      breakOff(LEFT, false);
      assertNothingIsLeft();
    }

    @Test
    void whenTheyAreSmall() throws IOException {
      breakOff(MIB - 1, true);
      assertNothingIsLeft();
    }

    @Test
    void whenTheyAreOldOrOfAnotherTime() throws IOException {
      for (Duration age : List.of(Duration.ofHours(25), Duration.ofHours(-25))) {
        breakOff(LEFT, true);
        Files.setLastModifiedTime(partial, FileTime.from(Instant.now().minus(age)));
        LocalStore.open(root.resolve("store")).close();
        assertNothingIsLeft();
      }
    }

    @Test
    void oldestFirstWhenTheyTakeTooMuchRoom() throws IOException {
      Partials partials =
          new Partials(root.resolve("store/ingest"), root.resolve("store/locks"), 5 * MIB);
      for (int i = 0; i < 3; i++) {
        Path file = sparse("sha256-" + i, 2 * MIB);
        Files.setLastModifiedTime(
            file, FileTime.from(Instant.now().minus(Duration.ofHours(3 - i))));
      }
      assertThat(partials.bytes()).isEqualTo(6 * MIB);
      partials.trim();
      assertThat(root.resolve("store/ingest/sha256-0")).doesNotExist();
      assertThat(partials.bytes()).isEqualTo(4 * MIB);
    }

    @Test
    void whenTheyTakeMoreThanTheDiskHasLeft() throws IOException {
      // More than it can ever have: others write to it, and remove what they wrote.
      sparse(NAME, Files.getFileStore(root).getTotalSpace() + MIB);
      Partials partials =
          new Partials(root.resolve("store/ingest"), root.resolve("store/locks"), Long.MAX_VALUE);
      partials.trim();
      assertNothingIsLeft();
    }

    private Path sparse(String name, long size) throws IOException {
      Path file = root.resolve("store/ingest").resolve(name);
      try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
        opened.setLength(size);
      }
      return file;
    }

    @Test
    void byACleanUpUnlessSomebodyWritesThem() throws IOException {
      breakOff(LEFT, true);
      assertThat(store.content().ingestBytes()).isEqualTo(LEFT);
      assertThat(store.content().list()).isEmpty();
      assertThat(store.content().contains(DESCRIPTOR.digest())).isFalse();
      try (Ingest ingest = store.content().ingest(DESCRIPTOR);
          Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.removeBlobs(List.of())).isZero();
        assertThat(ingest.isPresent()).isFalse();
      }
      assertThat(partial).exists();
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.removeBlobs(List.of())).isEqualTo(LEFT);
      }
      assertNothingIsLeft();
      assertThat(store.content().ingestBytes()).isZero();
    }
  }

  @Test
  void whatCannotBeOpenedClosesTheSource() throws IOException {
    Files.createDirectories(partial.resolve("full"));
    try (Ingest ingest = store.content().ingest(DESCRIPTOR)) {
      boolean[] closed = {false};
      InputStream source =
          new ByteArrayInputStream("x".getBytes(UTF_8)) {
            @Override
            public void close() {
              closed[0] = true;
            }
          };
      assertThatThrownBy(() -> ingest.receive(source)).hasMessageContaining(NAME.substring(7));
      assertThat(closed[0]).isTrue();
      Files.delete(partial.resolve("full"));
    }
  }
}
