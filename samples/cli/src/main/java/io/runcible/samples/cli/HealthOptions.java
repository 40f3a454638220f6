package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How it is found out whether a container works. */
final class HealthOptions {
  @Option(
      names = "--health-cmd",
      paramLabel = "COMMAND",
      description = "Given to its shell, or executed if it is a JSON array; none for no check.")
  private @Nullable String command;

  @Option(names = "--health-interval", paramLabel = "DURATION", description = "Such as 30s.")
  private @Nullable String interval;

  @Option(names = "--health-timeout", paramLabel = "DURATION", description = "Of one check.")
  private @Nullable String timeout;

  @Option(
      names = "--health-retries",
      paramLabel = "COUNT",
      description = "How many failures make it unhealthy.")
  private @Nullable Integer retries;

  @Option(
      names = "--health-start-period",
      paramLabel = "DURATION",
      description = "In which failures do not count.")
  private @Nullable String startPeriod;

  @Option(
      names = "--health-start-interval",
      paramLabel = "DURATION",
      description = "The interval in the start period.")
  private @Nullable String startInterval;

  @Option(names = "--no-healthcheck", description = "Not even the check of the image.")
  private boolean none;

  private boolean changes() {
    return interval != null
        || timeout != null
        || retries != null
        || startPeriod != null
        || startInterval != null;
  }

  /** Whether it is the check of the image that is changed. */
  boolean needsImage() {
    return command == null && changes();
  }

  void apply(ContainerSpec.Builder spec) {
    if (none) {
      if (command != null || changes()) {
        throw invalid("--no-healthcheck and the options of a health check exclude each other");
      }
      spec.healthCheck(HealthCheck.NONE);
    } else if (command != null) {
      spec.healthCheck(changed(check(command)));
    }
  }

  void apply(ContainerSpec.Builder spec, ImageConfig image) {
    if (needsImage()) {
      HealthCheck own =
          image
              .healthCheck()
              .filter(check -> !check.isNone())
              .orElseThrow(() -> invalid("the image has no health check: give one, --health-cmd"));
      spec.healthCheck(changed(own));
    }
  }

  private static HealthCheck check(String command) {
    if (command.equals("none")) {
      return HealthCheck.NONE;
    }
    return command.startsWith("[")
        ? HealthCheck.command(ProcessOptions.words(command))
        : HealthCheck.shell(command);
  }

  private HealthCheck changed(HealthCheck check) {
    return new HealthCheck(
        List.copyOf(check.test()),
        interval == null ? check.interval() : Durations.parse(interval),
        timeout == null ? check.timeout() : Durations.parse(timeout),
        retries == null ? check.retries() : retries,
        startPeriod == null ? check.startPeriod() : Durations.parse(startPeriod),
        startInterval == null ? check.startInterval() : Durations.parse(startInterval));
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
