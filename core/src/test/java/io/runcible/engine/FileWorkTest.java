package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.JavaCommand;
import io.runcible.ffi.Lifeline;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The second JVM for files. */
class FileWorkTest {
  private static final int SIGKILL = 9;

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
    Pipe input = Pipe.open();
    Pipe output = Pipe.open();
    Spawn spawn =
        Spawn.of(command, JavaCommand.environment())
            .descriptor(0, input.reader())
            .descriptor(1, output.writer());
    Lifeline lifeline = Lifeline.open();
    try (ChildProcess worker = lifeline.start(spawn);
        InputStream out = output.inputStream()) {
      output.writer().close();
      assertThat(out.read()).isNotNegative();
      assertThat(worker.poll()).isEmpty();

      lifeline.close();

      assertThat(worker.waitFor(Duration.ofMinutes(1))).contains(new WaitStatus(0, SIGKILL));
    } finally {
      lifeline.close();
      input.close();
      output.close();
    }
  }
}
