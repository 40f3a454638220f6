package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.ContainerState;
import io.runcible.engine.ContainerStats;
import io.runcible.runtime.ResourceUsage;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what containers use. */
@Command(
    name = "stats",
    description = "Tell what containers use and have used, again and again until interrupted.",
    mixinStandardHelpOptions = true)
final class StatsCommand implements Callable<Integer> {
  /** Home, and nothing below. */
  private static final String CLEAR = "\u001b[H\u001b[J";

  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Table table = new Table();

  @Option(names = "--no-stream", description = "Once.")
  private boolean once;

  @Option(names = "--no-reset", description = "Do not clear the screen in between.")
  private boolean noReset;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "SECONDS",
      description = "Default: ${DEFAULT-VALUE}.")
  private int interval = 2;

  @Option(
      names = {"-a", "--all"},
      description = "Also those that have ended, as far as their runtime still knows.")
  private boolean all;

  @Parameters(paramLabel = "CONTAINER", arity = "0..*", description = "Default: all that run.")
  private List<String> ids = List.of();

  @Override
  public Integer call() throws InterruptedException {
    if (interval < 1) {
      throw Filters.invalid("an interval of " + interval + " seconds");
    }
    table.titles(
        "ID",
        "CPU-SECONDS",
        "MEMORY",
        "PEAK",
        "LIMIT",
        "PIDS",
        "READ",
        "WRITTEN",
        "RECEIVED",
        "SENT",
        "OOM-KILLS");
    boolean clear = !once && !noReset && !table.isJson() && Progress.isTerminal(1);
    try (ContainerEngine engine = options.open()) {
      print(engine, clear);
      while (!once) {
        Thread.sleep(interval * 1000L);
        print(engine, clear);
      }
    }
    return 0;
  }

  private void print(ContainerEngine engine, boolean clear) {
    table.clear();
    if (ids.isEmpty()) {
      containers(engine).forEach(this::addIfThere);
    } else {
      ids.forEach(id -> add(Containers.require(engine, id)));
    }
    if (clear) {
      System.out.print(CLEAR);
    }
    table.print();
    System.out.flush();
  }

  private List<Container> containers(ContainerEngine engine) {
    return all
        ? engine.list()
        : engine.list(ContainerFilter.all().state(ContainerState.RUNNING, ContainerState.PAUSED));
  }

  /** One may end, or be removed, at any moment. */
  private void addIfThere(Container container) {
    try {
      add(container);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.FAILED_PRECONDITION && e.kind() != ErrorKind.NOT_FOUND) {
        throw e;
      }
    }
  }

  private void add(Container container) {
    ContainerStats stats = container.stats();
    ResourceUsage usage = stats.usage();
    table.row(
        container.name(),
        usage.cpuTime().map(time -> time.toMillis() / 1000.0).orElse(0.0),
        cell(usage.memory()),
        cell(usage.memoryPeak()),
        cell(usage.memoryLimit()),
        cell(usage.processes()),
        cell(usage.readBytes()),
        cell(usage.writtenBytes()),
        cell(stats.receivedBytes()),
        cell(stats.sentBytes()),
        cell(usage.oomKills()));
  }

  private static Object cell(OptionalLong value) {
    return value.isPresent() ? value.getAsLong() : "";
  }
}
