package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Asks containers to end, and kills those that do not. */
@Command(name = "stop", description = "Stop containers.", mixinStandardHelpOptions = true)
final class StopCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-t", "--time"},
      paramLabel = "SECONDS",
      description = "How long to wait before the kill. Default: ${DEFAULT-VALUE}.")
  private long seconds = 10;

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        Containers.require(engine, id).stop(Duration.ofSeconds(seconds));
        System.out.println(id);
      }
    }
    return 0;
  }
}
