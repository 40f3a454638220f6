package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ffi.EachCall;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class RuntimeProgramsTest {
  /** Whoever wants the programs would wait for their lock as long as this process lives. */
  @Test
  void programsThatCannotBeRemovedAreNotLocked(@TempDir Path data) throws Exception {
    Path programs = data.resolve("runtimes/key");
    EachCall.closesWhatItOpened(
        () -> {
          Files.createDirectories(programs.resolve("below"));
          RuntimePrograms.prune(data, List.of());
          assertThat(programs).doesNotExist();
          return () -> {};
        });
  }
}
