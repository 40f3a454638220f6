package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerState;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Starts containers that were created, or have ended. One that runs is left alone. */
@Command(
    name = "start",
    description = "Start containers that do not run.",
    mixinStandardHelpOptions = true)
final class StartCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

  @Override
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(engine, StartCommand::start);
    }
  }

  private static void start(Container container) {
    ContainerState state = container.state();
    if (state == ContainerState.CREATED || state == ContainerState.STARTING) {
      container.start();
    } else if (state == ContainerState.STOPPED) {
      container.restart(Duration.ZERO);
    }
  }
}
