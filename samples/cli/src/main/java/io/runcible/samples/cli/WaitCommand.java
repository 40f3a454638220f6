package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Waits for the end of containers. */
@Command(
    name = "wait",
    description = "Wait until containers have ended, and print their exit codes.")
final class WaitCommand extends EngineCommand {
  @Option(
      names = {"-i", "--interval"},
      paramLabel = "DURATION",
      description = "Accepted: the end is heard of at once.")
  @SuppressWarnings("UnusedVariable")
  private @Nullable String interval;

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
