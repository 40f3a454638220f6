package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ffi.JavaCommand;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The second JVM for files. */
class FileWorkTest {
  @TempDir Path tree;

  /** It is at work for ever, since nobody reads what it writes. */
  @Test
  void workerEndsWithTheProcessThatWaitsForIt() throws Exception {
    Files.write(tree.resolve("large"), new byte[1 << 20]);
    FileWork.Request request =
        new FileWork.Request(
            FileWork.Task.ARCHIVE,
            tree.toString(),
            "/",
            false,
            false,
            false,
            List.of(),
            List.of(),
            "",
            "",
            0,
            IdMaps.HOST);
    List<String> command = new ArrayList<>(JavaCommand.of(FileWork.class));
    command.add(new JsonMapper().writeValueAsString(request));
    Process worker = new ProcessBuilder(command).start();
    try (InputStream out = worker.getInputStream()) {
      assertThat(out.read()).isNotNegative();
      assertThat(worker.isAlive()).isTrue();
      worker.getOutputStream().close();

      assertThat(worker.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(worker.exitValue()).isEqualTo(1);
    } finally {
      worker.destroyForcibly();
    }
  }
}
