package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.ContainerState;
import io.runcible.runtime.ResourceUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells once what containers use. */
@Command(
    name = "stats",
    description = "Tell what containers use and have used.",
    mixinStandardHelpOptions = true)
final class StatsCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Table table = new Table();

  @Parameters(paramLabel = "CONTAINER", arity = "0..*", description = "Default: all that run.")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    table.titles(
        "ID", "CPU-SECONDS", "MEMORY", "PEAK", "LIMIT", "PIDS", "READ", "WRITTEN", "OOM-KILLS");
    try (ContainerEngine engine = options.open()) {
      List<Container> containers = new ArrayList<>();
      ids.forEach(id -> containers.add(Containers.require(engine, id)));
      if (ids.isEmpty()) {
        containers.addAll(
            engine.list(
                ContainerFilter.all().state(ContainerState.RUNNING, ContainerState.PAUSED)));
      }
      for (Container container : containers) {
        ResourceUsage usage = container.stats().usage();
        table.row(
            container.name(),
            usage.cpuTime().map(time -> time.toMillis() / 1000.0).orElse(0.0),
            cell(usage.memory()),
            cell(usage.memoryPeak()),
            cell(usage.memoryLimit()),
            cell(usage.processes()),
            cell(usage.readBytes()),
            cell(usage.writtenBytes()),
            cell(usage.oomKills()));
      }
    }
    table.print();
    return 0;
  }

  private static Object cell(OptionalLong value) {
    return value.isPresent() ? value.getAsLong() : "";
  }
}
