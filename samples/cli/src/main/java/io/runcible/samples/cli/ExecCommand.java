package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExecSpec;
import io.runcible.engine.Stdio;
import java.util.List;
import java.util.concurrent.Callable;
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
  @Mixin private Surroundings surroundings = new Surroundings();

  @Option(
      names = {"-i", "--interactive"},
      description = "Pass the input on.")
  private boolean interactive;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal, and connect yours with it.")
  private boolean tty;

  @Option(
      names = {"-d", "--detach"},
      description = "Not supported: the process ends with this program.")
  private boolean detach;

  @Option(names = "--privileged", description = "Not supported.")
  private boolean privileged;

  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1..*", paramLabel = "COMMAND", arity = "1..*")
  private List<String> command = List.of();

  @Override
  public Integer call() {
    requireSupported();
    ExecSpec.Builder spec = ExecSpec.builder(command.toArray(String[]::new)).stdio(Stdio.PIPED);
    surroundings.apply(spec);
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
            ? Streams.attachTerminal(process, interactive, true)
            : Streams.attach(process, interactive, true);
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
