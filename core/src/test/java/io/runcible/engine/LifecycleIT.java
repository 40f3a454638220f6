package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** From creation to removal. */
class LifecycleIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String UNTIL_TERM =
      "trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.01; done";

  @Test
  void createdContainerIsStartedOnce() {
    Instant before = Instant.now();
    try (Container container = ENGINE.get().create(ENGINE.sh("echo x").name("created").build())) {
      assertThat(container.id()).isEqualTo("created");
      assertThat(container.image()).hasToString(ENGINE.reference("busybox"));
      assertThat(container.created())
          .isAfter(before.minusMillis(1))
          .isBefore(Instant.now().plusMillis(1));
      assertThat(container.isRunning()).isFalse();
      RunIT.assertFails(
          container::waitFor, ErrorKind.FAILED_PRECONDITION, "created", "not been started");
      container.start();
      assertThat(TestEngine.ended(container).output()).isEqualTo("x");
      RunIT.assertFails(
          container::start, ErrorKind.FAILED_PRECONDITION, "created", "started before");
    }
  }

  @Test
  void idsAreUnique() {
    try (Container one = ENGINE.get().create(ENGINE.sh("true").build());
        Container two = ENGINE.get().create(ENGINE.sh("true").build())) {
      assertThat(one.id()).matches("[0-9a-f]{12}").isNotEqualTo(two.id());
    }
  }

  @Test
  void nameThatIsTakenIsRefusedAndItsOwnerUndisturbed() {
    try (Container first = ENGINE.get().run(ENGINE.sh("sleep 60").name("taken").build());
        ContainerEngine other = ENGINE.open()) {
      for (ContainerEngine engine : List.of(ENGINE.get(), other)) {
        RunIT.assertFails(
            () -> engine.run(ENGINE.sh("true").name("taken").build()),
            ErrorKind.ALREADY_EXISTS,
            "'taken'");
      }
      assertThat(first.isRunning()).isTrue();
      assertThat(first.exec("true").waitFor().isSuccess()).isTrue();
    }
    assertThat(ENGINE.run(ENGINE.sh("echo again").name("taken")).output()).isEqualTo("again");
  }

  @Test
  void ofManyWhoWantANameOneGetsIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Callable<Container>> racers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        racers.add(() -> ENGINE.get().run(ENGINE.sh("sleep 60").name("wanted").build()));
      }
      List<Container> winners = new ArrayList<>();
      for (Future<Container> racer : threads.invokeAll(racers)) {
        try {
          winners.add(racer.get());
        } catch (ExecutionException e) {
          assertThat(e).hasMessageContaining("there is a container 'wanted' already");
        }
      }
      assertThat(winners).hasSize(1);
      assertThat(winners.get(0).exec("true").waitFor().isSuccess()).isTrue();
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void sameNamesInSeparateStoresDoNotMeet() {
    try (TestRoot root = TestRoot.create();
        ContainerEngine other = root.engine().stateRoot(ENGINE.root().state()).build();
        Container mine = ENGINE.get().run(ENGINE.sh("sleep 60").name("same").build())) {
      Container theirs = other.run(ENGINE.sh("sleep 60").name("same").memory("64m").build());
      assertThat(theirs.isRunning()).isTrue();
      theirs.close();
      assertThat(mine.exec("true").waitFor().isSuccess()).isTrue();
      assertThat(mine.isRunning()).isTrue();
    }
  }

  @Test
  void nameThatBeginsLikeAnotherIsAnother() {
    try (Container web2 = ENGINE.get().run(ENGINE.sh("sleep 60").name("web2").build())) {
      ENGINE.get().run(ENGINE.sh("sleep 60").name("we").build()).close();
      assertThat(web2.isRunning()).isTrue();
      try (ChildJvm jvm =
          ChildJvm.start(
              EngineProgram.class,
              "run-and-exit",
              ENGINE.root().path(),
              ENGINE.reference("busybox"))) {
        assertThat(jvm.line()).isEqualTo("running");
        jvm.waitFor();
      }
      assertThat(web2.isRunning()).isTrue();
    }
    // The journal of the other JVM.
    ENGINE.open().close();
  }

  @Test
  void wrongNamesAreRefused() {
    for (String name : new String[] {"", ".", "-a", "A", "a/b", "a".repeat(65), "ü", "../x"}) {
      RunIT.assertFails(() -> ENGINE.sh("true").name(name), ErrorKind.INVALID_INPUT, "no name");
    }
    String longest = "a".repeat(64);
    assertThat(ENGINE.run(ENGINE.sh("hostname").name(longest)).output()).isEqualTo(longest);
    assertThat(ENGINE.run(ENGINE.sh("hostname").name("9_my_db_")).output()).isEqualTo("9-my-db-");
  }

  @Test
  void stopAsksFirst() {
    try (Container container = ENGINE.get().run(ENGINE.sh(UNTIL_TERM).build())) {
      container.awaitReady(Ready.onLog("up"));
      assertThat(container.stop(TestEngine.LIMIT)).isEqualTo(ExitStatus.ofExit(5));
      assertThat(container.logs().text()).isEqualTo("up\nasked\n");
    }
  }

  @Test
  void stopSignalCanBeChosen() {
    String script = UNTIL_TERM.replace("TERM", "USR2");
    try (Container container = ENGINE.get().run(ENGINE.sh(script).stopSignal("SIGUSR2").build())) {
      container.awaitReady(Ready.onLog("up"));
      assertThat(container.stop(TestEngine.LIMIT)).isEqualTo(ExitStatus.ofExit(5));
    }
  }

  @Test
  void stopKillsWhenTheTimeIsUp() {
    try (Container container = ENGINE.get().run(ENGINE.sh("trap '' TERM; sleep 60").build())) {
      assertThat(container.stop(Duration.ofMillis(200))).isEqualTo(ExitStatus.ofSignal(9));
      assertThat(container.stop(Duration.ZERO)).isEqualTo(ExitStatus.ofSignal(9));
    }
  }

  @Test
  void waitingIsBounded() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build())) {
      assertThat(container.waitFor(Duration.ofMillis(50))).isEmpty();
    }
  }

  @Test
  void endIsToldToWhoeverAsked() throws Exception {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 0.2; exit 9").build())) {
      assertThat(container.process().onExit().toCompletableFuture().get())
          .isEqualTo(ExitStatus.ofExit(9));
    }
  }

  @Test
  void closingTwiceIsFine() {
    Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build());
    container.close();
    container.close();
    assertThat(container.isRunning()).isFalse();
    assertThat(ENGINE.get().find(container.id())).isEmpty();
    RunIT.assertFails(container::start, ErrorKind.FAILED_PRECONDITION, "removed");
  }

  @Test
  void containersAreFoundUntilTheyAreRemoved() {
    Container container = ENGINE.get().run(ENGINE.sh("sleep 60").name("sought").build());
    assertThat(ENGINE.get().find("sought")).containsSame(container);
    assertThat(ENGINE.get().list()).containsExactly(container);
    container.close();
    for (String id : new String[] {"sought", "", ".", "..", "../containers/sought", "/", "a\0b"}) {
      assertThat(ENGINE.get().find(id)).isEmpty();
    }
    assertThat(ENGINE.get().list()).isEmpty();
  }

  @Test
  void containersOfAnotherEngineAreNotFound() {
    try (ContainerEngine other = ENGINE.open();
        Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build())) {
      assertThat(other.find(container.id())).isEmpty();
      assertThat(other.list()).isEmpty();
    }
  }

  @Test
  void engineRemovesItsContainers() {
    ENGINE.leaks().begin();
    ContainerEngine engine = ENGINE.open();
    Container running = engine.run(ENGINE.sh("sleep 60").build());
    Container ended = engine.run(ENGINE.sh("true").build());
    Container created = engine.create(ENGINE.sh("true").build());
    ended.waitFor();
    engine.close();
    engine.close();
    for (Container container : List.of(running, ended, created)) {
      assertThat(container.isRunning()).isFalse();
    }
    RunIT.assertFails(
        () -> engine.run(ENGINE.sh("true").build()), ErrorKind.FAILED_PRECONDITION, "closed");
    ENGINE.leaks().verify();
  }

  @Test
  void interruptedStartLeavesNothing() {
    ENGINE.leaks().begin();
    Thread.currentThread().interrupt();
    RunIT.assertFails(() -> ENGINE.get().run(ENGINE.sh("sleep 60").build()), ErrorKind.CANCELLED);
    assertThat(Thread.interrupted()).isTrue();
    ENGINE.leaks().verify();
  }

  @Test
  void interruptsDoNotStopARemoval() throws InterruptedException {
    ENGINE.leaks().begin();
    for (int round = 0; round < 5; round++) {
      Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build());
      container.exec("sleep", "60");
      AtomicBoolean flag = new AtomicBoolean();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread closer =
          new Thread(
              () -> {
                // However late the other thread is.
                Thread.currentThread().interrupt();
                try {
                  container.close();
                } finally {
                  flag.set(Thread.interrupted());
                }
              });
      closer.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
      closer.start();
      while (closer.isAlive()) {
        closer.interrupt();
        closer.join(1);
      }
      assertThat(failure.get()).isNull();
      assertThat(flag).isTrue();
    }
    ENGINE.leaks().verify();
  }

  @Test
  void runtimeThatIsKilledTakesItsContainerAlong() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build());
        ContainerProcess process = container.exec("sleep", "70")) {
      killRuntime("exec");
      assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
      assertThat(TestEngine.ended(container.exec("ps")).output())
          .contains("sleep 60")
          .doesNotContain("sleep 70");
      long pid = container.pid().orElseThrow();
      killRuntime("run");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
      assertThat(container.isRunning()).isFalse();
      assertThat(HostResources.commandLine(pid)).isEmpty();
    }
  }

  @Test
  void killedRuntimeTakesADetachedContainerAlong() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").detached().build())) {
      long pid = container.pid().orElseThrow();
      killRuntime("run");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
      assertThat(HostResources.commandLine(pid)).isEmpty();
    }
  }

  private static void killRuntime(String verb) {
    List<ProcessHandle> runtimes =
        ProcessHandle.allProcesses()
            .filter(p -> isRuntime(p, verb))
            // crun's child looks like it until it becomes the program, just after the start is
            // told.
            .filter(p -> p.parent().filter(parent -> isRuntime(parent, verb)).isEmpty())
            .toList();
    assertThat(runtimes).hasSize(1);
    runtimes.forEach(ProcessHandle::destroyForcibly);
  }

  private static boolean isRuntime(ProcessHandle process, String verb) {
    String command = HostResources.commandLine(process.pid());
    return command.matches("\\S*(runc|crun) --root .* " + verb + " .*")
        && command.contains(ENGINE.root().path().toString());
  }

  @Test
  void failedStartLeavesNothing() {
    ENGINE.leaks().begin();
    for (ContainerSpec.Builder spec :
        List.of(
            ENGINE.spec("busybox").command("no-such-program"),
            ENGINE.spec("busybox").command("no-such-program").detached(),
            ENGINE.sh("true").user("nobody-here"),
            ENGINE.sh("true").mount(Mount.bind(ENGINE.root().path().resolve("none"), "/mnt")))) {
      RunIT.assertFails(() -> ENGINE.get().run(spec.build()), ErrorKind.NOT_FOUND);
    }
    ENGINE.leaks().verify();
  }

  @Test
  void endOfTheJvmEndsItsContainers() {
    ENGINE.leaks().begin();
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class,
            "run-and-exit",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("running");
      assertThat(jvm.waitFor()).isZero();
    }
    ENGINE.open().close();
    ENGINE.leaks().verify();
  }
}
