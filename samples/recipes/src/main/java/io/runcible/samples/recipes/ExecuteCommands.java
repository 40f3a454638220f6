package io.runcible.samples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExecSpec;
import io.runcible.engine.Stdio;
import java.io.IOException;
import java.io.OutputStream;

/** Starts further programs in a container that runs. */
final class ExecuteCommands {
  private ExecuteCommands() {}

  static int exitCode(Container container, String... command) {
    try (ContainerProcess process = container.exec(command)) {
      return process.waitFor().code();
    }
  }

  static String answer(Container container, String question) throws IOException {
    ExecSpec cat =
        ExecSpec.builder("/bin/cat").stdio(Stdio.PIPED).user("1000").workingDirectory("/").build();
    try (ContainerProcess process = container.exec(cat)) {
      try (OutputStream input = process.stdin()) {
        input.write(question.getBytes(UTF_8));
      }
      String output = new String(process.stdout().readAllBytes(), UTF_8);
      process.waitFor();
      return output;
    }
  }
}
