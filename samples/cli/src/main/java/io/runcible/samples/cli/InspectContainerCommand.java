package io.runcible.samples.cli;

import io.runcible.engine.ContainerDetails;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerRun;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells all of a container. */
@Command(
    name = "inspect-container",
    description = "Tell what a container is and does.",
    mixinStandardHelpOptions = true)
final class InspectContainerCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Document document = new Document();

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      describe(Containers.require(engine, id).inspect());
    }
    document.print();
    return 0;
  }

  private void describe(ContainerDetails details) {
    document.add("id", details.id());
    document.add("name", details.name());
    document.add("image", details.image());
    document.add("created", details.created().toString());
    document.add("state", details.state().toString().toLowerCase(Locale.ROOT));
    if (details.pid().isPresent()) {
      document.add("pid", details.pid().getAsInt());
    }
    document.add("runs", details.runs().stream().map(InspectContainerCommand::run).toList());
    document.add("health", details.health().status().toString());
    document.add("command", details.command());
    document.add("mounts", details.mounts());
    document.add("limits", limits(details));
    document.add("labels", details.labels());
    document.add("annotations", details.annotations());
  }

  private static Map<String, Object> run(ContainerRun run) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("started", run.started().toString());
    run.finished().ifPresent(end -> row.put("finished", end.toString()));
    run.status().ifPresent(status -> row.put("exitCode", status.code()));
    run.status().ifPresent(status -> row.put("outOfMemory", status.outOfMemory()));
    return row;
  }

  private static Map<String, Object> limits(ContainerDetails details) {
    Map<String, Object> limits = new LinkedHashMap<>();
    details.limits().memory().ifPresent(bytes -> limits.put("memory", bytes));
    details.limits().cpus().ifPresent(cpus -> limits.put("cpus", cpus));
    details.limits().pids().ifPresent(pids -> limits.put("pids", pids));
    return limits;
  }
}
