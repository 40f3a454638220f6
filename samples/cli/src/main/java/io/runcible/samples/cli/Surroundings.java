package io.runcible.samples.cli;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExecSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a process is given besides its words. */
final class Surroundings {
  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME[=VALUE]",
      description = "Set a variable; without a value, to that of this program.")
  private List<String> environment = List.of();

  @Option(
      names = "--env-file",
      paramLabel = "FILE",
      description = "Set variables from a file with one to a line.")
  private List<Path> environmentFiles = List.of();

  @Option(
      names = {"-w", "--workdir"},
      description = "The working directory.")
  private @Nullable String workingDirectory;

  @Option(
      names = {"-u", "--user"},
      description = "USER[:GROUP], names or numbers.")
  private @Nullable String user;

  void apply(ContainerSpec.Builder spec) {
    variables().forEach(spec::environment);
    if (workingDirectory != null) {
      spec.workingDirectory(workingDirectory);
    }
    if (user != null) {
      spec.user(user);
    }
  }

  void apply(ExecSpec.Builder spec) {
    variables().forEach(spec::environment);
    if (workingDirectory != null) {
      spec.workingDirectory(workingDirectory);
    }
    if (user != null) {
      spec.user(user);
    }
  }

  private Map<String, String> variables() {
    return Variables.of(environmentFiles, environment, System::getenv);
  }
}
