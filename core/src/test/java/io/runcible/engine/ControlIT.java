package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.ResourceUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Pausing, limits of running containers, what they use, and their processes. */
class ControlIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String COUNTING = "i=0; while :; do i=$((i+1)); echo $i; done >/count";

  @BeforeAll
  static void needControllers() {
    for (String controller : new String[] {"memory", "pids", "cpu", "freezer"}) {
      Cgroups cgroups = Cgroups.detect();
      boolean builtIn = controller.equals("freezer") && cgroups.mode() == Cgroups.Mode.V2;
      HostTools.require(
          builtIn || cgroups.has(controller), "no " + controller + " control groups are mounted");
    }
  }

  private static Container sleeping() {
    return ENGINE.get().run(ENGINE.spec("busybox").command("sleep", "600").build());
  }

  @Test
  void pausedContainerStandsStillUntilItIsResumed() throws IOException, InterruptedException {
    try (Container container = ENGINE.get().run(ENGINE.sh(COUNTING).build())) {
      var count = ENGINE.rootFiles(container).resolve("count");
      while (!Files.exists(count)) {
        Thread.sleep(5);
      }
      container.pause();
      container.pause();
      assertThat(container.isPaused()).isTrue();
      assertThat(container.isRunning()).isTrue();
      long before = Files.size(count);
      Thread.sleep(100);
      assertThat(Files.size(count)).isEqualTo(before);
      container.resume();
      container.resume();
      assertThat(container.isPaused()).isFalse();
      while (Files.size(count) == before) {
        Thread.sleep(5);
      }
    }
  }

  @Test
  void pausedContainerCanBeStopped() {
    String script = "trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.01; done";
    try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
      container.awaitReady(Ready.onLog("up"));
      container.pause();
      assertThat(container.stop(TestEngine.LIMIT)).isEqualTo(ExitStatus.ofExit(5));
      assertThat(container.logs().text()).isEqualTo("up\nasked\n");
    }
  }

  @Test
  void pausedContainerCanBeKilled() {
    try (Container container = sleeping()) {
      container.pause();
      assertThat(container.kill("KILL")).isTrue();
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
    }
  }

  @Test
  void signalWaitsUntilAPausedContainerIsResumed() {
    String script = "trap 'echo got; exit 3' USR1; echo up; while :; do sleep 0.01; done";
    try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
      container.awaitReady(Ready.onLog("up"));
      container.pause();
      assertThat(container.kill("USR1")).isTrue();
      assertThat(container.waitFor(Duration.ofMillis(50))).isEmpty();
      assertThat(container.isPaused()).isTrue();
      container.resume();
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(3));
    }
  }

  @Test
  void pausedContainerCanBeRemovedWithItsProcesses() {
    Container container = sleeping();
    ContainerProcess exec = container.exec("sleep", "500");
    container.pause();
    container.close();
    assertThat(exec.waitFor(TestEngine.LIMIT)).isPresent();
  }

  @Test
  void pausedDetachedContainerIsAdopted() {
    String id;
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(ENGINE.sh("sleep 600").detached().build());
      container.pause();
      id = container.id();
    }
    try (Container container = ENGINE.get().find(id).orElseThrow()) {
      assertThat(container.isPaused()).isTrue();
      container.resume();
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
      container.pause();
    }
  }

  @Test
  void pausedContainerEndsWithAKilledJvm() {
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class,
            "run-and-wait",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("running");
      jvm.kill();
    }
    // The watchdog ends it, and the next engine what that left; the leak check looks for more.
    ENGINE.open().close();
  }

  @Test
  void nothingIsExecutedInAPausedContainer() {
    try (Container container = sleeping()) {
      container.pause();
      RunIT.assertFails(
          () -> container.exec("true"), ErrorKind.FAILED_PRECONDITION, "true", "is paused");
    }
  }

  @Test
  void onlyRunningContainersArePaused() {
    try (Container container = ENGINE.get().create(ENGINE.sh("true").build())) {
      RunIT.assertFails(container::pause, ErrorKind.FAILED_PRECONDITION, "does not run");
      container.start();
      container.waitFor();
      RunIT.assertFails(container::pause, ErrorKind.FAILED_PRECONDITION, "does not run");
      assertThat(container.isPaused()).isFalse();
    }
  }

  @Test
  void limitsOfARunningContainerChange() {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").memory("64m").pids(50).build())) {
      ResourceUsage before = container.stats().usage();
      assertThat(before.memoryLimit()).hasValue(64 << 20);
      assertThat(before.processLimit()).hasValue(50);
      for (String size : List.of("128m", "32m", "256m")) {
        container.update(Limits.unchanged().withMemory(size));
        assertThat(container.stats().usage().memoryLimit()).hasValue(Limits.parseSize(size));
      }
      container.update(Limits.unchanged().withPids(7).withCpus(0.25));
      assertThat(container.stats().usage().processLimit()).hasValue(7);
      assertThat(container.stats().usage().memoryLimit()).hasValue(256 << 20);
      String quota = "cd /sys/fs/cgroup; cat cpu.max 2>/dev/null || cat cpu/cpu.cfs_quota_us";
      assertThat(TestEngine.ended(container.exec("sh", "-c", quota)).output()).startsWith("25000");
    }
  }

  @Test
  void memoryInUseCannotBeTakenAway() {
    // The shell keeps it in a variable.
    String script = "x=$(head -c 20000000 /dev/zero | tr '\\0' a); echo up; sleep 600; :";
    try (Container container = ENGINE.get().run(ENGINE.sh(script).memory("128m").build())) {
      container.awaitReady(Ready.onLog("up"));
      RunIT.assertFails(
          () -> container.update(Limits.unchanged().withMemory("8m")),
          ErrorKind.FAILED_PRECONDITION,
          "8388608",
          "in use");
      assertThat(container.isRunning()).isTrue();
      assertThat(container.stats().usage().memoryLimit()).hasValue(128 << 20);
    }
  }

  @Test
  void impossibleLimitsAreRefused() {
    RunIT.assertFails(() -> Limits.unchanged().withMemory(5), ErrorKind.INVALID_INPUT, "below");
    RunIT.assertFails(() -> Limits.unchanged().withMemory("x"), ErrorKind.INVALID_INPUT, "size");
    RunIT.assertFails(() -> Limits.unchanged().withCpus(Double.NaN), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> Limits.unchanged().withPids(0), ErrorKind.INVALID_INPUT);
  }

  @Test
  void usageIsCounted() {
    String work = "x=$(head -c 8000000 /dev/zero | tr '\\0' a); x=; echo up; while :; do :; done";
    try (Container container = ENGINE.get().run(ENGINE.sh(work).cpus(0.1).memory("64m").build())) {
      // With a tenth of a processor, slow machines take more than the usual minute.
      container.awaitReady(Ready.onLog("up").within(TestEngine.LIMIT));
      // The time is counted when a period is over.
      RestartIT.await(() -> container.stats().usage().throttledTime().orElseThrow().toNanos() > 0);
      ContainerStats stats = container.stats();
      ResourceUsage usage = stats.usage();
      assertThat(usage.memory().orElseThrow()).isPositive().isLessThanOrEqualTo(64 << 20);
      assertThat(usage.memoryPeak().orElse(Long.MAX_VALUE)).isGreaterThan(8_000_000);
      assertThat(usage.memoryLimit()).hasValue(64 << 20);
      assertThat(usage.oomKills()).hasValue(0);
      assertThat(usage.cpuTime().orElseThrow()).isPositive();
      assertThat(usage.throttledPeriods().orElseThrow()).isPositive();
      assertThat(usage.processes().orElseThrow()).isBetween(1L, 2L);
      assertThat(usage.processLimit()).hasValue(2048);
      assertThat(stats.receivedBytes()).hasValue(0);
      assertThat(stats.sentBytes()).hasValue(0);
    }
  }

  @Test
  void inputAndOutputAreCounted(@TempDir Path host) throws IOException {
    long device = (Long) Files.getAttribute(host, "unix:dev");
    Path block = Path.of("/sys/dev/block", (device >>> 8 & 0xfff) + ":" + (device & 0xff));
    assumeTrue(Files.exists(block), "the temporary directory is on no block device");
    int bytes = 2 << 20;
    // Past the page cache, of which the old hierarchy counts nothing.
    String work =
        "dd if=/dev/zero of=/d/f bs=64k count=32 oflag=direct && dd if=/d/f of=/dev/null bs=64k"
            + " iflag=direct && echo up && sleep 600";
    ContainerSpec.Builder spec = ENGINE.spec("debian").command("sh", "-c", work);
    try (Container container = ENGINE.get().run(spec.mount(Mount.bind(host, "/d")).build())) {
      container.awaitReady(Ready.onLog("up"));
      ResourceUsage usage = container.stats().usage();
      assertThat(usage.readBytes().orElseThrow()).isBetween((long) bytes, 16L * bytes);
      assertThat(usage.writtenBytes().orElseThrow()).isBetween((long) bytes, 16L * bytes);
    }
  }

  @Test
  void usageIsThereAfterTheEnd() {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("tail /dev/zero; true").memory("16m").build())) {
      container.waitFor();
      assertThat(container.stats().usage().oomKills()).hasValue(1);
      assertThat(container.stats().receivedBytes()).isEmpty();
    }
  }

  @Test
  void usageBeforeTheStartIsNotKnown() {
    try (Container container = ENGINE.get().create(ENGINE.sh("true").build())) {
      RunIT.assertFails(container::stats, ErrorKind.FAILED_PRECONDITION, "does not run");
    }
  }

  @Test
  void processesAreListed() {
    Instant before = Instant.now();
    try (Container container = sleeping()) {
      container.exec(ExecSpec.builder("sleep", "500").user("app").build());
      // Until they execute what they are for, each has the command of its runtime.
      RestartIT.await(
          () ->
              container.top().stream()
                  .map(ProcessInfo::command)
                  .toList()
                  .equals(List.of("sleep 600", "sleep 500")));
      List<ProcessInfo> processes = container.top();
      assertThat(processes).hasSize(2);
      ProcessInfo first = processes.get(0);
      assertThat(first.pid()).isEqualTo(1);
      assertThat(first.parentPid()).isZero();
      assertThat(first.hostPid()).isEqualTo(container.pid().orElseThrow());
      assertThat(first.user()).isEqualTo("root");
      assertThat(first.command()).isEqualTo("sleep 600");
      assertThat(first.started()).isBetween(before.minusSeconds(2), Instant.now().plusSeconds(2));
      assertThat(first.memory()).isPositive();
      ProcessInfo second = processes.get(1);
      assertThat(second.uid()).isEqualTo(1000);
      assertThat(second.user()).isEqualTo("app");
      assertThat(second.command()).isEqualTo("sleep 500");
      assertThat(second.parentPid()).isZero();
    }
  }

  /** The processes, when one is what it was started to be and no longer its runtime. */
  private static List<ProcessInfo> top(Container container, String command) {
    List<ProcessInfo> processes = container.top();
    for (int i = 0;
        i < 500 && processes.stream().noneMatch(process -> process.command().contains(command));
        i++) {
      LeakCheck.pause();
      processes = container.top();
    }
    return processes;
  }

  @Test
  void commandLinesCannotHarmWhoReadsThem() {
    String name = "a".repeat(100_000) + "\u001b[2J\nroot\u202e";
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600 & wait").environment("X", "y").build())) {
      container.exec("sh", "-c", "sleep 600; :", "\u001b]0;x\u0007\n\u202eend", name);
      assertThat(top(container, "sleep 600; :"))
          .allSatisfy(
              process -> {
                assertThat(process.command()).hasSizeLessThanOrEqualTo(4096);
                assertThat(process.command()).matches("[\\x20-\\x7e]*");
              })
          .anySatisfy(
              process -> assertThat(process.command()).contains("sleep 600; : ?]0;x???end"));
    }
  }

  @Test
  void processesOfAnEndedContainerAreNotListed() {
    try (Container container = ENGINE.get().run(ENGINE.sh("true").build())) {
      container.waitFor();
      RunIT.assertFails(container::top, ErrorKind.FAILED_PRECONDITION, "does not run");
    }
  }

  @Test
  @SuppressWarnings("try")
  void streamHasTheNewestFiguresUntilTheEnd() {
    ContainerSpec.Builder spec = ENGINE.sh("while :; do :; done").cpus(0.5);
    try (Container container = ENGINE.get().run(spec.build())) {
      StatsStream closed = container.stats(Duration.ofMillis(10));
      try (StatsStream stream = container.stats(Duration.ofMillis(20))) {
        ContainerStats first = stream.next(TestEngine.LIMIT).orElseThrow();
        ContainerStats last = stream.next(TestEngine.LIMIT).orElseThrow();
        while (last.cpusSince(first).orElse(0) == 0) {
          last = stream.next(TestEngine.LIMIT).orElseThrow();
        }
        assertThat(last.time()).isAfter(first.time());
        assertThat(first.cpusSince(last)).isEmpty();
        assertThat(stream.next(Duration.ZERO).or(() -> stream.next(TestEngine.LIMIT))).isPresent();
        closed.close();
        assertThat(closed.hasEnded()).isTrue();
        // What was there may be taken.
        closed.next();
        assertThat(closed.next()).isEmpty();
        container.stop(Duration.ZERO);
        // Its end is told a little after it is known; until then there may be more.
        while (stream.next(TestEngine.LIMIT).isPresent()) {
          LeakCheck.pause();
        }
        assertThat(stream.hasEnded()).isTrue();
      }
      RunIT.assertFails(
          () -> container.stats(Duration.ofSeconds(1)), ErrorKind.FAILED_PRECONDITION);
      container.restart(Duration.ZERO);
      RunIT.assertFails(() -> container.stats(Duration.ofMillis(9)), ErrorKind.INVALID_INPUT);
      StatsStream ofEngine = container.stats(Duration.ofDays(1));
      ofEngine.next();
      container.close();
      assertThat(ofEngine.next()).isEmpty();
    }
  }
}
