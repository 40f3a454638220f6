package io.runcible.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerState;
import io.runcible.engine.EngineOperation;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * What an engine does and what its containers use, as meters:
 *
 * <ul>
 *   <li>{@code runcible.operations}, by {@code operation}: how many {@link EngineOperation}s went
 *       well;
 *   <li>{@code runcible.failures}, by {@code operation} and {@code kind}: how many failed;
 *   <li>{@code runcible.pulled}: bytes of layers that were fetched;
 *   <li>{@code runcible.containers}, by {@code state}: how many there are;
 *   <li>{@code runcible.container.memory}, {@code .cpu} and {@code .processes}, by {@code
 *       container}: the bytes, seconds of processor time since the start, and processes and threads
 *       of each container that runs, as far as the host counts them.
 * </ul>
 *
 * <p>Only so many containers have meters of their own, by default 100; what the others use is added
 * up under the name {@code (others)}. Which these are changes as containers come and go, so a
 * registry that keeps what is gone sees more names in the course of time.
 *
 * <p>Containers are looked at when somebody reads {@code runcible.containers}, and then not again
 * for a while, by default five seconds; meters of new ones are there for the next reader. It costs
 * no thread, and a few file reads for each container. After the close of the engine there are no
 * containers. Thread-safe; may be bound to several registries.
 */
@SuppressWarnings("exports") // Who uses it has Micrometer.
public final class ContainerEngineMetrics implements MeterBinder {
  private static final int MAX_CONTAINERS = 100;
  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static final String OPERATION = "operation";

  private final ContainerEngine engine;
  private final int maxContainers;
  private final Duration interval;

  /** The metrics of an engine, which stays the caller's. */
  public ContainerEngineMetrics(ContainerEngine engine) {
    this(engine, MAX_CONTAINERS, INTERVAL);
  }

  /**
   * The same with other limits.
   *
   * @param maxContainers how many have meters of their own; 0 for none
   * @param interval for how long what was seen of the containers is good enough
   * @throws RuncibleException INVALID_INPUT for a negative number or time
   */
  public ContainerEngineMetrics(ContainerEngine engine, int maxContainers, Duration interval) {
    if (maxContainers < 0 || interval.isNegative()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "metrics of " + maxContainers + " containers, looked at every " + interval);
    }
    this.engine = engine;
    this.maxContainers = maxContainers;
    this.interval = interval;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (EngineOperation operation : EngineOperation.values()) {
      bind(registry, operation);
    }
    FunctionCounter.builder("runcible.pulled", engine, e -> e.counts().pulledBytes())
        .description("Bytes of layers that were fetched")
        .baseUnit("bytes")
        .register(registry);
    ContainerMeters containers = new ContainerMeters(engine, registry, maxContainers, interval);
    for (ContainerState state : ContainerState.values()) {
      if (state != ContainerState.REMOVED) {
        Gauge.builder("runcible.containers", containers, all -> all.count(state))
            .description("Containers of the engine, and detached ones that it knows")
            .tag("state", lower(state))
            .strongReference(true)
            .register(registry);
      }
    }
  }

  private void bind(MeterRegistry registry, EngineOperation operation) {
    Tags tags = Tags.of(OPERATION, operation.toString());
    FunctionCounter.builder(
            "runcible.operations",
            engine,
            e -> e.counts().completed().getOrDefault(operation, 0L).doubleValue())
        .description("Operations that went well")
        .tags(tags)
        .register(registry);
    for (ErrorKind kind : ErrorKind.values()) {
      FunctionCounter.builder("runcible.failures", engine, e -> failures(e, operation, kind))
          .description("Operations that failed")
          .tags(tags.and(Tag.of("kind", lower(kind))))
          .register(registry);
    }
  }

  private static double failures(
      ContainerEngine engine, EngineOperation operation, ErrorKind kind) {
    return engine.counts().failed().getOrDefault(operation, Map.of()).getOrDefault(kind, 0L);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
