package io.runcible.samples.cli;

import io.runcible.engine.ContainerDetails;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerRun;
import io.runcible.engine.ContainerSetup;
import io.runcible.engine.NetworkEndpoint;
import io.runcible.runtime.RuntimeSpec;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells all of a container. */
@Command(name = "inspect-container", description = "Tell what a container is and does.")
final class InspectContainerCommand extends EngineCommand {
  @Mixin private Document document = new Document();

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  int run(ContainerEngine engine) {
    describe(Containers.require(engine, id).inspect(), document);
    document.print();
    return 0;
  }

  static void describe(ContainerDetails details, Document document) {
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
    ContainerSetup setup = details.setup();
    document.add("environment", setup.environment());
    document.add("user", setup.uid() + ":" + setup.gid());
    document.add("groups", setup.groups());
    document.add("workingDirectory", setup.workingDirectory());
    document.add("terminal", setup.terminal());
    document.add("hostname", setup.hostname());
    document.add("networks", details.networks().stream().map(InspectContainerCommand::on).toList());
    document.add("ports", details.ports().stream().map(ListCommand::port).toList());
    document.add("mounts", setup.mounts().stream().map(InspectContainerCommand::mount).toList());
    document.add("readOnlyRoot", setup.readOnlyRoot());
    document.add("capabilities", setup.capabilities().stream().map(Enum::name).sorted().toList());
    document.add("noNewPrivileges", setup.noNewPrivileges());
    document.add("seccomp", setup.seccomp());
    document.add("apparmorProfile", setup.apparmorProfile());
    document.add("restartPolicy", details.restartPolicy().toString());
    document.add("restarts", details.restarts());
    document.add("stopSignal", setup.stopSignal());
    document.add("stopTimeout", setup.stopTimeout().toSeconds());
    document.add("limits", limits(details));
    document.add("labels", details.labels());
    document.add("annotations", details.annotations());
  }

  private static Map<String, Object> on(NetworkEndpoint endpoint) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("network", endpoint.network());
    row.put("device", endpoint.device());
    row.put("addresses", endpoint.addresses().stream().map(InetAddress::getHostAddress).toList());
    row.put("names", endpoint.names());
    return row;
  }

  private static Map<String, Object> mount(RuntimeSpec.Mount mount) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("destination", mount.destination());
    row.put("type", mount.type());
    row.put("source", mount.source());
    row.put("options", mount.options());
    return row;
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
