package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.runtime.Cgroups;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is executed again and again, by an agent in the container. */
class ExecAgentIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** Nothing in a container is the parent of what a runtime executes. */
  private static final String PARENT = "echo $PPID";

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

  /** Returns the number of the agent inside, once there is one. */
  private String warm() {
    return warm(spec -> spec);
  }

  private String warm(UnaryOperator<ExecSpec.Builder> as) {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < TestEngine.LIMIT.toNanos()) {
      String parent = exec(as.apply(ExecSpec.builder("sh", "-c", PARENT))).output();
      if (!parent.equals("0")) {
        return parent;
      }
    }
    throw new AssertionError("there is no agent");
  }

  private boolean isByAgent() {
    return !sh(PARENT).output().equals("0");
  }

  @Test
  void firstOneIsTheRuntimes() {
    assertThat(isByAgent()).isFalse();
    warm();
    assertThat(isByAgent()).isTrue();
  }

  /** Each exec of the runtime takes longer there than what else may pass between two of them. */
  @Test
  void slowRuntimeIsSparedToo() throws IOException {
    String script = "case \" $* \" in *' exec '*) sleep 6 ;; esac; exec %1$s \"$@\"";
    onRuntime(
        script,
        () -> {
          assertThat(isByAgent()).isFalse();
          warm();
        });
  }

  /** The runtimes kill it if they cannot write its number, and may come to that late. */
  @Test
  void runtimeThatTellsLateDoesNotEndIt() throws IOException {
    String script =
        """
        case "$*" in *--preserve-fds*) ;; *) exec %1$s "$@" ;; esac
        for word; do
          shift
          [ "$last" = --pid-file ] && wanted=$word && word=%2$s
          set -- "$@" "$word"
          last=$word
        done
        exec 9<&0
        %1$s "$@" <&9 9<&- &
        exec 3<&- 4<&- 9<&-
        until [ -s %2$s ]; do sleep 0.01; done
        sleep 1
        cp %2$s "$wanted" || kill -KILL "$(cat %2$s)"
        wait
        """;
    onRuntime(
        script,
        () -> {
          String agent = warm();
          for (long begin = System.nanoTime(); System.nanoTime() - begin < 2_000_000_000L; ) {
            assertThat(warm()).isEqualTo(agent);
          }
        });
  }

  /** Nobody else does, and it would stay a zombie as long as this JVM runs. */
  @Test
  void engineThatClosesReapsTheRuntimeThatWasToStartAnAgent() throws IOException {
    String script =
        """
        for word; do
          [ "$last" = --process ] && grep -q /proc/self/fd/4 "$word" && >%2$s && sleep 2
          last=$word
        done
        exec %1$s "$@"
        """;
    Path begun = ENGINE.root().path().resolve("another-runtime.pid");
    onRuntime(
        script,
        () -> {
          assertThat(isByAgent()).isFalse();
          assertThat(isByAgent()).isFalse();
          RestartIT.await(() -> Files.exists(begun));
        });
  }

  private void onRuntime(String text, Runnable test) throws IOException {
    Path script = ENGINE.root().path().resolve("another-runtime");
    String runtime = HostTools.chosenRuntime().orElse("runc");
    Files.writeString(script, "#!/bin/sh\n" + text.formatted(runtime, script + ".pid"));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    container.close();
    try (ContainerEngine other = ENGINE.root().engine().runtime(script.toString()).build()) {
      container = other.run(ENGINE.sh("sleep 600").build());
      test.run();
      container.close();
    }
    Files.deleteIfExists(Path.of(script + ".pid"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 129, 137, 255})
  void exitCodeIsExact(int code) {
    warm();
    assertThat(sh("exit " + code).status()).isEqualTo(ExitStatus.ofExit(code));
  }

  @Test
  void signalIsExact() {
    warm();
    assertThat(sh("kill -TERM $$").status()).isEqualTo(ExitStatus.ofSignal(15));
    try (ContainerProcess process = container.exec(ExecSpec.builder("sleep", "600").build())) {
      assertThat(process.kill("USR1")).isTrue();
      assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(10));
      assertThat(process.kill("USR1")).isFalse();
    }
  }

  /** All that the kernel shows of a process and that it inherits. */
  private static final String STATE =
      """
      exec 2>&1
      grep -E '^(Uid|Gid|Groups|Umask|Sig...|Shd...|Cap...|NoNewPrivs|Seccomp):' /proc/self/status
      grep -v '^Max pending' /proc/self/limits
      cat /proc/self/oom_score_adj /proc/self/cgroup /proc/self/attr/current /proc/self/uid_map
      for one in /proc/self/ns/*; do readlink $one; done
      ls /proc/$$/fd
      tr '\\0' '\\n' </proc/$$/environ
      cat /proc/$$/comm; tr '\\0' ' ' </proc/$$/cmdline
      pwd; id; ulimit -a; readlink /proc/$$/cwd; readlink /proc/$$/root; readlink /proc/$$/exe
      """;

  @ParameterizedTest
  @CsvSource({"0:0, 1000:1000", "12:34, 0:0"})
  void isConfinedAsByTheRuntime(String user, String other) {
    UnaryOperator<ExecSpec.Builder> as = spec -> spec.user(user);
    UnaryOperator<ExecSpec.Builder> wanted =
        spec -> as.apply(spec).environment("B", "own").workingDirectory("/etc");
    TestEngine.Ended byRuntime = exec(wanted.apply(ExecSpec.builder("sh", "-c", STATE)));
    warm(as);
    TestEngine.Ended byAgent = exec(wanted.apply(ExecSpec.builder("sh", "-c", STATE)));
    assertThat(byAgent.output()).isEqualTo(byRuntime.output()).contains("Seccomp:\t2");
    // crun leaves its own in the session that it has itself.
    String session = "set -- $(cat /proc/$$/stat); echo $(($1 == $5)) $(($1 == $6)) $7 $8";
    assertThat(exec(as.apply(ExecSpec.builder("sh", "-c", session))).output())
        .isEqualTo("1 1 0 -1");
    // What has other rights has another agent.
    assertThat(exec(ExecSpec.builder("id", "-u").user(other)).output())
        .isNotEqualTo(exec(as.apply(ExecSpec.builder("id", "-u"))).output());
    assertThat(warm(as)).isNotEqualTo(warm(spec -> spec.user(other)));
  }

  @Test
  void streamsAreItsOwn() throws IOException {
    warm();
    byte[] large = new byte[3 << 20];
    Arrays.fill(large, (byte) 'x');
    try (ContainerProcess process =
        container.exec(
            ExecSpec.builder("sh", "-c", PARENT + " >&2; cat; echo end >&2; exit 3")
                .stdio(Stdio.PIPED)
                .build())) {
      Thread writer =
          new Thread(
              () -> {
                try (OutputStream in = process.stdin()) {
                  in.write(large);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      writer.start();
      assertThat(process.stdout().readAllBytes()).isEqualTo(large);
      assertThat(new String(process.stderr().readAllBytes(), StandardCharsets.UTF_8))
          .doesNotStartWith("0\n")
          .endsWith("\nend\n");
      assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(3));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/none, /",
    "none, /",
    "/etc, /",
    "/etc/passwd, /",
    "true, /none",
    "true, /etc/passwd",
  })
  void failureIsThatOfTheRuntime(String program, String directory) {
    ExecSpec spec = ExecSpec.builder(program).workingDirectory(directory).build();
    RuncibleException byRuntime =
        catchThrowableOfType(RuncibleException.class, () -> container.exec(spec));
    warm();
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> container.exec(spec))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(byRuntime.kind()))
          .hasMessage(byRuntime.getMessage());
    }
    // No child is left that was not reaped, whether by the same one or its successor.
    String agent = warm();
    assertThat(sh("grep -l '^PPid:.*\\b" + agent + "$' /proc/[0-9]*/status | wc -l").output())
        .isEqualTo("1");
  }

  @Test
  void searchesThePathOfTheProcess() {
    sh(
        "mkdir /tmp/one /tmp/two; echo 'echo one' >/tmp/one/own; printf '#!/bin/sh\\necho two'"
            + " >/tmp/two/own; chmod 755 /tmp/two/own");
    warm();
    ExecSpec.Builder spec = ExecSpec.builder("own").environment("PATH", "/none:/tmp/two:/tmp/one");
    assertThat(exec(spec).output()).isEqualTo("two");
    // Relative ones are the runtime's.
    assertThat(exec(ExecSpec.builder("pwd").environment("PATH", "/none:/bin:.")).output())
        .isEqualTo("/tmp");
    assertThat(exec(ExecSpec.builder("./own").workingDirectory("/tmp/two")).output())
        .isEqualTo("two");
    // What is first counts, whether it can be executed or not, as for the runtime.
    ExecSpec first = ExecSpec.builder("own").environment("PATH", "/tmp/bad:/tmp/two").build();
    sh("mkdir /tmp/bad; printf '#!/none' >/tmp/bad/own; chmod 755 /tmp/bad/own");
    for (int i = 0; i < 2; i++) {
      try (ContainerProcess process = container.exec(first)) {
        assertThat(process.waitFor(TestEngine.LIMIT).orElseThrow().code()).isNotZero();
      } catch (RuncibleException e) {
        assertThat(e).hasMessageContaining("own");
      }
    }
    assertThat(sh("echo [$HOME]").output()).isNotEqualTo("[]");
    assertThat(exec(ExecSpec.builder("sh", "-c", "echo [$HOME]").environment("HOME", "")).output())
        .isEqualTo(homeWithoutAgent());
  }

  private String homeWithoutAgent() {
    try (Container other = ENGINE.get().run(ENGINE.sh("sleep 600").build());
        ContainerProcess process =
            other.exec(
                ExecSpec.builder("sh", "-c", "echo [$HOME]").environment("HOME", "").build())) {
      return TestEngine.ended(process).output();
    }
  }

  @Test
  void manyAtOnceAreNotMixedUp() throws Exception {
    warm();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 160; i++) {
        int number = i;
        all.add(
            threads.submit(
                () -> {
                  TestEngine.Ended ended = sh("echo " + number + "; exit " + number % 100);
                  assertThat(ended.stdout()).isEqualTo(number + "\n");
                  assertThat(ended.status()).isEqualTo(ExitStatus.ofExit(number % 100));
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } finally {
      threads.shutdownNow();
    }
    // Nor is any of them left, or not reaped.
    assertThat(container.top()).extracting(ProcessInfo::pid).containsExactly(1);
  }

  @Test
  void timeIsUpForAllThatItHasStarted() {
    warm();
    TestEngine.Ended ended =
        exec(
            ExecSpec.builder("sh", "-c", "sleep 601 & sleep 601; echo no")
                .timeout(Duration.ofMillis(300)));
    assertThat(ended.status().timedOut()).isTrue();
    assertThat(ended.stdout()).isEmpty();
    assertThat(sh("ps").output()).doesNotContain("sleep 601");
  }

  @Test
  void closingEndsIt() {
    warm();
    container.exec(ExecSpec.builder("sleep", "602").build()).close();
    assertThat(sh("ps").output()).doesNotContain("sleep 602");
  }

  @Test
  void whoIsKilledWithTheContainerIsSaidToBe() {
    warm();
    ContainerProcess process = container.exec(ExecSpec.builder("sleep", "600").build());
    container.stop(Duration.ZERO);
    assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofSignal(9));
    assertThatThrownBy(() -> sh("true"))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
  }

  @Test
  void containerMayEndItsAgent() throws IOException {
    String agent = warm();
    ExecSpec waits = ExecSpec.builder("sh", "-c", "read line; exit 7").stdio(Stdio.PIPED).build();
    try (ContainerProcess process = container.exec(waits)) {
      assertThat(sh("kill -9 " + agent + "; echo ok").stdout()).isEqualTo("ok\n");
      // The runtime does it, and then another agent.
      assertThat(sh("echo ok").output()).isEqualTo("ok");
      assertThat(warm()).isNotEqualTo(agent);
      process.stdin().close();
      // The first process of this container reaps nothing, so that the kernel can tell.
      assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(7));
    }
    sh("kill -9 " + warm());
    // Whoever does so again and again is left alone.
    for (int i = 0; i < 10; i++) {
      assertThat(isByAgent()).isFalse();
    }
  }

  @Test
  void signalsForAllAreNotForTheAgent() {
    String agent = warm();
    String script = "trap '' TERM HUP; kill -HUP -1; kill -TERM -1; kill -TERM $PPID; exit 3";
    for (int i = 0; i < 10; i++) {
      assertThat(sh(script).status()).isEqualTo(ExitStatus.ofExit(3));
    }
    assertThat(warm()).isEqualTo(agent);
  }

  @Test
  void killOfAllEndsWhatRuns() {
    String agent = warm();
    TestEngine.Ended ended = sh("kill -9 -1; kill -9 $$");
    assertThat(ended.status()).isEqualTo(ExitStatus.ofSignal(9));
    assertThat(warm()).isNotEqualTo(agent);
  }

  /** The old freezer holds also what is killed, the new one whoever is to reap it. */
  @Test
  void isReapedAlsoWhenNobodyWantsToKnow() {
    warm();
    ContainerProcess process = container.exec(ExecSpec.builder("sleep", "604").build());
    if (Differences.hasControlGroups()) {
      container.pause();
      process.close();
      if (Cgroups.detect().mode() == Cgroups.Mode.V2) {
        // Longer than an answer may take otherwise.
        LockSupport.parkNanos(Duration.ofSeconds(8).toNanos());
      }
      container.resume();
    } else {
      process.close();
    }
    long begin = System.nanoTime();
    // One that has ended and was not reaped is in brackets.
    for (String all = sh("ps").output();
        all.contains("sleep 604") || all.contains("[sleep]");
        all = sh("ps").output()) {
      assertThat(System.nanoTime() - begin).isLessThan(TestEngine.LIMIT.toNanos());
    }
  }

  @Test
  void isClosedToOthersOfItsUser() {
    String agent = warm();
    assertThat(sh("cat /proc/" + agent + "/environ || ls -l /proc/" + agent + "/fd/0").stderr())
        .contains("Permission denied");
  }

  @Test
  void isNothingThatSomebodyHasExecuted() {
    warm();
    assertThat(container.top()).extracting(ProcessInfo::pid).containsExactly(1);
  }

  @Test
  void goesWhenItHasNothingToDo() {
    String agent = warm();
    long begin = System.nanoTime();
    awaitGone(hostProcess(agent));
    assertThat(System.nanoTime() - begin).isGreaterThan(Duration.ofSeconds(5).toNanos());
    assertThat(isByAgent()).isFalse();
  }

  private static void awaitGone(Path process) {
    long begin = System.nanoTime();
    while (Files.exists(process)) {
      assertThat(System.nanoTime() - begin).isLessThan(TestEngine.LIMIT.toNanos());
      LockSupport.parkNanos(20_000_000);
    }
  }

  private Path hostProcess(String agent) {
    ProcessTable table = new ProcessTable(Map.of());
    int pid =
        ProcessTable.ofContainer(container.pid().orElseThrow()).stream()
            .flatMap(one -> table.read(List.of(one)).stream())
            .filter(info -> info.pid() == Integer.parseInt(agent))
            .findFirst()
            .orElseThrow()
            .hostPid();
    return Path.of("/proc", String.valueOf(pid));
  }

  @Test
  void goesWithTheEngineThatLetsGoOfAContainer() {
    String id;
    Path process;
    try (ContainerEngine other = ENGINE.open()) {
      Container own = container;
      container = other.run(ENGINE.sh("sleep 600").detached().build());
      id = container.id();
      process = hostProcess(warm());
      own.close();
    }
    awaitGone(process);
    container = ENGINE.get().find(id).orElseThrow();
    assertThat(isByAgent()).isFalse();
  }

  /** When the agent is gone, the runtime begins, and nobody would reap that afterwards. */
  @Test
  void engineThatClosesEndsWhatIsBeingExecuted() throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      Future<?> beginning;
      try (ContainerEngine other = ENGINE.open()) {
        container.close();
        container = other.run(ENGINE.sh("sleep 600").detached().build());
        String agent = hostProcess(warm()).getFileName().toString();
        assertThat(new ProcessBuilder("kill", "-STOP", agent).start().waitFor()).isZero();
        beginning = thread.submit(() -> container.exec("sleep", "605"));
        Path execs = ENGINE.directory(container).resolve("exec");
        RestartIT.await(() -> execs.toFile().list().length > 0);
      }
      assertThatThrownBy(() -> beginning.get(60, TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
      assertThat(ENGINE.directory(container).resolve("exec")).isEmptyDirectory();
    } finally {
      thread.shutdownNow();
    }
    container = ENGINE.get().find(container.id()).orElseThrow();
    assertThat(sh("ps").output()).contains("sleep 600").doesNotContain("sleep 605");
  }

  /** Its agent does not answer, and nobody hears of its end. */
  @Test
  void whatStandsStillKeepsNothingOpenInAnEngineThatCloses() throws IOException {
    container.close();
    int before = ProcessDescriptorsTest.openProcesses();
    ContainerProcess process;
    try (ContainerEngine other = ENGINE.open()) {
      container = other.run(ENGINE.sh("sleep 600").detached().build());
      warm();
      process = container.exec("sleep", "604");
      container.pause();
    }
    assertThat(ProcessDescriptorsTest.openProcesses()).isEqualTo(before);
    assertThat(process.isAlive()).isFalse();
    container = ENGINE.get().find(container.id()).orElseThrow();
  }

  @Test
  void goesWithAJvmThatIsKilled() {
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class,
            "exec-and-wait",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      String agent = jvm.line();
      container.close();
      container = ENGINE.get().find("executed").orElseThrow();
      Path process = hostProcess(agent);
      jvm.kill();
      awaitGone(process);
      // Which clears away after the other JVM.
      ENGINE.open().close();
      // What it had started goes on.
      assertThat(sh("ps").output()).contains("sleep 603");
    }
  }

  @Test
  void restartedContainerHasAnotherOne() {
    warm();
    container.restart(Duration.ZERO);
    assertThat(isByAgent()).isFalse();
    warm();
  }

  @Test
  void whatDiffersIsTheRuntimes() {
    warm();
    // A terminal, and what is too large for one message.
    try (ContainerProcess process =
        container.exec(ExecSpec.builder("sh", "-c", PARENT).tty().build())) {
      process.waitFor(TestEngine.LIMIT);
      assertThat(new String(process.stdout().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("0");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String large = "x".repeat(70_000);
    assertThat(
            exec(ExecSpec.builder("sh", "-c", "echo $PPID ${#L}").environment("L", large)).output())
        .isEqualTo("0 70000");
    assertThat(isByAgent()).isTrue();
  }
}
