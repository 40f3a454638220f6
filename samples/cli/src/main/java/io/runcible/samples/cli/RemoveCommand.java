package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Removes containers with all that is theirs. */
@Command(name = "rm", description = "Remove containers.")
final class RemoveCommand extends ContainersCommand {
  @Option(
      names = {"-f", "--force"},
      description = "Also those that run.")
  private boolean force;

  @Option(
      names = {"-v", "--volumes"},
      description = "Accepted: volumes without a name always go with their container.")
  @SuppressWarnings("UnusedVariable")
  private boolean volumes;

  @Override
  void apply(Container container) {
    if (!force && container.isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container '" + container.name() + "' runs: stop it first, or remove it with --force");
    }
    container.close();
  }
}
