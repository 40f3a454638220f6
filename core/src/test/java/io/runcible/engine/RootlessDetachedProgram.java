package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.runcible.network.Network;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An ordinary user's detached containers: the main class of two JVMs, one after the other. */
final class RootlessDetachedProgram {
  private static final int PORT = 7000;

  /** Less than a network is waited for that does not end. */
  private static final Duration QUICK = Duration.ofSeconds(15);

  private final String registry;

  private RootlessDetachedProgram(String registry) {
    this.registry = registry;
  }

  public static void main(String[] args) throws Exception {
    RootlessDetachedProgram program = new RootlessDetachedProgram(args[0]);
    if (args[1].equals("make")) {
      program.make();
    } else {
      program.adopt(Path.of(args[2]));
    }
  }

  private static EngineBuilder builder() {
    return TestRoot.builder().policy(new HostPolicy(List.of()));
  }

  private ContainerSpec.Builder sh(String name, String script) {
    return ContainerSpec.builder(registry + "/test:busybox").command("sh", "-c", script).name(name);
  }

  /** The engine that made it lets go of it, and not of the other one's network. */
  private void startByAnother() {
    try (ContainerEngine another = builder().build()) {
      long begin;
      try (ContainerEngine engine = builder().build()) {
        engine.create(sh("five", "sleep 600").network(Network.USER).detached().build());
        another.find("five").orElseThrow().start();
        begin = System.nanoTime();
      }
      say("released", System.nanoTime() - begin < QUICK.toNanos());
      try (Container five = another.find("five").orElseThrow()) {
        say("five", five.state());
      }
    }
  }

  /** What ends after the engine that started it leaves nobody to be reaped by this process. */
  private void endAfterItsEngine() {
    for (Network network : List.of(Network.USER, Network.BRIDGE)) {
      try (ContainerEngine engine = builder().build()) {
        engine.run(sh("six", "sleep 600").network(network).publish(PORT).detached().build());
      }
      try (ContainerEngine engine = builder().build()) {
        engine.find("six").orElseThrow().close();
      }
    }
    long begin = System.nanoTime();
    while (!children().isEmpty() && System.nanoTime() - begin < QUICK.toNanos()) {
      LeakCheck.pause();
    }
    say("children", children());
  }

  private static List<String> children() {
    return HostResources.processesOf(List.of()).stream().map(HostResources::described).toList();
  }

  /** Closes one engine, and waits with another one to be killed. */
  private void make() throws Exception {
    startByAnother();
    endAfterItsEngine();
    try (ContainerEngine engine = builder().build()) {
      String script = "echo up; until [ -e /end ]; do sleep 0.05; done; exit 41";
      engine.run(sh("one", script).detached().build()).awaitReady(Ready.onLog("up"));
      engine.create(sh("two", "echo late; exit 42").detached().build());
      engine.create(sh("unused", "true").build());
    }
    try (ContainerEngine engine = builder().build()) {
      engine.run(sh("own", "sleep 600").build());
      ContainerSpec.Builder server =
          sh("three", "trap 'exit 43' TERM; while :; do echo hello | nc -l -p 7000 & wait; done");
      engine.run(server.network(Network.USER).publish(PORT).detached().build());
      // Somebody starts again what fails, also when nobody is there.
      String failing = "echo x >>/runs; [ $(wc -l </runs) -gt 1 ] && sleep 600; exit 1";
      engine.run(sh("four", failing).restart(RestartPolicy.ALWAYS).detached().build());
      say("running", engine.list().size());
      Thread.sleep(Duration.ofMinutes(10).toMillis());
    }
  }

  private void adopt(Path otherRoot) throws IOException {
    try (ContainerEngine other = builder().dataRoot(otherRoot).build()) {
      say("other", other.list().size());
    }
    try (ContainerEngine engine = builder().build()) {
      say("names", engine.list().stream().map(Container::id).sorted().toList());
      try (Container one = engine.find("one").orElseThrow()) {
        say("one", one.state() + " " + one.logs().text().strip());
        say("top", one.top().size());
        say("exec", one.exec("sh", "-c", "exit 5").waitFor().code());
        // Ended with the container, or before it.
        one.exec("touch", "/end").waitFor();
        say("ended", one.waitFor(TestEngine.LIMIT).map(ExitStatus::code));
        say("again", one.restart(Duration.ZERO).waitFor().code());
      }
      try (Container two = engine.find("two").orElseThrow()) {
        say("two", two.state() + " " + two.start().waitFor().code());
        say("late", two.logs().text().strip());
      }
      try (Container three = engine.find("three").orElseThrow()) {
        say("greeting", greeting(three));
        say("stopped", three.stop(TestEngine.LIMIT).code());
        three.restart(Duration.ZERO);
        say("greeting again", greeting(three));
      }
      try (Container four = engine.find("four").orElseThrow()) {
        while (four.inspect().restarts() < 1 || four.state() != ContainerState.RUNNING) {
          LeakCheck.pause();
        }
        say("restarts", four.inspect().restarts());
        say("killed", four.kill("KILL"));
      }
      say("left", engine.list().size());
    }
  }

  /** Until it listens. */
  private static String greeting(Container server) throws IOException {
    while (server.isRunning()) {
      try (Socket socket = new Socket()) {
        socket.connect(server.hostAddress(PORT));
        String said = new String(socket.getInputStream().readAllBytes(), US_ASCII).strip();
        if (!said.isEmpty()) {
          return said;
        }
      } catch (java.net.SocketException e) {
        // Not yet.
      }
      LeakCheck.pause();
    }
    return "ended";
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value);
  }
}
