package io.runcible.samples.cli;

import io.runcible.engine.Container;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How long a container has to end by itself. */
final class Grace {
  @Option(
      names = {"-t", "--time", "--timeout"},
      paramLabel = "SECONDS",
      description = "How long to wait before the kill. Default: what it was made with, or 10.")
  private @Nullable Long seconds;

  Duration of(Container container) {
    return seconds == null ? container.stopTimeout() : Duration.ofSeconds(seconds);
  }
}
