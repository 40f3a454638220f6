package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Removes containers with all that is theirs. */
@Command(name = "rm", description = "Remove containers.", mixinStandardHelpOptions = true)
final class RemoveCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

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
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(engine, this::remove);
    }
  }

  private void remove(Container container) {
    if (!force && container.isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container '" + container.name() + "' runs: stop it first, or remove it with --force");
    }
    container.close();
  }
}
