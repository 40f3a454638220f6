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
import java.util.stream.Stream;
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
  private static final String SHELL = "/bin/sh";

  /**
   * Another word is the name of the shell, and what follows the program. A program that begins a
   * session leaves what begins one already, and changes no signals.
   */
  private static final List<String> LEAVE =
      List.of(
          SHELL,
          "-c",
          """
          command -v "$1" >/dev/null || { echo "there is no '$1'" >&2; exit 127; }
          exec </dev/null >/dev/null 2>&1
          read -r pid name state parent group rest </proc/$$/stat
          [ "$group" != $$ ] || ! command -v setsid || exec setsid "$@"
          "$@" &
          """,
          SHELL);

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
      description =
          "Leave it to the container's own shell, without input, output and terminal; whether the"
              + " program can be executed is not known. Where the container has no `setsid`, it"
              + " begins with SIGINT and SIGQUIT ignored, as a shell's background programs do.")
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
    ExecSpec.Builder spec = ExecSpec.builder(words()).stdio(Stdio.PIPED);
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
        if (detach
            && e.kind() == ErrorKind.NOT_FOUND
            && String.valueOf(e.getMessage()).contains(SHELL)) {
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED,
              "exec --detach is not supported in container "
                  + id
                  + ", which has no "
                  + SHELL
                  + " to leave the program to",
              e);
        }
        return Cli.notStarted(e);
      }
      try (process) {
        return tty
            ? Streams.attachTerminal(process, interactive, true)
            : Streams.attach(process, interactive, true);
      }
    }
  }

  /** What is executed ends with its engine, but not what that has started itself. */
  private String[] words() {
    return Stream.concat(detach ? LEAVE.stream() : Stream.empty(), command.stream())
        .toArray(String[]::new);
  }

  private void requireSupported() {
    if (detach && tty) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "exec --detach --tty is not supported, as the terminal would be gone with this program");
    }
    if (privileged) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "exec --privileged is not supported: a process has what its container has; see run"
              + " --cap-add");
    }
  }
}
