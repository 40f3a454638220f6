package io.runcible.samples.cli;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Starts containers that were made before, or have ended. */
@Command(
    name = "start",
    description = "Start containers that were created, or have ended; attach connects with one.",
    mixinStandardHelpOptions = true)
final class StartCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        Container container = Containers.require(engine, id);
        try {
          start(container);
        } catch (RuncibleException e) {
          return Cli.notStarted(e);
        }
        System.out.println(id);
      }
    }
    return 0;
  }

  /** One that runs is left alone, as by other engines. */
  private static void start(Container container) {
    ContainerState state = container.state();
    if (state == ContainerState.CREATED) {
      container.start();
    } else if (state == ContainerState.STOPPED) {
      container.restart(Duration.ZERO);
    }
  }
}
