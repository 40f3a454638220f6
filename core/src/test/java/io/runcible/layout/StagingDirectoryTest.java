package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.IsolatedLoader;
import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class StagingDirectoryTest {
  @TempDir Path directory;

  /** Who has it takes it for what a killed JVM left, and removes it. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void isLostAlsoWhileAnotherJvmWaitsForAnotherThreadOfThisOne() throws Exception {
    Path theirs = directory.resolve("theirs");
    boolean locked =
        CrosswiseJvm.whileWaitingCrosswise(
            theirs, directory.resolve("ours"), () -> isLocked(theirs));
    assertThat(locked).isFalse();
  }

  private static boolean isLocked(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return StagingDirectory.isLocked(file, channel);
    }
  }

  /** Two applications of a server, each with the library in it. */
  @Test
  void oneOfAnotherClassLoaderIsNoLeftover() throws Exception {
    try (StagingDirectory own = StagingDirectory.create(directory);
        IsolatedLoader loader = new IsolatedLoader("nothing")) {
      try (Closeable other = create(loader)) {
        assertThat(other).isNotNull();
        assertThat(directory.toFile().list()).hasSize(2);
        assertThat(own.resolve(".lock")).exists();
      }
      assertThat(directory.toFile().list()).containsExactly(own.path().getFileName().toString());
    }
    assertThat(directory).isEmptyDirectory();
  }

  private Closeable create(ClassLoader loader) throws Exception {
    Method create =
        loader.loadClass(StagingDirectory.class.getName()).getDeclaredMethod("create", Path.class);
    create.setAccessible(true);
    return (Closeable) create.invoke(null, directory);
  }
}
