package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExecSpec;
import io.runcible.engine.Stdio;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a further process in a container. */
@Command(
    name = "exec",
    description = "Run a process in a running container.",
    mixinStandardHelpOptions = true)
final class ExecCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-i", "--interactive"},
      description = "Pass the input on.")
  private boolean interactive;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal, and connect yours with it.")
  private boolean tty;

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
      names = {"-d", "--detach"},
      description = "Not supported: the process ends with this program.")
  private boolean detach;

  @Option(names = "--privileged", description = "Not supported.")
  private boolean privileged;

  @Option(
      names = {"-w", "--workdir"},
      description = "The working directory.")
  private @Nullable String workingDirectory;

  @Option(
      names = {"-u", "--user"},
      description = "USER[:GROUP], names or numbers.")
  private @Nullable String user;

  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1..*", paramLabel = "COMMAND", arity = "1..*")
  private List<String> command = List.of();

  @Override
  public Integer call() {
    requireSupported();
    ExecSpec.Builder spec = ExecSpec.builder(command.toArray(String[]::new)).stdio(Stdio.PIPED);
    Variables.of(environmentFiles, environment, System::getenv).forEach(spec::environment);
    if (workingDirectory != null) {
      spec.workingDirectory(workingDirectory);
    }
    if (user != null) {
      spec.user(user);
    }
    if (tty) {
      int[] size = UserTerminal.size();
      spec.tty(size[0], size[1]);
    }
    try (ContainerEngine engine = options.open()) {
      Container container = Containers.require(engine, id);
      ContainerProcess process;
      try {
        process = container.exec(spec.build());
      } catch (RuncibleException e) {
        return Cli.notStarted(e);
      }
      try (process) {
        return tty
            ? Streams.attachTerminal(process, interactive)
            : Streams.attach(process, interactive);
      }
    }
  }

  private void requireSupported() {
    if (detach) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "exec --detach is not supported, as what is executed ends with its engine; let a shell"
              + " in the container start it: exec CONTAINER sh -c 'PROGRAM &'");
    }
    if (privileged) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "exec --privileged is not supported: a process has what its container has; see run"
              + " --cap-add");
    }
  }
}
