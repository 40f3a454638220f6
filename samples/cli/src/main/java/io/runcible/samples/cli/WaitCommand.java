package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Waits for the end of containers. */
@Command(
    name = "wait",
    description = "Wait until containers have ended, and print their exit codes.")
final class WaitCommand extends EngineCommand {
  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  int run(ContainerEngine engine) {
    for (String id : ids) {
      System.out.println(Containers.require(engine, id).waitFor().code());
    }
    return 0;
  }
}
