package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class OomScoreTest {
  @TempDir Path directory;

  @Test
  void isThatOfTheProcessIfItHasOne() throws IOException {
    Path file = directory.resolve("process.json");
    Files.writeString(file, ProcessSpec.builder(List.of("true")).oomScoreAdj(-5).build().toJson());
    assertThat(OomScore.of(file)).hasValue(-5);
    Files.writeString(file, ProcessSpec.builder(List.of("true")).build().toJson());
    assertThat(OomScore.of(file)).isEmpty();
    Files.writeString(file, "{");
    assertThatThrownBy(() -> OomScore.of(file))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void isInheritedByWhatTheCommandStarts() throws Exception {
    List<String> runtime =
        List.of("sh", "-c", "cat /proc/self/oom_score_adj; echo \"$1\"", "-", "a b");
    Process process = new ProcessBuilder(OomScore.command(876, runtime)).start();
    assertThat(process.getInputStream().readAllBytes()).asString().isEqualTo("876\na b\n");
    assertThat(process.waitFor()).isZero();
  }
}
