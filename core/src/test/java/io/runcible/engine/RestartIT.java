package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.image.HealthCheck;
import io.runcible.runtime.Capability;
import io.runcible.runtime.Cgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Further runs of a container, its health, its names, what is told of it, and lists. */
class RestartIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final HealthCheck FAST =
      HealthCheck.command("test", "-e", "/healthy").every(Duration.ofMillis(20)).retries(2);

  private static final RestartPolicy ONCE = RestartPolicy.onFailure(1);

  private static EngineEvent next(EventStream events) {
    return events.next(TestEngine.LIMIT).orElseThrow(() -> new AssertionError("no event"));
  }

  static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TestEngine.LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LeakCheck.pause();
    }
  }

  /** Waits for so many. */
  private static List<String> names(EventStream events, int count) {
    return Stream.generate(() -> next(events).getClass().getSimpleName()).limit(count).toList();
  }

  /** Waits for all up to the first of a kind. */
  private static void until(
      Class<? extends EngineEvent> last, EventStream events, List<EngineEvent> all) {
    do {
      all.add(next(events));
    } while (!last.isInstance(all.get(all.size() - 1)));
  }

  @Test
  void restartedContainerKeepsItsFilesAndLogs() {
    String script = "echo run >>/runs; wc -l </runs; sleep 600";
    try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
      container.awaitReady(Ready.onLog("1"));
      ContainerProcess first = container.process();
      ContainerProcess exec = container.exec("sleep", "500");
      container.restart(Duration.ZERO);
      assertThat(container.process()).isNotSameAs(first);
      assertThat(first.waitFor()).isEqualTo(ExitStatus.ofSignal(9));
      assertThat(exec.isAlive()).isFalse();
      container.awaitReady(Ready.onLog("2"));
      assertThat(container.logs().text()).isEqualTo("1\n2\n");
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
      container.kill("KILL");
      assertThat(TestEngine.ended(container).stdout()).isEqualTo("2\n");
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
      container.restart(Duration.ZERO);
      container.awaitReady(Ready.onLog("3"));
      assertThat(container.inspect().restarts()).isEqualTo(2);
      assertThat(container.inspect().runs()).hasSize(3);
    }
  }

  @Test
  void containerThatWasNotStartedIsStartedByARestart() {
    try (Container container = ENGINE.get().create(ENGINE.sh("echo x").build())) {
      assertThat(container.state()).isEqualTo(ContainerState.CREATED);
      container.restart(Duration.ZERO);
      assertThat(TestEngine.ended(container).output()).isEqualTo("x");
    }
  }

  @Test
  void containerThatCouldNotStartCanBeMended(@TempDir Path host) throws IOException {
    try (Container container =
        ENGINE.get().create(ENGINE.spec("busybox").command("/program").build())) {
      RunIT.assertFails(container::start, ErrorKind.NOT_FOUND, "/program");
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
      Path program = Files.writeString(host.resolve("program"), "#!/bin/sh\necho mended\n");
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
      container.files().copyTo(program, "/");
      container.restart(Duration.ZERO);
      assertThat(TestEngine.ended(container).output()).isEqualTo("mended");
    }
  }

  @Test
  void limitsOutliveARestart() {
    if (!Cgroups.detect().has("memory")) {
      return;
    }
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").memory("64m").build())) {
      container.update(Limits.unchanged().withMemory("32m"));
      container.restart(Duration.ZERO);
      assertThat(container.stats().usage().memoryLimit()).hasValue(32 << 20);
      assertThat(container.inspect().limits().memory()).hasValue(32 << 20);
    }
  }

  @Test
  void detachedContainerIsRestartedByAnotherEngine() {
    String id;
    try (ContainerEngine first = ENGINE.open()) {
      id =
          first.run(ENGINE.sh("echo run >>/runs; wc -l </runs; sleep 600").detached().build()).id();
    }
    try (Container container = ENGINE.get().find(id).orElseThrow();
        ContainerEngine third = ENGINE.open()) {
      container.awaitReady(Ready.onLog("1"));
      container.restart(Duration.ZERO);
      container.awaitReady(Ready.onLog("2"));
      assertThat(container.inspect().detached()).isTrue();
      Container same = third.find(id).orElseThrow();
      assertThat(same.isRunning()).isTrue();
      container.kill("KILL");
      assertThat(container.waitFor().code()).isEqualTo(137);
      assertThat(same.waitFor(TestEngine.LIMIT)).isPresent();
    }
  }

  @Test
  void failuresAreFollowedByRestartsUpToALimit() {
    try (EventStream events = ENGINE.get().events(EventFilter.all());
        Container container =
            ENGINE
                .get()
                .run(
                    ENGINE
                        .sh("echo run; exit 7")
                        .restart(RestartPolicy.parse("on-failure:2"))
                        .build())) {
      assertThat(names(events, 7))
          .containsExactly("Created", "Started", "Ended", "Started", "Ended", "Started", "Ended");
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
      assertThat(container.restarts()).isEqualTo(2);
      assertThat(container.logs().text()).isEqualTo("run\nrun\nrun\n");
      assertThat(container.inspect().runs())
          .hasSize(3)
          .allSatisfy(run -> assertThat(run.status()).contains(ExitStatus.ofExit(7)))
          .allSatisfy(run -> assertThat(run.finished().orElseThrow()).isAfter(run.started()));
      assertThat(events.next(Duration.ZERO)).isEmpty();
    }
  }

  /** From the moment of its end on. */
  @Test
  void containerThatWillBeRestartedHasNotEndedForWhoWaits() {
    String script = "echo run >>/runs; [ $(wc -l </runs) -lt 3 ] && exit 1; echo up; sleep 600";
    for (int i = 0; i < 5; i++) {
      try (Container container =
          ENGINE.get().run(ENGINE.sh(script).restart(RestartPolicy.onFailure()).build())) {
        container.awaitReady(Ready.onLog("up"));
        assertThat(container.restarts()).isEqualTo(2);
      }
    }
  }

  @Test
  void successIsFollowedByARestartOnlyIfThatIsAsked() {
    try (Container once =
            ENGINE.get().run(ENGINE.sh("echo x").restart(RestartPolicy.onFailure()).build());
        Container always =
            ENGINE.get().run(ENGINE.sh("echo x").restart(RestartPolicy.ALWAYS).build())) {
      once.waitFor();
      await(() -> always.restarts() >= 2);
      assertThat(once.state()).isEqualTo(ContainerState.STOPPED);
      assertThat(once.logs().text()).isEqualTo("x\n");
    }
  }

  @Test
  void stoppedContainerIsNotRestarted() throws InterruptedException {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").restart(RestartPolicy.ALWAYS).build())) {
      container.stop(Duration.ZERO);
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
      Thread.sleep(300);
      assertThat(container.restarts()).isZero();
      container.restart(Duration.ZERO);
      // An end that nobody asked for.
      container.exec("kill", "-9", "-1").waitFor();
      ProcessHandle.of(container.pid().orElseThrow()).orElseThrow().destroyForcibly();
      await(() -> container.restarts() == 2 && container.isRunning());
    }
  }

  /** By its monitor, of which the engine is told nothing. */
  @Test
  void execInAContainerThatWasRestartedFailsForItsOwnReason() {
    String script = "echo run; [ -e /second ] || { : >/second; exit 1; }; sleep 600";
    try (Container container =
        ENGINE.get().run(ENGINE.sh(script).detached().restart(RestartPolicy.ALWAYS).build())) {
      await(() -> container.logs().text().equals("run\nrun\n"));
      RunIT.assertFails(() -> container.exec("absent"), ErrorKind.NOT_FOUND, "absent");
    }
  }

  /** As soon as its shell has begun it; that goes on then. */
  private static void endSleep(Container container) {
    container.exec("sh", "-c", "until killall -9 sleep; do :; done").waitFor();
  }

  @Test
  void policyCanBeChanged() throws IOException {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600; exit 3").build())) {
      container.update(RestartPolicy.onFailure(9));
      assertThat(container.inspect().restartPolicy()).isEqualTo(RestartPolicy.onFailure(9));
      endSleep(container);
      await(() -> container.restarts() == 1 && container.isRunning());
      container.update(RestartPolicy.NO);
      endSleep(container);
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofExit(3));
      await(() -> container.state() == ContainerState.STOPPED);
      assertThat(container.restarts()).isEqualTo(1);
    }
    try (Container direct = ENGINE.get().create(ENGINE.sh("").stdio(Stdio.DIRECT).build())) {
      direct.update(RestartPolicy.NO);
      RunIT.assertFails(
          () -> direct.update(RestartPolicy.ALWAYS), ErrorKind.INVALID_INPUT, "its end");
      Files.writeString(ENGINE.directory(direct).resolve("restart"), "");
      assertThat(direct.inspect().restartPolicy()).isEqualTo(RestartPolicy.NO);
    }
  }

  /** Whoever restarts it. */
  @Test
  void policyThatIsChangedInThePauseCountsAtOnce() {
    for (boolean detached : List.of(false, true)) {
      await(() -> changedInThePause("exit 3", RestartPolicy.onFailure(), ONCE, detached));
      await(
          () ->
              changedInThePause(
                  "exit 0", RestartPolicy.ALWAYS, RestartPolicy.onFailure(), detached));
    }
  }

  /** Not if this came so late that the pause may have been over. */
  private static boolean changedInThePause(
      String script, RestartPolicy before, RestartPolicy after, boolean detached) {
    ContainerSpec.Builder spec = ENGINE.sh(script).restart(before);
    try (Container container = ENGINE.get().run((detached ? spec.detached() : spec).build())) {
      long[] begin = new long[1];
      await(
          () -> {
            long now = System.nanoTime();
            // The later, the longer is the pause: 0.8 s.
            boolean pauses =
                container.restarts() >= 3 && container.state() == ContainerState.RESTARTING;
            begin[0] = pauses ? begin[0] : now;
            return pauses;
          });
      container.update(after);
      int restarts = container.restarts();
      if (System.nanoTime() - begin[0] > 800_000_000) {
        return false;
      }
      await(() -> container.state() == ContainerState.STOPPED);
      assertThat(container.restarts()).as("%s, detached: %s", script, detached).isEqualTo(restarts);
      return true;
    }
  }

  @Test
  void removalDuringRestartsLeavesNothing() {
    for (int i = 0; i < 10; i++) {
      Container container =
          ENGINE.get().run(ENGINE.sh("exit 1").restart(RestartPolicy.ALWAYS).build());
      await(() -> container.restarts() >= 1);
      container.close();
      assertThat(container.state()).isEqualTo(ContainerState.REMOVED);
    }
  }

  @Test
  void policiesAreRead() {
    for (String text : List.of("no", "always", "on-failure", "on-failure:5")) {
      assertThat(RestartPolicy.parse(text)).hasToString(text);
    }
    assertThat(RestartPolicy.parse("unless-stopped")).isEqualTo(RestartPolicy.ALWAYS);
    for (String wrong : List.of("never", "on-failure:", "on-failure:x", "on-failure:-1")) {
      RunIT.assertFails(() -> RestartPolicy.parse(wrong), ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void healthFollowsTheChecks() {
    try (EventStream events =
            ENGINE.get().events(EventFilter.all().type(EngineEvent.HealthChanged.class));
        Container container = ENGINE.get().run(ENGINE.sh("sleep 600").healthCheck(FAST).build())) {
      assertThat(((EngineEvent.HealthChanged) next(events)).status())
          .isEqualTo(Health.Status.UNHEALTHY);
      container.exec("touch", "/healthy");
      container.awaitReady(Ready.onHealthy());
      assertThat(((EngineEvent.HealthChanged) next(events)).status())
          .isEqualTo(Health.Status.HEALTHY);
      container.exec("rm", "/healthy");
      assertThat(((EngineEvent.HealthChanged) next(events)).status())
          .isEqualTo(Health.Status.UNHEALTHY);
      Health health = container.health();
      assertThat(health.failures()).isGreaterThanOrEqualTo(2);
      assertThat(health.results()).isNotEmpty().hasSizeLessThanOrEqualTo(5);
      assertThat(health.results().get(0).end()).isAfter(health.results().get(0).begin());
      container.kill("KILL");
      container.waitFor();
      await(() -> container.health().status() == Health.Status.NONE);
    }
  }

  @Test
  void outputOfAHealthCheckIsBounded() {
    HealthCheck loud =
        HealthCheck.shell("yes | head -c 1000000; echo bad >&2; exit 3")
            .every(Duration.ofMillis(20))
            .retries(1);
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").healthCheck(loud).build())) {
      await(() -> container.health().status() == Health.Status.UNHEALTHY);
      Health.Result result = container.health().results().get(0);
      assertThat(result.code()).isEqualTo(3);
      assertThat(result.output()).hasSize(4096).startsWith("y\ny\n");
    }
  }

  @Test
  void checkThatTakesTooLongIsAFailedOne() {
    HealthCheck slow =
        HealthCheck.shell("echo begun; sleep 500 & sleep 500")
            .every(Duration.ofMillis(20))
            .within(Duration.ofSeconds(10))
            .retries(1);
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").healthCheck(slow).build())) {
      await(() -> container.health().status() == Health.Status.UNHEALTHY);
      Health.Result result = container.health().results().get(0);
      assertThat(result.code()).isEqualTo(-1);
      assertThat(result.output()).contains("longer", "begun");
    }
  }

  @Test
  void missingProgramOfACheckIsAFailure() {
    HealthCheck missing =
        HealthCheck.command("no-such-program").every(Duration.ofMillis(20)).retries(1);
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").healthCheck(missing).build())) {
      await(() -> container.health().status() == Health.Status.UNHEALTHY);
      assertThat(container.health().results().get(0).output()).contains("no-such-program");
      assertThat(container.isRunning()).isTrue();
    }
  }

  @Test
  void failuresDoNotCountInTheStartPeriod() throws InterruptedException {
    try (Container container =
        ENGINE
            .get()
            .run(
                ENGINE
                    .sh("sleep 600")
                    .healthCheck(FAST.starting(Duration.ofHours(1), Duration.ofMillis(10)))
                    .build())) {
      await(() -> container.health().results().size() >= 4);
      assertThat(container.health().status()).isEqualTo(Health.Status.STARTING);
      container.exec("touch", "/healthy");
      await(() -> container.health().status() == Health.Status.HEALTHY);
    }
  }

  @Test
  void containerWithoutCheckIsNeverHealthy() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      assertThat(container.health().status()).isEqualTo(Health.Status.NONE);
      RunIT.assertFails(
          () -> container.awaitReady(Ready.onHealthy()),
          ErrorKind.FAILED_PRECONDITION,
          "no health check");
    }
  }

  @Test
  void adoptedContainerIsCheckedOn() {
    String id;
    try (ContainerEngine first = ENGINE.open()) {
      id = first.run(ENGINE.sh("sleep 600").detached().healthCheck(FAST).build()).id();
    }
    try (Container container = ENGINE.get().find(id).orElseThrow()) {
      container.exec("touch", "/healthy");
      container.awaitReady(Ready.onHealthy());
    }
  }

  @Test
  void renamedContainerIsFoundByBoth() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").name("old").build());
        Container other = ENGINE.get().run(ENGINE.sh("sleep 600").name("other").build())) {
      container.rename("new");
      assertThat(container.name()).isEqualTo("new");
      assertThat(container.id()).isEqualTo("old");
      assertThat(ENGINE.get().find("new")).containsSame(container);
      assertThat(ENGINE.get().find("old")).containsSame(container);
      RunIT.assertFails(() -> other.rename("new"), ErrorKind.ALREADY_EXISTS, "'new'");
      RunIT.assertFails(() -> other.rename("old"), ErrorKind.ALREADY_EXISTS, "'old'");
      RunIT.assertFails(() -> other.rename("No"), ErrorKind.INVALID_INPUT, "no name");
      RunIT.assertFails(
          () -> ENGINE.get().run(ENGINE.sh("true").name("new").build()),
          ErrorKind.ALREADY_EXISTS,
          "'new'");
      container.rename("newer");
      assertThat(ENGINE.get().find("new")).isEmpty();
      other.rename("new");
      assertThat(ENGINE.get().list()).containsExactlyInAnyOrder(container, other);
      container.rename("old");
      assertThat(ENGINE.get().find("newer")).isEmpty();
      assertThat(container.name()).isEqualTo("old");
    }
    assertThat(ENGINE.run(ENGINE.sh("echo free").name("new")).output()).isEqualTo("free");
  }

  @Test
  void renamedDetachedContainerIsFoundByAnotherEngine() {
    try (ContainerEngine first = ENGINE.open()) {
      first.run(ENGINE.sh("sleep 600").detached().build()).rename("late");
    }
    try (Container container = ENGINE.get().find("late").orElseThrow()) {
      assertThat(container.name()).isEqualTo("late");
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
    }
    assertThat(ENGINE.get().find("late")).isEmpty();
  }

  @Test
  void containersAreFiltered() {
    try (Container web =
            ENGINE.get().run(ENGINE.sh("sleep 600").name("web-1").label("tier", "front").build());
        Container db =
            ENGINE.get().create(ENGINE.sh("true").name("db").label("tier", "back").build());
        Container ended = ENGINE.get().run(ENGINE.sh("true").name("ended").build())) {
      ended.waitFor();
      ContainerEngine engine = ENGINE.get();
      ContainerFilter all = ContainerFilter.all();
      assertThat(engine.list(all)).hasSize(3);
      assertThat(engine.list(all.state(ContainerState.RUNNING))).containsExactly(web);
      assertThat(engine.list(all.state(ContainerState.CREATED, ContainerState.STOPPED)))
          .containsExactlyInAnyOrder(db, ended);
      assertThat(engine.list(all.label("tier"))).containsExactlyInAnyOrder(web, db);
      assertThat(engine.list(all.label("tier", "back"))).containsExactly(db);
      assertThat(engine.list(all.name("web"))).containsExactly(web);
      assertThat(engine.list(all.ancestor(ENGINE.reference("busybox")))).hasSize(3);
      assertThat(engine.list(all.ancestor("registry.example/other"))).isEmpty();
      if (Differences.hasControlGroups()) {
        web.pause();
        assertThat(engine.list(all.state(ContainerState.PAUSED))).containsExactly(web);
      }
    }
  }

  @Test
  void containersOfImagesAboveAreDescendants() {
    try (Container base = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      base.exec("touch", "/more").waitFor();
      base.commit("registry.example/above:1", config -> {});
      try (Container above =
          ENGINE.get().create(ContainerSpec.builder("registry.example/above:1").build())) {
        ContainerFilter all = ContainerFilter.all();
        assertThat(ENGINE.get().list(all.ancestor(ENGINE.reference("busybox"))))
            .containsExactlyInAnyOrder(base, above);
        assertThat(ENGINE.get().list(all.ancestor("registry.example/above:1")))
            .containsExactly(above);
      }
    } finally {
      ENGINE.get().images().remove("registry.example/above:1");
    }
  }

  @Test
  void stoppedContainersArePruned() {
    Container running = ENGINE.get().run(ENGINE.sh("sleep 600").build());
    Container created = ENGINE.get().create(ENGINE.sh("true").build());
    Container ended = ENGINE.get().run(ENGINE.sh("true").build());
    ended.waitFor();
    assertThat(ENGINE.get().prune()).containsExactly(ended.id());
    assertThat(ENGINE.get().list()).containsExactlyInAnyOrder(running, created);
    assertThat(ENGINE.get().prune()).isEmpty();
  }

  @Test
  void detailsAreThoseOfTheSpec() {
    try (Container container =
        ENGINE
            .get()
            .run(
                ENGINE
                    .sh("sleep 600")
                    .label("a", "b")
                    .annotation("example.key", "value")
                    .cpus(0.5)
                    .pids(30)
                    .mount(Mount.tmpfs("/scratch"))
                    .environment("SECRET", "word")
                    .group("7")
                    .dropCapability("ALL")
                    .addCapability("CHOWN")
                    .workingDirectory("/tmp")
                    .stopSignal("INT")
                    .stopTimeout(Duration.ofSeconds(3))
                    .readOnlyRoot()
                    .build())) {
      ContainerDetails details = container.inspect();
      ContainerSetup setup = details.setup();
      assertThat(setup.environment()).containsEntry("SECRET", "word").containsKey("PATH");
      assertThat(setup.toString()).doesNotContain("word");
      assertThat(List.of(setup.uid(), setup.gid())).containsExactly(0, 0);
      assertThat(setup.groups()).containsExactly(7);
      assertThat(setup.capabilities()).containsExactly(Capability.CHOWN);
      assertThat(setup.workingDirectory()).isEqualTo("/tmp");
      assertThat(setup.stopSignal()).isEqualTo(2);
      assertThat(container.stopTimeout()).isEqualTo(Duration.ofSeconds(3));
      assertThat(setup.readOnlyRoot() && setup.noNewPrivileges() && setup.seccomp()).isTrue();
      assertThat(setup.mounts())
          .anyMatch(m -> m.destination().equals("/scratch") && m.type().equals("tmpfs"));
      assertThat(details.networks()).isEmpty();
      ContainerFilter own = ContainerFilter.all().id(container.id()).volume("/scratch");
      assertThat(ENGINE.get().list(own)).containsExactly(container);
      Instant made = container.created();
      assertThat(ENGINE.get().list(own.createdBefore(made))).isEmpty();
      assertThat(ENGINE.get().list(own.createdAfter(made))).isEmpty();
      assertThat(ENGINE.get().list(own.createdBefore(made.plusMillis(1)))).hasSize(1);
      assertThat(ENGINE.get().list(own.network("none-such"))).isEmpty();
      assertThat(ENGINE.get().list(own.volume("none-such"))).isEmpty();
      assertThat(ENGINE.get().list(own.health(Health.Status.NONE))).hasSize(1);
      assertThat(ENGINE.get().list(own.exited(0))).isEmpty();
      assertThat(details.state()).isEqualTo(ContainerState.RUNNING);
      assertThat(details.pid()).isEqualTo(container.pid());
      assertThat(details.command()).containsExactly("sh", "-c", "sleep 600");
      assertThat(details.mounts()).contains("/scratch", "/proc");
      assertThat(details.labels()).containsEntry("a", "b");
      assertThat(details.annotations()).containsEntry("example.key", "value");
      if (Differences.hasControlGroups()) {
        assertThat(details.limits().cpus()).hasValue(0.5);
        assertThat(details.limits().pids()).hasValue(30);
      }
      assertThat(details.runs()).hasSize(1);
      assertThat(details.runs().get(0).finished()).isEmpty();
    }
  }

  @Test
  void eventsComeInPairs() {
    List<EngineEvent> all = new ArrayList<>();
    try (EventStream events = ENGINE.get().events(EventFilter.all())) {
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").name("seen").build())) {
        container.exec("sh", "-c", "exit 4").waitFor();
        // Told beside whoever waits for it.
        until(EngineEvent.ExecEnded.class, events, all);
        container.pause();
        container.resume();
        container.rename("renamed");
        container.update(Limits.unchanged().withPids(99));
      }
      until(EngineEvent.Removed.class, events, all);
      assertThat(all).allMatch(event -> event.container().equals("seen"));
      assertThat(all.stream().map(e -> e.getClass().getSimpleName()))
          .containsExactly(
              "Created",
              "Started",
              "ExecStarted",
              "ExecEnded",
              "Paused",
              "Resumed",
              "Renamed",
              "Updated",
              "Ended",
              "Removed");
      EngineEvent.ExecStarted begun = (EngineEvent.ExecStarted) all.get(2);
      EngineEvent.ExecEnded over = (EngineEvent.ExecEnded) all.get(3);
      assertThat(over.exec()).isEqualTo(begun.exec());
      assertThat(over.status().orElseThrow().code()).isEqualTo(4);
      assertThat(((EngineEvent.Ended) all.get(8)).status().orElseThrow().code()).isEqualTo(137);
    }
  }

  @Test
  void eventsTellOfImagesAndVolumes() {
    EventFilter filter =
        EventFilter.all()
            .type(EngineEvent.ImageTagged.class)
            .type(EngineEvent.ImageUntagged.class)
            .type(EngineEvent.VolumeCreated.class)
            .type(EngineEvent.VolumeRemoved.class);
    String image = ENGINE.sh("true").build().image().toString();
    try (ContainerEngine engine = ENGINE.open();
        EventStream events = engine.events(filter)) {
      engine.images().tag(image, "events.example/tagged:1");
      engine.images().remove("events.example/tagged:1");
      assertThat(engine.images().remove("events.example/tagged:1")).isFalse();
      engine.volumes().create(VolumeSpec.of("told"));
      engine.volumes().remove("told");
      assertThat(engine.volumes().remove("told")).isFalse();
      EngineEvent.ImageTagged tagged = (EngineEvent.ImageTagged) next(events);
      assertThat(tagged.image()).isEqualTo("events.example/tagged:1");
      assertThat(tagged.source()).isEqualTo(image);
      assertThat(((EngineEvent.ImageUntagged) next(events)).image()).isEqualTo(tagged.image());
      assertThat(((EngineEvent.VolumeCreated) next(events)).volume()).isEqualTo("told");
      assertThat(((EngineEvent.VolumeRemoved) next(events)).volume()).isEqualTo("told");
      assertThat(events.next(Duration.ZERO)).isEmpty();
    }
  }

  @Test
  void eventsAreFilteredAndEndWithTheEngine() {
    EventStream events;
    try (ContainerEngine engine = ENGINE.open()) {
      events = engine.events(EventFilter.all().type(EngineEvent.Removed.class));
      engine.run(ENGINE.sh("true").name("gone").build());
    }
    assertThat(events.next().orElseThrow().container()).isEqualTo("gone");
    assertThat(events.next()).isEmpty();
    events.close();
  }

  @Test
  void memoryThatRanOutIsTold() {
    assertOutOfMemoryIsTold("tail /dev/zero; sleep 600");
  }

  @Test
  void memoryThatRanOutIsToldAtTheEnd() {
    assertOutOfMemoryIsTold("exec tail /dev/zero");
  }

  private static void assertOutOfMemoryIsTold(String script) {
    try (EventStream events =
            ENGINE.get().events(EventFilter.all().type(EngineEvent.OutOfMemory.class));
        Container container = ENGINE.get().run(ENGINE.sh(script).memory("16m").build())) {
      assertThat(next(events).container()).isEqualTo(container.id());
    }
  }

  @Test
  void engineWithoutSuchWorkHasNoThreadForIt() {
    long before = threads();
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      assertThat(threads()).isLessThanOrEqualTo(before);
      assertThat(Files.exists(ENGINE.directory(container))).isTrue();
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("runcible-[0-9]+"))
        .count();
  }
}
