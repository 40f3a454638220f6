package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Sends a signal to containers. */
@Command(name = "kill", description = "Send a signal to running containers.")
final class KillCommand extends ContainersCommand {
  @Option(
      names = {"-s", "--signal"},
      description = "A name or a number. Default: ${DEFAULT-VALUE}.")
  private String signal = "KILL";

  @Override
  void apply(Container container) {
    if (!container.kill(signal)) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + container.name() + " does not run");
    }
  }
}
