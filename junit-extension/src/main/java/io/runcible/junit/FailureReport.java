package io.runcible.junit;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerDetails;
import io.runcible.engine.ContainerRun;
import io.runcible.engine.ContainerSetup;
import io.runcible.engine.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the report of a failed test how a container was. Never fails a test itself. */
final class FailureReport {
  private static final Logger LOG = LoggerFactory.getLogger(FailureReport.class);

  private FailureReport() {}

  /** Says that a context was told of. */
  private record Told(String context) {}

  /** Of all containers that a failed test, or class, could use. */
  static void ifFailed(ExtensionContext context) {
    boolean failed =
        context
            .getExecutionException()
            .filter(failure -> !(failure instanceof TestAbortedException))
            .isPresent();
    ExtensionContext.Store store = context.getStore(TestRun.NAMESPACE);
    Told told = new Told(context.getUniqueId());
    if (failed && store.get(told) == null) {
      store.put(told, true);
      for (StartedContainer container : new KnownContainers(context).all()) {
        publish(context, container);
        container.keepIfWanted();
      }
    }
  }

  static void publish(ExtensionContext context, StartedContainer started) {
    publish(context, started.name(), started.container(), started.untilReady());
  }

  static void publish(
      ExtensionContext context, String name, Container container, Duration untilReady) {
    try {
      Map<String, String> entries = entries(container, untilReady);
      Map<String, String> named = new LinkedHashMap<>();
      entries.forEach((key, value) -> named.put("container." + name + "." + key, value));
      context.publishReportEntry(named);
      context.publishDirectory(
          "container-" + name, directory -> write(directory, entries, container));
    } catch (RuntimeException e) {
      LOG.warn("the report does not tell how {} was: {}", container, e.getMessage());
    }
  }

  private static Map<String, String> entries(Container container, Duration untilReady) {
    ContainerDetails details = container.inspect();
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put("id", details.id());
    entries.put("image", details.image());
    entries.put("state", details.state().toString());
    entries.put("exit", exit(details.runs()));
    entries.put("ports", container.ports().toString());
    entries.put("addresses", container.addresses().toString());
    entries.put("ready.millis", String.valueOf(untilReady.toMillis()));
    entries.put("health", details.health().status().toString());
    return entries;
  }

  private static String exit(List<ContainerRun> runs) {
    if (runs.isEmpty()) {
      return "it was never started";
    }
    ContainerRun last = runs.get(runs.size() - 1);
    if (last.finished().isEmpty()) {
      return "it runs";
    }
    Optional<ExitStatus> status = last.status();
    return status
        .map(end -> "code " + end.code() + (end.outOfMemory() ? ", out of memory" : ""))
        .orElse("it ended, and how is not known");
  }

  private static void write(Path directory, Map<String, String> entries, Container container)
      throws IOException {
    ContainerDetails details = container.inspect();
    StringBuilder text = new StringBuilder();
    entries.forEach((key, value) -> text.append(key).append(": ").append(value).append('\n'));
    config(details).forEach((key, value) -> text.append(key + ": " + value + "\n"));
    details.runs().forEach(run -> text.append("run: ").append(run).append('\n'));
    details.health().results().forEach(one -> text.append("check: ").append(one).append('\n'));
    Files.writeString(directory.resolve("container.txt"), text);
    Files.writeString(directory.resolve("log.txt"), log(container));
  }

  /** Of the environment the names only: values are secrets, often enough. */
  private static Map<String, Object> config(ContainerDetails details) {
    ContainerSetup setup = details.setup();
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("command", details.command());
    config.put("environment", new TreeSet<>(setup.environment().keySet()));
    config.put("user", setup.uid() + ":" + setup.gid() + " " + setup.groups());
    config.put("working directory", setup.workingDirectory());
    config.put("mounts", details.mounts());
    config.put("networks", details.networks());
    config.put("capabilities", new TreeSet<>(setup.capabilities()));
    config.put("read-only root", setup.readOnlyRoot());
    config.put("limits", details.limits());
    config.put("labels", details.labels());
    config.put("restarts", details.restarts());
    return config;
  }

  private static String log(Container container) {
    try {
      return container.logs().text();
    } catch (RuncibleException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
