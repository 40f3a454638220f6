package io.runcible.samples.cli;

import io.runcible.engine.Container;
import picocli.CommandLine.Command;

/** Resumes containers. */
@Command(name = "unpause", description = "Let the processes of paused containers go on.")
final class UnpauseCommand extends ContainersCommand {
  @Override
  void apply(Container container) {
    container.resume();
  }
}
