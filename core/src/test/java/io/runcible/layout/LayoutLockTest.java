package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LayoutLockTest {
  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX)
  void isHadAlsoWhileAnotherJvmWaitsForAnotherThreadOfThisOne() throws Exception {
    Path root = Files.createDirectory(directory.resolve("theirs"));
    Path ours = directory.resolve("ours");
    LayoutLock lock = new LayoutLock(root);
    assertThat(
            CrosswiseJvm.<String>whileWaitingCrosswise(
                root.resolve(LayoutLock.FILE_NAME), ours, () -> lock.locked(() -> "had")))
        .isEqualTo("had");
  }
}
