package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotUsageTest {
  private static final int FILES = 500;

  @TempDir Path directory;

  @Test
  void whatVanishesMeanwhileHidesNoOther() throws IOException {
    for (int i = 0; i < FILES; i++) {
      Files.writeString(directory.resolve("file" + i), "x");
    }
    AtomicBoolean ended = new AtomicBoolean();
    CompletableFuture<Void> others = CompletableFuture.runAsync(() -> comeAndGo(ended));
    try {
      for (int i = 0; i < 300; i++) {
        SnapshotUsage usage = SnapshotUsage.of(List.of(directory));
        assertThat(usage.bytes()).isEqualTo(FILES);
        assertThat(usage.inodes()).isGreaterThanOrEqualTo(FILES);
      }
    } finally {
      ended.set(true);
      others.join();
    }
  }

  @Test
  void linkThatTakesThePlaceOfADirectoryIsNotFollowed() throws IOException {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    for (int i = 0; i < FILES; i++) {
      Files.writeString(outside.resolve("file" + i), "xx");
    }
    Path tree = Files.createDirectory(directory.resolve("tree"));
    Files.writeString(Files.createDirectory(tree.resolve("place")).resolve("inside"), "x");
    for (int i = 0; i < FILES; i++) {
      Files.createFile(tree.resolve("empty" + i)); // What is listed takes a while to look at.
    }
    AtomicBoolean ended = new AtomicBoolean();
    CompletableFuture<Void> others = CompletableFuture.runAsync(() -> change(tree, outside, ended));
    try {
      for (int i = 0; i < 200; i++) {
        assertThat(SnapshotUsage.of(List.of(tree)).bytes()).isLessThanOrEqualTo(2);
      }
    } finally {
      ended.set(true);
      others.join();
    }
  }

  /** The directory and a link to another one have the place in turn. */
  private static void change(Path tree, Path outside, AtomicBoolean ended) {
    try {
      Path place = tree.resolve("place");
      Path aside = tree.resolve("aside");
      while (!ended.get()) {
        Files.move(place, aside, StandardCopyOption.ATOMIC_MOVE);
        Files.createSymbolicLink(place, outside);
        Files.delete(place);
        Files.move(aside, place, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A process makes such a tree by going down into it. */
  @Test
  void whatIsTooDeepForAPathHidesNoOther() throws IOException {
    Files.writeString(directory.resolve("file"), "x");
    try (FileDescriptor root = FileCalls.openDirectory(directory)) {
      FileDescriptor at = FileCalls.openChildDirectory(root, ".");
      for (int i = 0; i < 30; i++) {
        FileCalls.makeDirectory(at, "d".repeat(200), 0755);
        FileDescriptor next = FileCalls.openChildDirectory(at, "d".repeat(200));
        at.close();
        at = next;
      }
      at.close();
      SnapshotUsage usage = SnapshotUsage.of(List.of(directory));
      FileCalls.removeTree(root, "d".repeat(200));
      assertThat(usage.bytes()).isEqualTo(1);
      assertThat(usage.inodes()).isBetween(20L, 31L);
    }
  }

  private void comeAndGo(AtomicBoolean ended) {
    try {
      for (int i = 0; !ended.get(); i++) {
        Path file = directory.resolve("other" + i % 50);
        if (!Files.deleteIfExists(file)) {
          Files.createFile(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
