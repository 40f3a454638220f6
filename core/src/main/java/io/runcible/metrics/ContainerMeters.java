package io.runcible.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerState;
import io.runcible.runtime.ResourceUsage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The containers of an engine as they were when somebody asked last, in one registry. */
final class ContainerMeters {
  private static final String OTHERS = "(others)";

  private final ContainerEngine engine;
  private final int maxContainers;
  private final long interval;
  private final MultiGauge memory;
  private final MultiGauge cpu;
  private final MultiGauge processes;
  private final ReentrantLock looking = new ReentrantLock();
  private volatile Map<ContainerState, Integer> states = Map.of();
  private @Nullable Long looked;

  /** What one container uses, or several. */
  private record Use(OptionalDouble memory, OptionalDouble cpu, OptionalDouble processes) {
    static Use of(ResourceUsage usage) {
      return new Use(
          number(usage.memory()),
          usage
              .cpuTime()
              .map(time -> OptionalDouble.of(time.toNanos() / 1e9))
              .orElseGet(OptionalDouble::empty),
          number(usage.processes()));
    }

    private static OptionalDouble number(OptionalLong value) {
      return value.isPresent()
          ? OptionalDouble.of((double) value.getAsLong())
          : OptionalDouble.empty();
    }

    Use and(Use other) {
      return new Use(
          sum(memory, other.memory), sum(cpu, other.cpu), sum(processes, other.processes));
    }

    private static OptionalDouble sum(OptionalDouble one, OptionalDouble other) {
      return one.isEmpty() && other.isEmpty()
          ? one
          : OptionalDouble.of(one.orElse(0) + other.orElse(0));
    }
  }

  ContainerMeters(
      ContainerEngine engine, MeterRegistry registry, int maxContainers, Duration interval) {
    this.engine = engine;
    this.maxContainers = maxContainers;
    this.interval = interval.toNanos();
    memory = gauge(registry, "memory", "bytes", "Memory in use, with the page cache");
    cpu = gauge(registry, "cpu", "seconds", "Processor time since the start");
    processes = gauge(registry, "processes", "processes", "Processes and threads");
  }

  private static MultiGauge gauge(
      MeterRegistry registry, String name, String unit, String description) {
    return MultiGauge.builder("runcible.container." + name)
        .baseUnit(unit)
        .description(description)
        .register(registry);
  }

  double count(ContainerState state) {
    look();
    return states.getOrDefault(state, 0);
  }

  /** Unless somebody else does, or has just done so. */
  private void look() {
    if (!looking.tryLock()) {
      return;
    }
    try {
      Long last = looked;
      if (last == null || System.nanoTime() - last >= interval) {
        lookAgain();
        looked = System.nanoTime();
      }
    } finally {
      looking.unlock();
    }
  }

  private void lookAgain() {
    Map<ContainerState, Integer> counts = new EnumMap<>(ContainerState.class);
    Map<String, Use> uses = new LinkedHashMap<>();
    for (Container container : containers()) {
      ContainerState state = container.state();
      counts.merge(state, 1, Integer::sum);
      Use use = state == ContainerState.RUNNING ? use(container) : null;
      if (use != null) {
        uses.merge(uses.size() < maxContainers ? container.name() : OTHERS, use, Use::and);
      }
    }
    states = counts;
    register(memory, uses, Use::memory);
    register(cpu, uses, Use::cpu);
    register(processes, uses, Use::processes);
  }

  private List<Container> containers() {
    try {
      return engine.list();
    } catch (RuncibleException e) {
      return List.of(); // It was closed.
    }
  }

  private static @Nullable Use use(Container container) {
    try {
      return Use.of(container.stats().usage());
    } catch (RuncibleException e) {
      return null; // It has ended, or the host does not count.
    }
  }

  private static void register(
      MultiGauge gauge, Map<String, Use> uses, Function<Use, OptionalDouble> value) {
    List<Row<?>> rows = new ArrayList<>();
    uses.forEach(
        (name, use) -> {
          OptionalDouble number = value.apply(use);
          if (number.isPresent()) {
            rows.add(Row.of(Tags.of("container", name), number.getAsDouble()));
          }
        });
    gauge.register(rows, true);
  }
}
