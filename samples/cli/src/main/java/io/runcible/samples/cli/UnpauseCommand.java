package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Resumes containers. */
@Command(
    name = "unpause",
    description = "Let the processes of paused containers go on.",
    mixinStandardHelpOptions = true)
final class UnpauseCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        Containers.require(engine, id).resume();
        System.out.println(id);
      }
    }
    return 0;
  }
}
