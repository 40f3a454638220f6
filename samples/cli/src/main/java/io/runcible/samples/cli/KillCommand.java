package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends a signal to containers. */
@Command(
    name = "kill",
    description = "Send a signal to running containers.",
    mixinStandardHelpOptions = true)
final class KillCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

  @Option(
      names = {"-s", "--signal"},
      description = "A name or a number. Default: ${DEFAULT-VALUE}.")
  private String signal = "KILL";

  @Override
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(engine, this::kill);
    }
  }

  private void kill(Container container) {
    if (!container.kill(signal)) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + container.name() + " does not run");
    }
  }
}
