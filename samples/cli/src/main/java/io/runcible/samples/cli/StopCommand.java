package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ExitStatus;
import io.runcible.engine.RestartPolicy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Asks containers to end, and kills those that do not. */
@Command(name = "stop", description = "Stop containers.", mixinStandardHelpOptions = true)
final class StopCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Containers containers = new Containers();

  @Option(
      names = {"-t", "--time", "--timeout"},
      paramLabel = "SECONDS",
      description = "How long to wait before the kill. Default: what it was made with, or 10.")
  private @Nullable Long seconds;

  @Option(
      names = {"-s", "--signal"},
      description = "What asks it to end. Default: what it was made with, or SIGTERM.")
  private @Nullable String signal;

  @Override
  public Integer call() {
    containers.check();
    try (ContainerEngine engine = options.open()) {
      return containers.each(engine, this::stop);
    }
  }

  private void stop(Container container) {
    if (signal != null && !container.inspect().restartPolicy().equals(RestartPolicy.NO)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "stop --signal is not supported for "
              + container.name()
              + ", whose restart policy would start it again; stop it without --signal");
    }
    Duration grace = seconds == null ? container.stopTimeout() : Duration.ofSeconds(seconds);
    if (signal != null && container.kill(signal)) {
      Optional<ExitStatus> ended = container.waitFor(grace);
      grace = Duration.ZERO;
      if (ended.isPresent()) {
        return;
      }
    }
    container.stop(grace);
  }
}
