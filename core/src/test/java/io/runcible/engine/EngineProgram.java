package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * What the second JVMs of the tests do: the main class, with the name of a program, the root of the
 * test's directories, and a reference as arguments. Says on its output what it did.
 */
final class EngineProgram {
  private static final int SHARED_ROUNDS = 40;

  private static final Map<String, Consumer<EngineProgram>> PROGRAMS =
      Map.of(
          "run-and-wait", EngineProgram::runAndWait,
          "run-and-exit", EngineProgram::runAndExit,
          "run-loop", EngineProgram::runLoop,
          "detach-loop", EngineProgram::detachLoop,
          "pull-loop", EngineProgram::pullLoop,
          "pull-once", EngineProgram::pullOnce,
          "share", EngineProgram::share,
          "detach-and-close", EngineProgram::detachAndClose,
          "detach-and-wait", EngineProgram::detachAndWait);

  private final Path root;
  private final String reference;

  private EngineProgram(Path root, String reference) {
    this.root = root;
    this.reference = reference;
  }

  public static void main(String[] args) {
    EngineProgram program = new EngineProgram(Path.of(args[1]), args[2]);
    PROGRAMS.get(args[0]).accept(program);
  }

  private ContainerEngine open() {
    return ContainerEngine.builder()
        .dataRoot(root.resolve("data"))
        .stateRoot(root.resolve("state"))
        .policy(new HostPolicy(List.of()))
        .build();
  }

  private ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(reference).command("sh", "-c", script);
  }

  private static void say(String line) {
    System.out.println(line);
  }

  /** Until the input ends, which it does when somebody closes it or kills this. */
  private static void awaitInput() {
    try {
      while (System.in.read() >= 0) {
        // Only the end counts.
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void runAndWait() {
    try (ContainerEngine engine = open()) {
      engine.run(sh("sleep 600").name("first").build());
      engine.run(sh("trap '' TERM; sleep 600 & wait").name("second").build());
      engine.create(sh("true").name("third").build());
      say("running");
      awaitInput();
    }
  }

  private void runAndExit() {
    ContainerEngine engine = open();
    engine.run(sh("sleep 600").name("first").build());
    say("running");
    System.exit(0);
  }

  /** Containers of fixed and of random names, from several threads, until this is killed. */
  private void runLoop() {
    ContainerEngine engine = open();
    say("working");
    for (String name : List.of("a", "b")) {
      forever(
          () -> {
            try (Container container = engine.run(sh("sleep 600").name(name).build())) {
              requireSuccess(container.exec("true").waitFor());
            }
          });
    }
    forever(
        () -> {
          try (Container container = engine.run(sh("echo x").build())) {
            requireSuccess(container.waitFor());
          }
        });
  }

  private void detachLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          try (Container container = engine.run(sh("sleep 600").detached().build())) {
            requireSuccess(container.exec("true").waitFor());
          }
        });
  }

  private void pullLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          engine.images().pull(reference);
          engine.images().remove(reference);
          engine.images().prune();
        });
  }

  private void pullOnce() {
    try (ContainerEngine engine = open()) {
      say("ready");
      awaitInput();
      say(engine.images().pull(reference).descriptor().digest().toString());
    }
  }

  /** Everything that concerns others on the same store, in any order. */
  private void share() {
    Random random = new Random(ProcessHandle.current().pid());
    try (ContainerEngine engine = open()) {
      say("ready");
      for (int round = 0; round < SHARED_ROUNDS; round++) {
        switch (random.nextInt(4)) {
          case 0 -> engine.images().pull(reference);
          case 1 -> engine.images().remove(reference);
          case 2 -> prune(engine);
          default -> {
            try (Container container = engine.run(sh("exit 7").build())) {
              say(container.waitFor().toString());
            }
          }
        }
      }
      say("done");
    }
  }

  /** Another one's pull or start is in the way at times. */
  private static void prune(ContainerEngine engine) {
    try {
      engine.images().prune();
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.UNAVAILABLE) {
        throw e;
      }
    }
  }

  private static void forever(Runnable work) {
    new Thread(
            () -> {
              while (true) {
                work.run();
              }
            })
        .start();
  }

  private static void requireSuccess(ExitStatus status) {
    if (!status.isSuccess()) {
      throw new IllegalStateException(status.toString());
    }
  }

  private void detachAndClose() {
    try (ContainerEngine engine = open()) {
      Container container =
          engine.run(
              sh("echo started; while [ ! -e /end ]; do sleep 0.05; done; echo done; exit 42")
                  .name("detached")
                  .detached()
                  .build());
      engine.run(sh("sleep 600").name("attached").build());
      say(container.id() + " " + container.pid().getAsInt());
    }
  }

  private void detachAndWait() {
    ContainerEngine engine = open();
    engine.run(sh("echo started; sleep 0.3; exit 43").name("quick").detached().build());
    engine.run(
        sh("echo started; while [ ! -e /end ]; do sleep 0.05; done; echo done; exit 42")
            .name("detached")
            .detached()
            .build());
    say("running");
    awaitInput();
  }
}
