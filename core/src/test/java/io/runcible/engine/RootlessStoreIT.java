package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to the store of an ordinary user, who is made for the test: that needs root. */
class RootlessStoreIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int LONGEST_MILLIS = 3000;

  private TestRoot root;
  private TestUser user;
  private LeakCheck leaks;
  private Path own;

  @BeforeAll
  static void needPrograms() {
    TestUser.needPrograms();
  }

  @BeforeEach
  void open() throws Exception {
    root = TestRoot.create();
    user = TestUser.create(root.path(), true);
    leaks = new LeakCheck(() -> List.of(root.path()));
    leaks.begin();
    own = root.path().resolve("home");
  }

  @AfterEach
  void close() {
    // Or the next test would fail, too: of a user who is there already.
    try {
      leaks.verify();
    } finally {
      user.close();
      root.close();
    }
  }

  private ChildJvm start(String program, String image, Object... more) {
    return user.jvm(
        EngineProgram.class,
        Stream.concat(Stream.of(program, own, ENGINE.reference(image)), Arrays.stream(more))
            .toArray());
  }

  private void assertWhole(String image, String as) {
    try (ChildJvm jvm = start("verify", image)) {
      assertThat(jvm.rest()).as(as).containsExactly("[]", "[]", "[]", "fine");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"store-loop", "pull-loop", "run-loop"})
  void storeIsWholeAfterAnyKill(String program) throws Exception {
    long seed = Rounds.seed("rootless-kill");
    Random random = new Random(seed);
    for (int round = 0; round < Rounds.of(2, 60); round++) {
      String image = random.nextBoolean() || program.equals("run-loop") ? "busybox" : "slim";
      try (ChildJvm jvm = start(program, image)) {
        // Now and then it is killed while it opens its engine.
        if (random.nextInt(4) > 0) {
          assertThat(jvm.line()).isEqualTo("working");
        }
        Thread.sleep(random.nextInt(LONGEST_MILLIS));
        jvm.kill();
      }
      assertWhole("busybox", program + ", round " + round + " of seed " + seed);
      leaks.verify();
    }
  }

  private static Optional<ProcessHandle> worker(ChildJvm jvm) {
    return ProcessHandle.of(jvm.pid())
        .orElseThrow()
        .descendants()
        .filter(child -> HostResources.commandLine(child.pid()).contains("FileWork"))
        .findFirst();
  }

  @Test
  void workerOfACopyIsKilledWithItsJvm() throws Exception {
    try (ChildJvm jvm = start("copy-and-wait", "busybox")) {
      assertThat(jvm.line()).isEqualTo("copying");
      Optional<ProcessHandle> found = worker(jvm);
      // It has no command line while one program of it becomes the next.
      for (long begin = System.nanoTime();
          found.isEmpty() && System.nanoTime() - begin < TestEngine.LIMIT.toNanos();
          found = worker(jvm)) {
        LeakCheck.pause();
      }
      ProcessHandle worker = found.orElseThrow();
      // It cannot see the end of its input then.
      Tool.require("kill", "procps").run("-STOP", worker.pid());
      jvm.kill();
    }
    leaks.verify();
    assertWhole("busybox", "after a copy");
  }

  @Test
  void diskThatIsFullAtAnyStepLeavesNothing() {
    try (ChildJvm jvm =
        user.jvm(
            withSmallDisk(own.resolve("data")),
            EngineProgram.class,
            "full-disk",
            own,
            ENGINE.reference("busybox"),
            80)) {
      assertThat(jvm.rest())
          .singleElement()
          .asString()
          .matches("failed ([3-9]|\\d\\d+) pulls and ([5-9]|\\d\\d+) runs");
    }
  }

  /**
   * In a mount namespace of the JVM's own: of a mount of the host the holder of every other
   * ordinary user that begins meanwhile has a copy, which looks as if it were of this user.
   */
  private static List<String> withSmallDisk(Path data) {
    String script =
        "mkdir \"$0\" && mount -t tmpfs -o nr_inodes=2000,size=64m,mode=700 tmpfs \"$0\""
            + " && chown --reference=\"$0/..\" \"$0\" && exec \"$@\"";
    return List.of(
        "unshare", "--mount", "--propagation", "private", "sh", "-c", script, data.toString());
  }

  /** Those of the worker are in {@link io.runcible.archive.RootlessUnpackIT}. */
  @Test
  void pullThatFailsAtACallLeavesTheStoreAsItWas() {
    try (ChildJvm jvm = start("pull-faults", "busybox", Rounds.of(30, 1))) {
      assertThat(jvm.rest()).last().asString().startsWith("calls ");
    }
  }

  @Test
  void allOfAnImageIsDurableBeforeItsNameIs() throws Exception {
    HostTools.requireProgram("strace", "strace");
    Path trace = root.path().resolve("trace");
    try (ChildJvm jvm =
        user.jvm(
            PowerCutIT.strace(trace),
            EngineProgram.class,
            "pull-and-wait",
            own,
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("working");
      jvm.line();
      jvm.endInput();
      assertThat(jvm.rest()).isEmpty();
    }
    PowerCutIT.assertDurable(own.resolve("data"), trace);
  }
}
