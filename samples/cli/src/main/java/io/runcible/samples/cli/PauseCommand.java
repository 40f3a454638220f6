package io.runcible.samples.cli;

import io.runcible.engine.Container;
import picocli.CommandLine.Command;

/** Stops the processes of containers. */
@Command(name = "pause", description = "Stop the processes of containers where they are.")
final class PauseCommand extends ContainersCommand {
  @Override
  void apply(Container container) {
    container.pause();
  }
}
