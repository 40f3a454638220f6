package io.runcible.samples.cli;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExecSpec;
import io.runcible.engine.Stdio;
import java.util.List;
import java.util.Map;
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
      paramLabel = "NAME=VALUE",
      description = "Set a variable.")
  private Map<String, String> environment = Map.of();

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
    ExecSpec.Builder spec = ExecSpec.builder(command.toArray(String[]::new)).stdio(Stdio.PIPED);
    environment.forEach(spec::environment);
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
}
