package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerState;
import java.time.Duration;
import picocli.CommandLine.Command;

/** Starts containers that were created, or have ended. One that runs is left alone. */
@Command(name = "start", description = "Start containers that do not run.")
final class StartCommand extends ContainersCommand {
  @Override
  void apply(Container container) {
    ContainerState state = container.state();
    if (state == ContainerState.CREATED || state == ContainerState.STARTING) {
      container.start();
    } else if (state == ContainerState.STOPPED) {
      container.restart(Duration.ZERO);
    }
  }
}
