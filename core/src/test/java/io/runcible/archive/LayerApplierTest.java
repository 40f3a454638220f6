package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerApplierTest {
  private static void requireLinux() {
    HostTools.require(NativeAccess.isAvailable(), "this test needs native calls on Linux");
  }

  @Nested
  class PlainForOneUser extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.PLAIN;
    }

    @Override
    Ownership ownership() {
      return Ownership.IGNORE;
    }

    @Override
    void requireHost(Path directory) {
      requireLinux();
    }
  }

  @Nested
  class OverlayForOneUser extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.OVERLAY_USERXATTR;
    }

    @Override
    Ownership ownership() {
      return Ownership.IGNORE;
    }

    @Override
    void requireHost(Path directory) {
      requireLinux();
      boolean supported = true;
      try (FileDescriptor open = FileCalls.openDirectory(directory)) {
        AttributeCalls.set(open, ".", "user.overlay.test", new byte[1]);
        AttributeCalls.remove(open, ".", "user.overlay.test");
      } catch (RuncibleException e) {
        supported = false;
      }
      HostTools.require(supported, "the temporary directory keeps no user attributes");
    }
  }

  @TempDir Path directory;

  private RuncibleException failure(InputStream tar, ArchiveLimits limits) {
    requireLinux();
    try (LayerApplier applier =
        LayerApplier.open(directory, LayerFormat.PLAIN, Ownership.IGNORE, limits)) {
      return catchThrowableOfType(RuncibleException.class, () -> applier.apply(tar));
    }
  }

  @Test
  void bombStopsAtTheLimit() {
    TarBytes bomb = new TarBytes();
    for (int i = 0; i < 100; i++) {
      bomb.file("f" + i, "x".repeat(1000));
    }
    ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxTotalBytes(10_000);
    assertThat(failure(bomb.stream(), limits))
        .hasMessageContaining("limit")
        .extracting(RuncibleException::kind)
        .isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(LayerTree.of(directory)).hasSize(10);
  }

  @Test
  void failureOfTheStreamIsUnavailable() {
    IOException reset = new IOException("connection reset");
    InputStream broken =
        new SequenceInputStream(
            new ByteArrayInputStream(new TarBytes().file("a", "x").open()),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw reset;
              }
            });
    RuncibleException failure = failure(broken, ArchiveLimits.DEFAULT);
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasCause(reset).hasMessageContaining("connection reset");
  }

  @Test
  void interruptCancels() {
    Thread.currentThread().interrupt();
    RuncibleException failure =
        failure(new TarBytes().file("a", "x").stream(), ArchiveLimits.DEFAULT);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(LayerTree.of(directory)).isEmpty();
  }

  /** A layer by itself, which has what it needs of the one below. */
  private void unpackOver(Path lower, TarBytes layer, ArchiveLimits limits) throws IOException {
    requireLinux();
    Path place = Files.createTempDirectory(directory, "layer");
    try (LayerApplier applier =
        LayerApplier.open(place, LayerFormat.COPY, Ownership.IGNORE, limits)) {
      applier.apply(layer.stream());
      applier.complete(List.of(lower));
    }
  }

  private static void assertOverTheLimit(ThrowingCallable unpack, String what) {
    assertThatThrownBy(unpack)
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("limit")
        .hasMessageContaining(what);
  }

  @Test
  void whatIsCopiedForHardLinksCounts() throws IOException {
    Path lower = Files.createDirectory(directory.resolve("lower"));
    Files.write(lower.resolve("a"), new byte[6000]);
    Files.write(lower.resolve("b"), new byte[6000]);
    TarBytes layer = new TarBytes().hardLink("x", "a").hardLink("y", "b").hardLink("z", "b");
    unpackOver(lower, layer, ArchiveLimits.DEFAULT.withMaxTotalBytes(12_000));
    assertOverTheLimit(
        () -> unpackOver(lower, layer, ArchiveLimits.DEFAULT.withMaxTotalBytes(10_000)),
        "bytes of content");
  }

  @Test
  void directoriesWithoutEntriesCount() throws IOException {
    TarBytes layer = new TarBytes().file("a/b/c/f", "").file("a/b/d/f", "");
    unpackOver(directory, layer, ArchiveLimits.DEFAULT.withMaxEntries(6));
    assertOverTheLimit(
        () -> unpackOver(directory, layer, ArchiveLimits.DEFAULT.withMaxEntries(5)), "entries");
  }

  @Test
  void whiteoutsAndLinksDoNotFillMemory() {
    String deep = ("d".repeat(200) + "/").repeat(17);
    byte[] link =
        new TarBytes()
            .pax("path", deep)
            .directory("x")
            .pax("linkpath", deep)
            .symlink("s", "x")
            .open();
    TarBytes whiteouts = new TarBytes().raw(link);
    TarBytes links = new TarBytes().raw(link);
    for (int i = 0; i < 2600; i++) {
      whiteouts.file("s/.wh." + i, "");
      links.hardLink("x" + i, "s/" + i);
    }
    ArchiveLimits few = ArchiveLimits.DEFAULT.withMaxEntries(3000);
    assertOverTheLimit(() -> unpackOver(directory, whiteouts, few), "the names of");
    assertOverTheLimit(() -> unpackOver(directory, links, few), "the names of");
  }

  @Test
  void interruptCancelsTheCompletionToo() {
    requireLinux();
    try (LayerApplier applier =
        LayerApplier.open(directory, LayerFormat.COPY, Ownership.IGNORE, ArchiveLimits.DEFAULT)) {
      applier.apply(new TarBytes().file("a/b", "x").stream());
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> applier.complete(List.of()))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void messageNamesTheEntryAndKeepsItsBytesHarmless() {
    RuncibleException failure =
        failure(
            new TarBytes().hardLink("evil\u001b[2J\u00ff", "no\nwhere").stream(),
            ArchiveLimits.DEFAULT);
    assertThat(failure)
        .hasMessageContaining("'evil\\x1b[2J\\xff'")
        .hasMessageContaining("no\\x0awhere");
  }

  @Test
  void resultCounts() {
    requireLinux();
    TarBytes layer =
        new TarBytes().file("a/b/f", "12345").file("a/.wh.x", "").hardLink("g", "a/b/f");
    try (LayerApplier applier =
        LayerApplier.open(directory, LayerFormat.PLAIN, Ownership.IGNORE, ArchiveLimits.DEFAULT)) {
      applier.apply(layer.stream());
      LayerResult result = applier.complete(List.of());
      assertThat(result.entries()).isEqualTo(3);
      assertThat(result.bytes()).isEqualTo(5);
      assertThat(result.impliedDirectories()).containsExactly("a", "a/b");
      assertThat(result.opaqueRoot()).isFalse();
    }
  }

  @Test
  void missingDirectoryIsNotFound() {
    requireLinux();
    assertThatThrownBy(
            () ->
                LayerApplier.open(
                    directory.resolve("no"),
                    LayerFormat.PLAIN,
                    Ownership.IGNORE,
                    ArchiveLimits.DEFAULT))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
  }
}
