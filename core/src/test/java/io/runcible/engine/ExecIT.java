package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Further processes in a running container. */
class ExecIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private Container container;

  @BeforeEach
  void run() {
    container =
        ENGINE
            .get()
            .run(
                ENGINE
                    .sh("sleep 600")
                    .environment("A", "of the container")
                    .environment("B", "of the container")
                    .workingDirectory("/tmp")
                    .build());
  }

  @AfterEach
  void close() {
    container.close();
  }

  private TestEngine.Ended exec(ExecSpec.Builder spec) {
    try (ContainerProcess process = container.exec(spec.build())) {
      return TestEngine.ended(process);
    }
  }

  private TestEngine.Ended sh(String script) {
    return exec(ExecSpec.builder("sh", "-c", script));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 129, 137, 255})
  void exitCodeIsExact(int code) throws IOException {
    // One that ends before it is seen alive may be taken for killed: it waits for its start's end.
    ExecSpec.Builder spec = ExecSpec.builder("sh", "-c", "read -r line; exit " + code);
    try (ContainerProcess process = container.exec(spec.stdio(Stdio.PIPED).build())) {
      process.stdin().close();
      assertThat(process.waitFor(TestEngine.LIMIT))
          .contains(TestHost.tellsExits() ? ExitStatus.ofExit(code) : ExitStatus.ofCode(code));
    }
  }

  @Test
  void sharesTheContainer() {
    assertThat(
            sh("echo $$ >/tmp/file; hostname; pwd; echo $A; ps | grep -c '[s]leep 600'").output())
        .isEqualTo(container.id() + "\n/tmp\nof the container\n1");
    assertThat(sh("cat /tmp/file").output()).isNotEqualTo("1");
  }

  @Test
  void environmentIsAdded() {
    assertThat(
            exec(ExecSpec.builder("sh", "-c", "echo $A $B $C")
                    .environment("B", "own")
                    .environment("C", "new"))
                .output())
        .isEqualTo("of the container own new");
  }

  @Test
  void workingDirectoryCanBeChosen() {
    assertThat(exec(ExecSpec.builder("pwd").workingDirectory("/etc")).output()).isEqualTo("/etc");
  }

  @Test
  void userCanBeChosen() {
    assertThat(exec(ExecSpec.builder("sh", "-c", "id -u; id -G; echo $HOME").user("app")).output())
        .isEqualTo("1000\n1000 2000\n/home/app");
    RunIT.assertFails(
        () -> exec(ExecSpec.builder("true").user("nobody-here")),
        ErrorKind.NOT_FOUND,
        "nobody-here");
  }

  @Test
  void capabilitiesAreThoseOfTheUser() {
    String own = "grep -E 'Cap(Eff|Prm|Bnd)|Seccomp:|NoNewPrivs' /proc/self/status";
    String root = sh(own).output();
    assertThat(root).contains("CapEff:\t00000000800405fb", "Seccomp:\t2", "NoNewPrivs:\t1");
    assertThat(exec(ExecSpec.builder("sh", "-c", own).user("app")).output())
        .contains("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "Seccomp:\t2");
  }

  @Test
  void inputIsPiped() throws IOException {
    try (ContainerProcess process =
        container.exec(ExecSpec.builder("tr", "a-z", "A-Z").stdio(Stdio.PIPED).build())) {
      try (OutputStream in = process.stdin()) {
        in.write("upper case".getBytes(StandardCharsets.UTF_8));
      }
      assertThat(process.stdout().readAllBytes()).asString().isEqualTo("UPPER CASE");
      assertThat(process.waitFor().isSuccess()).isTrue();
    }
  }

  @Test
  void missingProgramIsNotFound() {
    RunIT.assertFails(
        () -> exec(ExecSpec.builder("no-such-program")), ErrorKind.NOT_FOUND, "no-such-program");
    assertThat(container.isRunning()).isTrue();
  }

  /** A fault of the caller's: no end of the container is waited for that would explain it. */
  @Test
  void pathThatLeadsNowhereIsNotFound() {
    RunIT.assertFails(
        () -> exec(ExecSpec.builder("/etc/passwd/x")), ErrorKind.NOT_FOUND, "leads nowhere");
  }

  @Test
  void fileThatIsNotExecutableIsRefused() {
    RunIT.assertFails(
        () -> exec(ExecSpec.builder("/etc/passwd")), ErrorKind.PERMISSION_DENIED, "/etc/passwd");
  }

  @Test
  void emptyCommandIsRefused() {
    RunIT.assertFails(() -> container.exec(), ErrorKind.INVALID_INPUT, "no command");
  }

  @Test
  void endedContainerRefuses() {
    container.kill("KILL");
    container.waitFor();
    RunIT.assertFails(
        () -> container.exec("true"),
        ErrorKind.FAILED_PRECONDITION,
        container.id(),
        "does not run");
    container.close();
    RunIT.assertFails(
        () -> container.exec("true"), ErrorKind.FAILED_PRECONDITION, container.id(), "removed");
  }

  /** At whatever step of the runtime: that is no failure of the program's. */
  @Test
  void execThatMeetsTheEndOfItsContainerIsToldSo() {
    for (int round = 0; round < Rounds.of(12, 200); round++) {
      try (Container ending = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
        ProcessHandle first = ProcessHandle.of(ending.pid().orElseThrow()).orElseThrow();
        int millis = 5 * (round % 12);
        CompletableFuture<Boolean> killed =
            CompletableFuture.supplyAsync(
                () -> {
                  ChildJvm.pause(millis);
                  return first.destroyForcibly();
                });
        try {
          assertThat(ending.exec("true").waitFor().code()).isIn(0, 137);
        } catch (RuncibleException e) {
          assertThat(e.kind()).as(e.getMessage()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
        }
        assertThat(killed.join()).isTrue();
      }
    }
  }

  @Test
  void containerThatWasNotStartedRefuses() {
    try (Container created = ENGINE.get().create(ENGINE.sh("true").build())) {
      RunIT.assertFails(() -> created.exec("true"), ErrorKind.FAILED_PRECONDITION, "does not run");
    }
  }

  @Test
  void closingEndsTheProcess() {
    ContainerProcess process = container.exec("sleep", "500");
    assertThat(process.isAlive()).isTrue();
    process.close();
    assertThat(process.waitFor(TestEngine.LIMIT))
        .contains(new ExitStatus(137, OptionalInt.of(9), false));
    assertThat(sh("ps | grep -c '[s]leep 500'").stdout()).isEqualTo("0\n");
    process.close();
  }

  @Test
  void endOfTheContainerEndsItsProcesses() {
    ContainerProcess process = container.exec("sleep", "500");
    container.kill("KILL");
    assertThat(process.waitFor(TestEngine.LIMIT)).isPresent();
  }

  @Test
  void containerClosesWhatItsProcessesHold() {
    // The leak check looks for their files and descriptors.
    for (int i = 0; i < 3; i++) {
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
      assertThat(container.exec("sleep", "500").isAlive()).isTrue();
    }
  }

  @Test
  void closedProcessesHoldNothing() {
    ENGINE.leaks().begin();
    for (int i = 0; i < 5; i++) {
      assertThat(sh("echo x").output()).isEqualTo("x");
    }
    ENGINE.leaks().verify();
  }

  @Test
  void endedProcessesHoldNoDescriptors() {
    assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
    long before = descriptors();
    for (int i = 0; i < 10; i++) {
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
    }
    // Those of the last ones are closed a little after their ends are told.
    RestartIT.await(() -> descriptors() < before + 10);
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void memoryThatRanOutIsTold() {
    try (Container small = ENGINE.get().run(ENGINE.sh("sleep 600").memory("32m").build())) {
      ExitStatus status = small.exec("tail", "/dev/zero").waitFor();
      assertThat(status.code()).isEqualTo(137);
      assertThat(status.outOfMemory()).isTrue();
      assertThat(small.exec("true").waitFor()).isEqualTo(ExitStatus.ofExit(0));
    }
  }

  @Test
  void manyAtOnceGetTheirOwnOutput() {
    List<ContainerProcess> processes = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      processes.add(container.exec("sh", "-c", "sleep 0.2; echo " + i));
    }
    for (int i = 0; i < processes.size(); i++) {
      assertThat(TestEngine.ended(processes.get(i)).output()).isEqualTo("" + i);
    }
    processes.forEach(ContainerProcess::close);
  }

  @Test
  void timeEndsTheWholeSession() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      String script = "sleep 700 & setsid sleep 701 & echo begun; while :; do sleep 702; done";
      ExecSpec.Builder spec = ExecSpec.builder("sh", "-c", script);
      ContainerProcess exec = container.exec(spec.timeout(Duration.ofSeconds(15)).build());
      assertThat(exec.waitFor(TestEngine.LIMIT))
          .contains(new ExitStatus(137, OptionalInt.of(9), false, true));
      assertThat(exec.stdout()).hasContent("begun");
      long begin = System.nanoTime();
      while (System.nanoTime() - begin < TestEngine.LIMIT.toNanos()
          && container.top().stream().anyMatch(process -> process.command().contains("70"))) {
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(container.top()).noneMatch(process -> process.command().contains("70"));
      // What ends by itself has not timed out, however it ends.
      for (String quick : new String[] {"exit 3", "kill -9 $$"}) {
        ExecSpec within = ExecSpec.builder("sh", "-c", quick).timeout(Duration.ofDays(1)).build();
        assertThat(container.exec(within).waitFor(TestEngine.LIMIT).orElseThrow().timedOut())
            .isFalse();
      }
      assertThat(container.isRunning()).isTrue();
    }
    RunIT.assertFails(
        () -> ExecSpec.builder("true").timeout(Duration.ZERO), ErrorKind.INVALID_INPUT);
  }
}
