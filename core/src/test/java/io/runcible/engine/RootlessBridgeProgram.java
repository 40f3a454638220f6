package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.io.IOException;
import java.util.List;

/** What an ordinary user does with bridge networks: the main class of a second JVM. */
final class RootlessBridgeProgram {
  private static final int PORT = 7000;

  private final ContainerEngine engine;
  private final String registry;

  private RootlessBridgeProgram(ContainerEngine engine, String registry) {
    this.engine = engine;
    this.registry = registry;
  }

  public static void main(String[] args) throws Exception {
    try (ContainerEngine engine = builder().build()) {
      RootlessBridgeProgram program = new RootlessBridgeProgram(engine, args[0]);
      switch (args[1]) {
        case "all" -> program.all();
        default -> program.waitToBeKilled();
      }
    }
  }

  private static EngineBuilder builder() {
    return TestRoot.chooseRuntime(ContainerEngine.builder().policy(new HostPolicy(List.of())));
  }

  private ContainerSpec.Builder sh(String name, String script) {
    return ContainerSpec.builder(registry + "/test:busybox").command("sh", "-c", script).name(name);
  }

  /** Says what it is called, and sends back what it gets. */
  private ContainerSpec.Builder server(String name) {
    return ContainerSpec.builder(registry + "/test:busybox")
        .command("nc", "-ll", "-p", "7000", "-e", "sh", "-c", "hostname; cat")
        .name(name);
  }

  private static String exec(Container container, String script) throws IOException {
    try (ContainerProcess process = container.exec("sh", "-c", script)) {
      return new String(process.stdout().readAllBytes(), US_ASCII).strip().replace('\n', ' ');
    }
  }

  private void all() throws Exception {
    NetworkInfo web = engine.networks().create(NetworkSpec.builder("web").label("a", "b").build());
    say("labels", web.labels());
    say("families", web.subnets().size());
    engine.networks().create(NetworkSpec.builder("apart").build());
    try (Container db =
            engine.run(server("db").network(Network.named("web").withAlias("data")).build());
        Container app = engine.run(sh("app", "sleep 600").network(Network.named("web")).build())) {
      db.awaitReady(Ready.onPort(PORT));
      say("alias", exec(app, "echo hello | nc -w 5 data 7000"));
      say("used", failure(() -> engine.networks().remove("web")));
    }
    say("removed", engine.networks().remove("web"));
  }

  private static String failure(Runnable work) {
    try {
      work.run();
      return "done";
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private void waitToBeKilled() throws Exception {
    engine.run(sh("left", "sleep 600").network(Network.BRIDGE).build());
    say("up", true);
    System.out.flush();
    Thread.sleep(600_000);
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value);
  }
}
