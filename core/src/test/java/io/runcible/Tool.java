package io.runcible;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program of another project, which a test runs to compare with. */
public final class Tool {
  private final Path program;

  private Tool(Path program) {
    this.program = program;
  }

  /** Needs the program, as {@link HostTools} does. */
  public static Tool require(String name, String debianPackage) {
    return new Tool(HostTools.requireProgram(name, debianPackage));
  }

  /** Runs the program to its end; fails with what it said unless it succeeds. */
  public String run(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    builder.environment().put("TZ", "UTC");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s said: %s", command, output).isZero();
    return output;
  }
}
