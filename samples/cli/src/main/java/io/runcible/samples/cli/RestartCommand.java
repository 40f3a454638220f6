package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stops containers, if they run, and starts them again. */
@Command(name = "restart", description = "Restart containers.", mixinStandardHelpOptions = true)
final class RestartCommand implements Callable<Integer> {
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
        Containers.require(engine, id).restart(Duration.ofSeconds(seconds));
        System.out.println(id);
      }
    }
    return 0;
  }
}
