package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Waits for the end of containers. */
@Command(
    name = "wait",
    description = "Wait until containers have ended, and print their exit codes.",
    mixinStandardHelpOptions = true)
final class WaitCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        System.out.println(Containers.require(engine, id).waitFor().code());
      }
    }
    return 0;
  }
}
