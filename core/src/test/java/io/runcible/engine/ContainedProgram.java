package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What an engine does that is itself in a container: the main class of a second JVM, which says on
 * its output what it saw.
 */
final class ContainedProgram {
  private ContainedProgram() {}

  /** Arguments: the directory for all, the image of the containers. */
  public static void main(String[] args) throws IOException {
    Path root = Path.of(args[0]);
    EngineBuilder builder =
        TestRoot.builder()
            .dataRoot(root.resolve("data"))
            .stateRoot(root.resolve("state"))
            .policy(new HostPolicy(List.of()));
    for (Capabilities.Feature feature : builder.capabilities().features()) {
      if (List.of("privileges", "subordinate-ids", "overlay").contains(feature.name())) {
        say(feature.name(), feature.available() + " " + feature.detail());
      }
    }
    String script =
        "touch /f; chown 33:44 /f 2>/dev/null; stat -c %u:%g /f; id -u; echo up; exec sleep 600";
    ContainerSpec spec = ContainerSpec.builder(args[1]).command("sh", "-c", script).build();
    String id = "";
    try (ContainerEngine engine = builder.build();
        Container container = engine.run(spec)) {
      id = container.id();
      container.awaitReady(Ready.onLog("up"));
      say("output", container.logs().text());
      ContainerProcess exec = container.exec("sh", "-c", "echo inside; exit 3");
      say("exec", exec.waitFor().code() + " " + new String(exec.stdout().readAllBytes(), UTF_8));
      say("stop", container.stop(Duration.ZERO).code());
      say("layer", layer(engine, args[1], Files.createDirectory(root.resolve("below"))));
    } catch (RuncibleException e) {
      say("failed", e.kind() + " " + e.getMessage());
    }
    say("groups", groups(id));
  }

  /** Which control groups of a container there are: a runtime makes them where it can. */
  private static List<Path> groups(String id) throws IOException {
    Path all = Path.of("/sys/fs/cgroup");
    List<Path> places = new ArrayList<>(List.of(all));
    // Not deeper: the groups of others come and go.
    try (Stream<Path> tops = Files.list(all)) {
      tops.forEach(places::add);
    }
    List<Path> groups = new ArrayList<>();
    for (Path place : places) {
      Path group = place.resolve(id);
      // Where the newer generation is not mounted, crun leaves directories that are no groups.
      if (Files.exists(group) && Files.getFileStore(group).type().startsWith("cgroup")) {
        groups.add(group);
      }
    }
    return groups;
  }

  private static int layer(ContainerEngine engine, String image, Path below) {
    ContainerSpec spec =
        ContainerSpec.builder(image)
            .command("sh", "-c", "echo x >/over/file")
            .mount(Mount.overlay(below, "/over"))
            .build();
    try (Container container = engine.run(spec)) {
      return container.waitFor().code();
    }
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value.toString().strip().replace('\n', ' '));
  }
}
