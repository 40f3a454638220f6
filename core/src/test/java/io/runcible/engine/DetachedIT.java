package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.runcible.ErrorKind;
import io.runcible.runtime.Hook;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Containers that outlive their engine and their JVM. */
class DetachedIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static ChildJvm jvm(String program) {
    return ChildJvm.start(
        EngineProgram.class, program, ENGINE.root().path(), ENGINE.reference("busybox"));
  }

  private static Container find(String id) {
    return ENGINE.get().find(id).orElseThrow();
  }

  @Test
  void survivesItsEngine() {
    String id;
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(ENGINE.sh("echo up; sleep 600").detached().build());
      container.awaitReady(Ready.onLog("up"));
      id = container.id();
    }
    try (Container container = find(id)) {
      assertThat(container.isRunning()).isTrue();
      assertThat(container.pid()).isPresent();
      assertThat(container.image()).hasToString(ENGINE.reference("busybox"));
      assertThat(container.logs().text()).isEqualTo("up\n");
      assertThat(ENGINE.get().list()).containsExactly(container);
      assertThat(TestEngine.ended(container.exec("echo", "in it")).output()).isEqualTo("in it");
      // It may outlive a power cut.
      assertThat(TestEngine.rootMount(container)).contains("overlay").doesNotContain("volatile");
      assertThat(container.kill("KILL")).isTrue();
      assertThat(container.waitFor().code()).isEqualTo(137);
    }
    assertThat(ENGINE.get().find(id)).isEmpty();
  }

  @Test
  void survivesItsJvmAndTellsHowItEnded() {
    try (ChildJvm jvm = jvm("detach-and-close")) {
      assertThat(jvm.line()).startsWith("detached ");
      assertThat(jvm.waitFor()).isZero();
    }
    assertThat(ENGINE.get().find("attached")).isEmpty();
    try (Container container = find("detached")) {
      assertThat(container.isRunning())
          .as(() -> container.logs().text() + container.waitFor())
          .isTrue();
      Churn.touchEnd(container);
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(42));
      assertThat(container.logs().text()).isEqualTo("started\ndone\n");
    }
  }

  @Test
  void survivesTheKillOfItsJvm() {
    try (ChildJvm jvm = jvm("detach-and-wait")) {
      assertThat(jvm.line()).isEqualTo("running");
      jvm.kill();
    }
    try (Container quick = find("quick");
        Container container = find("detached")) {
      assertThat(quick.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(43));
      assertThat(quick.logs().text()).isEqualTo("started\n");
      Churn.touchEnd(container);
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(42));
      assertThat(container.logs().text()).isEqualTo("started\ndone\n");
    }
    // The journal of the killed JVM.
    ENGINE.open().close();
  }

  @Test
  void enginesDoNotMeetInItsExecs() {
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(ENGINE.sh("sleep 600").name("shared").detached().build());
      ContainerProcess left = container.exec("echo", "of the first");
      try (Container same = find("shared")) {
        assertThat(TestEngine.ended(same.exec("echo", "of the second")).output())
            .isEqualTo("of the second");
        assertThat(TestEngine.ended(left).output()).isEqualTo("of the first");
      }
    }
  }

  /** As on a full disk; nothing of this engine stays open for it. */
  @Test
  void removalThatCannotBeNotedIsTheNextEngines() throws IOException {
    Path journals = ENGINE.root().data().resolve("journal");
    Path away = journals.resolveSibling("journal.away");
    try (ContainerEngine first = ENGINE.open()) {
      int before = ProcessDescriptorsTest.openProcesses();
      String script = "until [ -e /end ]; do sleep 0.05; done; rm /end";
      Container container =
          first.run(
              ENGINE.sh(script).name("kept").detached().restart(RestartPolicy.ALWAYS).build());
      ContainerProcess executed = container.exec("sleep", "605");
      Files.move(journals, away);
      try {
        RunIT.assertFails(container::close, ErrorKind.UNAVAILABLE);
      } finally {
        Files.move(away, journals);
      }
      assertThat(executed.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
      assertThat(ProcessDescriptorsTest.openProcesses()).isEqualTo(before);
    }
    try (Container container = find("kept")) {
      assertThat(container.isRunning()).isTrue();
      Churn.touchEnd(container);
      RestartIT.await(() -> container.restarts() > 0);
    }
  }

  @Test
  void endedContainerIsFound() {
    try (ContainerEngine first = ENGINE.open()) {
      first.run(ENGINE.sh("echo x; exit 6").name("ended").detached().build()).waitFor();
    }
    try (Container container = find("ended")) {
      assertThat(container.waitFor(Duration.ZERO)).contains(ExitStatus.ofExit(6));
      assertThat(container.logs().text()).isEqualTo("x\n");
      assertThat(container.isRunning()).isFalse();
    }
  }

  /** Each run counts itself in the file system that the restarts leave. */
  private static ContainerSpec.Builder failing(int times) {
    return ENGINE.sh(
        "echo x >>/runs; [ $(wc -l </runs) -gt " + times + " ] && sleep 600; exit $(wc -l </runs)");
  }

  @Test
  void monitorRestartsItWithoutAnEngine() throws IOException {
    try (ContainerEngine first = ENGINE.open()) {
      Container again =
          first.create(failing(3).name("again").restart(RestartPolicy.ALWAYS).detached().build());
      // A damaged one counts for nobody.
      Files.writeString(ENGINE.directory(again).resolve("restart"), "");
      again.start();
      first.run(failing(9).name("twice").restart(RestartPolicy.onFailure(2)).detached().build());
    }
    try (Container twice = find("twice")) {
      // The code of the third run.
      assertThat(twice.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(3));
      assertThat(twice.inspect().restarts()).isEqualTo(2);
    }
    try (Container container = find("again")) {
      while (container.inspect().restarts() < 3 || container.state() != ContainerState.RUNNING) {
        LeakCheck.pause();
      }
      assertThat(container.inspect().restarts()).isEqualTo(3);
      // Its fourth run may just have begun.
      String count = "until [ $(wc -l </runs) -ge 4 ]; do sleep 0.05; done; wc -l </runs";
      assertThat(TestEngine.ended(container.exec("sh", "-c", count)).output()).isEqualTo("4");
      assertThat(container.stop(Duration.ZERO).code()).isEqualTo(137);
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
      assertThat(container.restart(Duration.ZERO).isAlive()).isTrue();
      // One that was asked for counts, too, and its end by itself is followed by another run.
      assertThat(container.inspect().restarts()).isEqualTo(4);
      container.exec("sh", "-c", "kill -9 -1").waitFor();
    }
    assertThat(ENGINE.get().find("again")).isEmpty();
  }

  @Test
  void monitorHearsOfAnotherRestartPolicy() {
    String script =
        "echo x >>/runs; [ $(wc -l </runs) -gt 1 ] && sleep 600;"
            + " until [ -e /end ]; do sleep 0.05; done; exit 4";
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(ENGINE.sh(script).name("changed").detached().build());
      container.update(RestartPolicy.ALWAYS);
      Churn.touchEnd(container);
    }
    try (Container container = find("changed")) {
      assertThat(container.inspect().restartPolicy()).isEqualTo(RestartPolicy.ALWAYS);
      while (container.inspect().restarts() < 1 || container.state() != ContainerState.RUNNING) {
        LeakCheck.pause();
      }
      container.update(RestartPolicy.NO);
      // What is to be killed may not have been started yet.
      container.exec("sh", "-c", "while :; do kill -9 -1; sleep 0.1; done").waitFor();
      assertThat(container.waitFor(TestEngine.LIMIT)).isPresent();
      assertThat(container.inspect().restarts()).isEqualTo(1);
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
    }
  }

  /** At any moment of a restart. */
  @Test
  void stopReachesWhatTheMonitorStartsNext() {
    for (int millis = 40; millis < 400; millis += 50) {
      Duration before = Duration.ofMillis(millis);
      ContainerSpec spec =
          ENGINE
              .sh("mkdir /seen && exit 1; exec sleep 600")
              .restart(RestartPolicy.ALWAYS)
              .detached()
              .build();
      try (Container container = ENGINE.get().run(spec)) {
        assertTimeoutPreemptively(
            TestEngine.LIMIT,
            () -> {
              Thread.sleep(before.toMillis());
              container.stop(Duration.ZERO);
            });
        assertThat(container.state()).as("%s", before).isEqualTo(ContainerState.STOPPED);
      }
    }
  }

  @Test
  void ownEngineRemovesItWhenAsked() {
    Container container = ENGINE.get().run(ENGINE.sh("sleep 600").detached().build());
    container.close();
    assertThat(ENGINE.get().find(container.id())).isEmpty();
  }

  @Test
  void memoryThatRanOutIsTold() {
    try (Container container =
        ENGINE
            .get()
            .run(
                ENGINE
                    .spec("busybox")
                    .command("tail", "/dev/zero")
                    .memory("16m")
                    .detached()
                    .build())) {
      assertThat(container.waitFor().outOfMemory()).isTrue();
    }
  }

  @Test
  void oneThatWasNotStartedIsStartedByAnotherEngine() {
    try (ContainerEngine first = ENGINE.open()) {
      first.create(ENGINE.sh("echo on; exit 9").name("created").detached().build());
      first.create(ENGINE.sh("true").name("unused").detached().build());
    }
    try (ContainerEngine second = ENGINE.open();
        Container unused = find("unused")) {
      Container same = second.find("created").orElseThrow();
      Container container = find("created");
      assertThat(ENGINE.get().list()).containsExactlyInAnyOrder(container, unused);
      assertThat(container.state()).isEqualTo(ContainerState.CREATED);
      assertThat(container.inspect().command()).contains("echo on; exit 9");
      container.start();
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(9));
      assertThatThrownBy(same::start).hasMessageContaining("started before");
      assertThat(same.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(9));
      assertThat(same.logs().text()).isEqualTo("on\n");
      container.close();
    }
    assertThat(ENGINE.get().list()).isEmpty();
  }

  @Test
  void ofEnginesThatStartItAtOnceOneDoes() throws Exception {
    try (ContainerEngine first = ENGINE.open();
        ContainerEngine second = ENGINE.open();
        Container one = first.create(ENGINE.sh("sleep 600").name("raced").detached().build())) {
      List<Container> both = List.of(one, second.find("raced").orElseThrow());
      List<CompletableFuture<ContainerProcess>> starts =
          both.stream().map(each -> CompletableFuture.supplyAsync(each::start)).toList();
      List<Boolean> failed = new ArrayList<>();
      for (CompletableFuture<ContainerProcess> start : starts) {
        failed.add(start.handle((process, failure) -> failure != null).get());
      }
      assertThat(failed).containsExactlyInAnyOrder(true, false);
      assertThat(both).allMatch(Container::isRunning);
    }
    assertThat(ENGINE.get().list()).isEmpty();
  }

  @Test
  void startThatWaitsForAnotherEngineKeepsNobodyWaiting() throws Exception {
    try (Container container =
        ENGINE.get().create(ENGINE.sh("sleep 600").name("waiting").detached().build())) {
      Path place = ENGINE.directory(container).resolve("start.lock");
      CompletableFuture<ContainerProcess> start;
      LockFile ofAnother = LockFile.acquire(place, true, TestEngine.LIMIT);
      try {
        start = CompletableFuture.supplyAsync(container::start);
        for (int i = 0; i < 20; i++) {
          assertThat(container.state()).isEqualTo(ContainerState.CREATED);
          LeakCheck.pause();
        }
        assertThat(start).isNotDone();
      } finally {
        ofAnother.close();
      }
      assertThat(start.get().isAlive()).isTrue();
    }
  }

  /** Nobody has the lock, as after the kill of the JVM; the monitor is at work. */
  private static CompletableFuture<ContainerProcess> beginAndForget(Container container)
      throws IOException {
    CompletableFuture<ContainerProcess> start = CompletableFuture.supplyAsync(container::start);
    RestartIT.await(() -> !monitors(container).isEmpty());
    Files.delete(ENGINE.directory(container).resolve("start.lock"));
    return start;
  }

  private static List<ProcessHandle> monitors(Container container) {
    String exit = ENGINE.directory(container).resolve("exit").toString();
    return ProcessHandle.allProcesses()
        .filter(p -> commandOf(p).contains("runcible-monitor") && commandOf(p).contains(exit))
        .filter(p -> ENGINE.directory(container).resolve("monitor").toFile().length() > 0)
        .toList();
  }

  @Test
  void startThatAKilledEngineBeganIsWaitedForAndBegunAgainIfItFails(@TempDir Path host)
      throws Exception {
    Path gate = Files.createFile(host.resolve("gate"));
    // Not for ever: closing an engine waits for a start.
    String wait = "n=0; until read -r code <%s; do [ $((n += 1)) -lt 1500 ] || exit 4;";
    String hook = (wait + " sleep 0.02; done; : >%s; exit $code").formatted(gate, gate);
    ContainerSpec.Builder spec =
        ENGINE
            .sh("echo run; exec sleep 600")
            .hook(Hook.of(Hook.Stage.CREATE_RUNTIME, "/bin/sh", "-c", hook))
            .detached();
    try (ContainerEngine killed = ENGINE.open();
        ContainerEngine next = ENGINE.open()) {
      CompletableFuture<ContainerProcess> one =
          beginAndForget(killed.create(spec.name("one").build()));
      Container container = next.find("one").orElseThrow();
      assertThat(container.state()).isEqualTo(ContainerState.STARTING);
      CompletableFuture<ContainerProcess> start = CompletableFuture.supplyAsync(container::start);
      LeakCheck.pause();
      assertThat(start).isNotDone();
      Files.writeString(gate, "0\n");
      assertThat(start.get().isAlive()).isTrue();
      one.get();
      assertThat(monitors(container)).hasSize(1);
      // A start ends before its program says anything.
      container.awaitReady(Ready.onLog("run"));
      assertThat(container.logs().text()).isEqualTo("run\n");
      container.close();

      CompletableFuture<ContainerProcess> failing =
          beginAndForget(killed.create(spec.name("two").build()));
      Container again = next.find("two").orElseThrow();
      start = CompletableFuture.supplyAsync(again::start);
      Files.writeString(gate, "3\n");
      assertThatThrownBy(failing::get).isInstanceOf(ExecutionException.class);
      Files.writeString(gate, "0\n");
      assertThat(start.get().isAlive()).isTrue();
      assertThat(again.inspect().restarts()).isZero();
      again.close();

      CompletableFuture<ContainerProcess> forgotten =
          beginAndForget(killed.create(spec.name("three").restart(RestartPolicy.ALWAYS).build()));
      Container restarted = next.find("three").orElseThrow();
      start = CompletableFuture.supplyAsync(() -> restarted.restart(Duration.ZERO));
      Files.writeString(gate, "0\n");
      RestartIT.await(() -> gate.toFile().length() == 0);
      Files.writeString(gate, "0\n");
      assertThat(start.get().isAlive()).isTrue();
      // Otherwise nothing restarts it after its next end.
      assertThat(ENGINE.directory(restarted).resolve("stop")).doesNotExist();
      restarted.close();
      assertThat(forgotten).succeedsWithin(TestEngine.LIMIT);
    }
  }

  @Test
  void ofEnginesThatRestartItAtOnceOneDoes() throws Exception {
    try (ContainerEngine first = ENGINE.open();
        ContainerEngine second = ENGINE.open();
        Container one =
            first.run(ENGINE.sh("mkdir /seen || sleep 600").name("again").detached().build())) {
      one.waitFor();
      List<Container> both = List.of(one, second.find("again").orElseThrow());
      assertThat(both.get(1).isRunning()).isFalse();
      List<CompletableFuture<ContainerProcess>> starts =
          both.stream()
              .map(each -> CompletableFuture.supplyAsync(() -> each.restart(Duration.ZERO)))
              .toList();
      List<Boolean> failed = new ArrayList<>();
      for (CompletableFuture<ContainerProcess> start : starts) {
        failed.add(start.handle((process, failure) -> failure != null).get());
      }
      assertThat(failed).containsExactlyInAnyOrder(true, false);
      // The one that failed knows the run of the other one.
      assertThat(both).allMatch(Container::isRunning);
      assertThat(both.get(0).pid()).isEqualTo(both.get(1).pid());
    }
    assertThat(ENGINE.get().list()).isEmpty();
  }

  @Test
  void killedMonitorLeavesTheStatusUnknownAndTheContainerRemovable() {
    String id;
    try (ContainerEngine first = ENGINE.open()) {
      id = first.run(ENGINE.sh("sleep 600").name("unwatched").detached().build()).id();
    }
    List<ProcessHandle> monitors =
        ProcessHandle.allProcesses()
            .filter(p -> commandOf(p).contains("runcible-monitor"))
            .filter(p -> commandOf(p).contains(ENGINE.root().path().toString()))
            .toList();
    assertThat(monitors).hasSize(1);
    monitors.forEach(ProcessHandle::destroyForcibly);
    try (Container container = find(id)) {
      assertThat(container.isRunning()).isTrue();
    }
    assertThat(ENGINE.get().find(id)).isEmpty();
  }

  private static String commandOf(ProcessHandle process) {
    return HostResources.commandLine(process.pid());
  }
}
