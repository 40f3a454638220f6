package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.RuncibleException;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What an engine does on a host that has no program that it needs: the main class of a second JVM,
 * which says on its output what it saw, and waits to be killed with a container still running.
 */
final class RuntimeImageProgram {
  private RuntimeImageProgram() {}

  /** Arguments: the directory for all, the runtime image, the image of the containers, whether. */
  public static void main(String[] args) throws IOException {
    Path root = Path.of(args[0]);
    EngineBuilder builder =
        ContainerEngine.builder()
            .dataRoot(root.resolve("data"))
            .stateRoot(root.resolve("state"))
            .policy(new HostPolicy(List.of()));
    say("shell " + Spawn.findProgram("sh").isPresent());
    say("without " + kind(builder));
    builder.runtimeImage(RuntimeImage.parse(args[1]));
    say("before " + builder.capabilities().has("tools"));
    ContainerEngine engine = builder.build();
    say("after " + builder.capabilities().canRun());
    ContainerSpec.Builder sleeper = ContainerSpec.builder(args[2]).command("sleep", "600");
    try (Container container = engine.run(sleeper.build())) {
      ContainerProcess exec = container.exec("sh", "-c", "echo inside; exit 3");
      say("exec " + exec.waitFor().code() + " " + text(exec));
    }
    if (Boolean.parseBoolean(args[3])) {
      ContainerSpec.Builder once = ContainerSpec.builder(args[2]).command("sh", "-c", "exit 7");
      try (Container container = engine.run(once.name("once").detached().build())) {
        say("detached " + container.waitFor().code());
      }
    }
    Container left = engine.run(sleeper.name("left").build());
    say("running " + left.isRunning());
    while (System.in.read() >= 0) {
      // Until this is killed.
    }
  }

  private static Object kind(EngineBuilder builder) {
    try (ContainerEngine engine = builder.build()) {
      return engine.list();
    } catch (RuncibleException e) {
      return e.kind();
    }
  }

  private static String text(ContainerProcess process) throws IOException {
    return new String(process.stdout().readAllBytes(), UTF_8).strip();
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
