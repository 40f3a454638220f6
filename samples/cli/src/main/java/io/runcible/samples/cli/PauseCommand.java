package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Stops the processes of containers. */
@Command(
    name = "pause",
    description = "Stop the processes of containers where they are.",
    mixinStandardHelpOptions = true)
final class PauseCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

  @Override
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(engine, Container::pause);
    }
  }
}
