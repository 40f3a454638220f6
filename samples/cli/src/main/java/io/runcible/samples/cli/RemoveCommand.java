package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes containers with all that is theirs. */
@Command(name = "rm", description = "Remove containers.", mixinStandardHelpOptions = true)
final class RemoveCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-f", "--force"},
      description = "Also those that run.")
  private boolean force;

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        Container container = Containers.require(engine, id);
        if (!force && container.isRunning()) {
          throw new RuncibleException(
              ErrorKind.FAILED_PRECONDITION,
              "container '" + id + "' runs: stop it first, or remove it with --force");
        }
        container.close();
        System.out.println(id);
      }
    }
    return 0;
  }
}
