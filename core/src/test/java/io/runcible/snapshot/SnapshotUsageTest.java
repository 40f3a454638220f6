package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
