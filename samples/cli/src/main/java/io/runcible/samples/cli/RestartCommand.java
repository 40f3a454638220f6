package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Stops containers, if they run, and starts them again. */
@Command(name = "restart", description = "Restart containers.", mixinStandardHelpOptions = true)
final class RestartCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

  @Option(
      names = {"-t", "--time", "--timeout"},
      paramLabel = "SECONDS",
      description = "How long to wait before the kill. Default: what it was made with, or 10.")
  private @Nullable Long seconds;

  @Override
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(
          engine,
          container ->
              container.restart(
                  seconds == null ? container.stopTimeout() : Duration.ofSeconds(seconds)));
    }
  }
}
