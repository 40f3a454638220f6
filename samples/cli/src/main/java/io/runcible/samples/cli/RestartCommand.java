package io.runcible.samples.cli;

import io.runcible.engine.Container;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Stops containers, if they run, and starts them again. */
@Command(name = "restart", description = "Restart containers.")
final class RestartCommand extends ContainersCommand {
  @Mixin private Grace grace = new Grace();

  @Override
  void apply(Container container) {
    container.restart(grace.of(container));
  }
}
