package io.runcible.engine;

import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an engine itself does with a container, and its runtime need not know.
 *
 * @param labels its labels
 * @param restart its {@link RestartPolicy}, as text
 * @param health its health check; null if it has none
 * @param rows of its terminal; 0 if it has none
 * @param columns of its terminal
 * @param log how its output is kept; null in what an earlier release wrote
 * @param limited whether its memory is limited
 * @param interactive whether its input stays open for whoever attaches
 * @param stopMillis how long a stop waits before the kill; null if nobody said so
 * @param namespaces the {@link NamespaceMode} by kind, where it is not its own alone; null in what
 *     an earlier release wrote
 * @param init whether its first process is {@link ReapingInit}
 * @param autoRemove whether it is removed once it has ended
 */
record ContainerOptions(
    Map<String, String> labels,
    String restart,
    @Nullable StoredHealth health,
    int rows,
    int columns,
    @Nullable LogPolicy log,
    boolean limited,
    boolean interactive,
    @Nullable Long stopMillis,
    @Nullable Map<String, String> namespaces,
    boolean init,
    boolean autoRemove) {
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  /** What a record of an earlier release means. */
  static final ContainerOptions NONE =
      new ContainerOptions(
          Map.of(), "no", null, 0, 0, null, false, false, null, null, false, false);

  static ContainerOptions of(
      ContainerSpec spec, ImageConfig image, Map<String, String> namespaces) {
    Optional<HealthCheck> wanted =
        spec.healthCheck().isPresent() ? spec.healthCheck() : image.healthCheck();
    boolean checked = wanted.isPresent() && !wanted.get().isNone();
    return new ContainerOptions(
        spec.labels(),
        spec.restartPolicy().toString(),
        checked ? StoredHealth.of(wanted.get(), image) : null,
        spec.tty().isPresent() ? spec.tty().get().rows() : 0,
        spec.tty().isPresent() ? spec.tty().get().columns() : 0,
        spec.stdio().isPiped() ? LogPolicy.RAW : spec.log(),
        spec.memory().isPresent() || spec.resources().memory().isPresent(),
        spec.stdio() == Stdio.INTERACTIVE,
        spec.stopTimeout().isPresent() ? spec.stopTimeout().get().toMillis() : null,
        namespaces,
        spec.hasInit(),
        spec.isAutoRemoved());
  }

  /** How long a stop waits before the kill. */
  Duration stopTimeout() {
    return stopMillis == null ? STOP_TIMEOUT : Duration.ofMillis(stopMillis);
  }

  /** The first size of its terminal. */
  Optional<ConsoleSize> terminal() {
    return rows == 0 ? Optional.empty() : Optional.of(new ConsoleSize(rows, columns));
  }

  LogPolicy logPolicy() {
    return Objects.requireNonNullElse(log, LogPolicy.RAW);
  }

  RestartPolicy restartPolicy() {
    return RestartPolicy.parse(restart);
  }
}
