package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ExitStatus;
import io.runcible.engine.RestartPolicy;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Asks containers to end, and kills those that do not. */
@Command(name = "stop", description = "Stop containers.")
final class StopCommand extends ContainersCommand {
  @Mixin private Grace grace = new Grace();

  @Option(
      names = {"-s", "--signal"},
      description = "What asks it to end. Default: what it was made with, or SIGTERM.")
  private @Nullable String signal;

  @Option(
      names = {"-i", "--ignore"},
      description = "One that is not there is no failure.")
  private boolean ignore;

  @Override
  boolean ignoresMissing() {
    return ignore;
  }

  @Override
  void apply(Container container) {
    if (signal != null && !container.inspect().restartPolicy().equals(RestartPolicy.NO)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "stop --signal is not supported for "
              + container.name()
              + ", whose restart policy would start it again; stop it without --signal");
    }
    Duration left = grace.of(container);
    if (signal != null && container.kill(signal)) {
      Optional<ExitStatus> ended = container.waitFor(left);
      left = Duration.ZERO;
      if (ended.isPresent()) {
        return;
      }
    }
    container.stop(left);
  }
}
