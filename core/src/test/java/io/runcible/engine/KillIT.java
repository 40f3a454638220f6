package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** JVMs that are killed at any moment, and the next engine on the same directories. */
class KillIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** Most of the time the program is at work by then. */
  private static final int LONGEST_MILLIS = 1200;

  /** Half of the starts take no longer. */
  private static final int LONGEST_START_MILLIS = 60;

  private static final long PATIENCE_MILLIS = Rounds.patience(60).toMillis();

  private final long seed = Rounds.seed("kill");
  private final Random random = new Random(seed);

  /** What is killed. */
  private enum Victims {
    JVM,
    RUNTIMES_AND_JVM,
    JVM_AND_WATCHDOG
  }

  @Test
  void runIsCleanedUpByTheWatchdog() {
    for (int round = 0; round < Rounds.of(4, 50); round++) {
      ENGINE.leaks().begin();
      List<String> before = processes();
      killAtRandom(
          "run-loop", "busybox", random.nextBoolean() ? Victims.JVM : Victims.RUNTIMES_AND_JVM);
      // Or the next engine opens while the watchdog is at work.
      if (random.nextBoolean()) {
        awaitNoneBut(before, round);
      }
      recover("busybox");
      ENGINE.leaks().verify();
    }
  }

  /** A start fails then, or the container runs already. */
  @Test
  void startWhoseRuntimeIsKilledLeavesNothing() throws Exception {
    for (int round = 0; round < Rounds.of(8, 200); round++) {
      Thread killer =
          new Thread(
              () -> {
                sleep(random.nextInt(LONGEST_START_MILLIS));
                killRuntimes();
              });
      killer.start();
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
        assertThat(container.id()).isNotEmpty();
      } catch (RuncibleException e) {
        assertThat(e.kind())
            .as("round %s of seed %s", round, seed)
            .isIn(ErrorKind.INTERNAL, ErrorKind.UNAVAILABLE);
      } finally {
        killer.join();
      }
    }
  }

  /** As crun is when it is killed after it has let its process go, and before it says whom. */
  private static Path runtimeThatTellsNobody() throws IOException {
    String runtime = HostTools.chosenRuntime().orElse("runc");
    Path script = ENGINE.root().path().resolve("runtime-that-tells-nobody");
    Files.writeString(
        script,
        """
        #!/bin/sh
        own=%s
        case " $* " in *" run "*) ;; *) exec %s "$@" ;; esac
        for word; do
          shift
          case $last in --root | --pid-file) set -- "$@" "$own$(basename "$word")" ;;
            *) set -- "$@" "$word" ;;
          esac
          last=$word
        done
        %s "$@" &
        until grep -q sleep "/proc/$(cat "${own}pid")/cmdline"; do sleep 0.01; done
        kill -KILL $! $$
        """
            .formatted(script + ".", runtime, runtime));
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void processThatNobodyWasToldOfIsFound() throws IOException {
    String runtime = runtimeThatTellsNobody().toString();
    try (ContainerEngine engine = ENGINE.root().engine().runtime(runtime).build();
        Container other = ENGINE.get().run(ENGINE.sh("sleep 601").build())) {
      assertThatThrownBy(() -> engine.run(ENGINE.sh("sleep 600").build()))
          .asInstanceOf(InstanceOfAssertFactories.type(RuncibleException.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INTERNAL));
      assertThat(other.isRunning()).isTrue();
    }
  }

  @Test
  void runIsCleanedUpByTheNextEngine() {
    for (int round = 0; round < Rounds.of(3, 25); round++) {
      ENGINE.leaks().begin();
      killAtRandom("run-loop", "busybox", Victims.JVM_AND_WATCHDOG);
      recover("busybox");
      ENGINE.leaks().verify();
    }
  }

  @Test
  void detachedContainersAreFoundOrGone() {
    for (int round = 0; round < Rounds.of(3, 25); round++) {
      ENGINE.leaks().begin();
      killAtRandom("detach-loop", "busybox", Victims.JVM);
      try (ContainerEngine next = ENGINE.open()) {
        for (Container container : next.list()) {
          Churn.startUnlessStarted(container);
          assertThat(container.isRunning()).isTrue();
          container.close();
        }
      }
      ENGINE.leaks().verify();
    }
  }

  @Test
  void pullIsCleanedUpByTheNextEngine() {
    String files = "";
    for (int round = 0; round < Rounds.of(4, 50); round++) {
      ENGINE.leaks().begin();
      killAtRandom("pull-loop", "slim", Victims.JVM);
      String found = recover("slim");
      assertThat(found).isNotEmpty();
      assertThat(files).as("round %s of seed %s", round, seed).isIn("", found);
      files = found;
      ENGINE.leaks().verify();
    }
  }

  /** Pulls, tags, copies, removals and clean-ups at once. */
  @Test
  void storeIsWholeAfterAnyKill() {
    for (int round = 0; round < Rounds.of(4, 200); round++) {
      ENGINE.leaks().begin();
      killAtRandom("store-loop", random.nextBoolean() ? "busybox" : "slim", Victims.JVM);
      try (ContainerEngine next = ENGINE.open()) {
        assertThat(next.images().check(true).problems())
            .as("round %s of seed %s", round, seed)
            .isEmpty();
        next.images().prune(PruneRules.unused());
        assertThat(ENGINE.root().leftInData(2)).as("round %s of seed %s", round, seed).isEmpty();
      }
      recover("busybox");
      ENGINE.leaks().verify();
    }
  }

  private void killAtRandom(String program, String image, Victims victims) {
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class, program, ENGINE.root().path(), ENGINE.reference(image))) {
      // Now and then it is killed while it opens its engine.
      if (random.nextInt(4) > 0) {
        assertThat(jvm.line()).isEqualTo("working");
      }
      sleep(random.nextInt(LONGEST_MILLIS));
      if (victims == Victims.RUNTIMES_AND_JVM) {
        killRuntimes();
      }
      if (victims == Victims.JVM_AND_WATCHDOG) {
        ProcessHandle.of(jvm.pid()).stream()
            .flatMap(ProcessHandle::children)
            .filter(child -> HostResources.commandLine(child.pid()).contains("runcible-watchdog"))
            .forEach(ProcessHandle::destroyForcibly);
      }
      jvm.kill();
    }
  }

  /** Also what they are doing in the kernel comes to its end. */
  private static void killRuntimes() {
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      String command = HostResources.commandLine(process.pid());
      if (command.contains(" --log " + ENGINE.root().path())) {
        process.destroyForcibly();
      }
    }
  }

  /** The watchdog ends them, and then itself. */
  private void awaitNoneBut(List<String> before, int round) {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    List<String> left = processes();
    while (!before.containsAll(left) && System.nanoTime() < deadline) {
      LeakCheck.pause();
      left = processes();
    }
    assertThat(left).as("round %s of seed %s", round, seed).isSubsetOf(before);
  }

  private static List<String> processes() {
    return HostResources.processesOf(List.of(ENGINE.root().path()));
  }

  /** The next engine works; returns what it sees of the image's files. */
  private static String recover(String image) {
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(next.list()).isEmpty();
      assertThat(next.images().check(false).problems()).isEmpty();
      next.images().pull(ENGINE.reference(image));
      try (Container container =
          next.run(ENGINE.spec(image).command("find", "/bin/", "/usr", "-xdev").build())) {
        TestEngine.Ended ended = TestEngine.ended(container);
        assertThat(ended.stderr()).isIn("", "find: /usr: No such file or directory\n");
        return ended.stdout();
      }
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
