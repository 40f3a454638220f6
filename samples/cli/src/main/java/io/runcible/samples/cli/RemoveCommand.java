package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Removes containers with all that is theirs. */
@Command(name = "rm", description = "Remove containers.")
final class RemoveCommand extends ContainersCommand {
  @Option(
      names = {"-f", "--force"},
      description = "Also those that run; one that is not there is no failure.")
  private boolean force;

  @Option(
      names = {"-i", "--ignore"},
      description = "One that is not there is no failure.")
  private boolean ignore;

  @Option(
      names = {"-t", "--time"},
      paramLabel = "SECONDS",
      description = "With --force: how long to wait before the kill. Default: not at all.")
  private long seconds;

  @Option(
      names = {"-v", "--volumes"},
      description = "Accepted: volumes without a name always go with their container.")
  @SuppressWarnings("UnusedVariable")
  private boolean volumes;

  @Override
  boolean ignoresMissing() {
    return force || ignore;
  }

  @Override
  void apply(Container container) {
    if (!force && container.isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container '" + container.name() + "' runs: stop it first, or remove it with --force");
    }
    if (seconds > 0 && container.isRunning()) {
      container.stop(Duration.ofSeconds(seconds));
    }
    container.close();
  }
}
