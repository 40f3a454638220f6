package io.runcible.samples.cli;

import io.runcible.engine.Container;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Stops containers, if they run, and starts them again. */
@Command(name = "restart", description = "Restart containers.")
final class RestartCommand extends ContainersCommand {
  @Mixin private Grace grace = new Grace();

  @Option(names = "--running", description = "Only those that run.")
  private boolean running;

  @Override
  void apply(Container container) {
    if (running && !container.isRunning()) {
      return;
    }
    container.restart(grace.of(container));
  }
}
