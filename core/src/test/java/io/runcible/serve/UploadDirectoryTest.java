package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.IsolatedLoader;
import io.runcible.layout.CrosswiseJvm;
import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class UploadDirectoryTest {
  private static final String GUARD = ".runcible-uploads.lock";

  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX)
  void opensAlsoWhileAnotherJvmWaitsForAnotherThreadOfThisOne() throws Exception {
    Path ours = directory.resolve("ours");
    Path uploads = Files.createDirectory(directory.resolve("uploads"));
    try (UploadDirectory opened =
        CrosswiseJvm.whileWaitingCrosswise(
            uploads.resolve(GUARD), ours, () -> UploadDirectory.open(uploads))) {
      assertThat(opened.file("one").getParent()).isDirectory();
    }
    assertThat(uploads.resolve(GUARD)).exists();
    assertThat(uploads).isDirectoryNotContaining(file -> !file.endsWith(GUARD));
  }

  /** Two applications of a server, each with the library in it. */
  @Test
  void oneOfAnotherClassLoaderIsNoLeftover() throws Exception {
    try (UploadDirectory own = UploadDirectory.open(directory);
        IsolatedLoader loader = new IsolatedLoader("nothing")) {
      Method open =
          loader.loadClass(UploadDirectory.class.getName()).getDeclaredMethod("open", Path.class);
      open.setAccessible(true);
      try (Closeable other = (Closeable) open.invoke(null, directory)) {
        assertThat(other).isNotNull();
        // The guard, and two directories, each with its lock.
        assertThat(directory.toFile().list()).hasSize(5);
      }
      assertThat(own.file("one").getParent()).isDirectory();
      assertThat(directory.toFile().list()).hasSize(3);
    }
    assertThat(directory.toFile().list()).containsExactly(GUARD);
  }

  /** Between being found and being opened. */
  @Test
  void lockFileThatVanishesWhileAServerStartsIsNoFailure() throws IOException {
    Path lockFile = directory.resolve(".runcible-uploads-closed.lock");
    UploadDirectory.sweep(directory, lockFile);
    Files.createFile(directory.resolve("of others"));
    Files.createFile(lockFile);
    UploadDirectory.sweep(directory, lockFile);
    assertThat(directory).isDirectoryContaining(file -> file.endsWith("of others"));
    assertThat(lockFile).doesNotExist();
  }
}
