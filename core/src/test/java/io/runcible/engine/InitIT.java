package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers whose first process is the engine's. */
class InitIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String WAITING =
      "trap 'echo stopped; exit 5' TERM; echo up; while :; do sleep 0.05; done";

  @Test
  void orphansAreReapedAndSignalsPassedOn() {
    ContainerSpec.Builder spec = ENGINE.sh(WAITING).init().readOnlyRoot();
    try (Container container = ENGINE.get().run(spec.build())) {
      container.awaitReady(Ready.onLog("up"));
      assertThat(container.inspect().command()).containsExactly("sh", "-c", WAITING);
      assertThat(
              TestEngine.ended(
                      container.exec(
                          "sh",
                          "-c",
                          "(sleep 0 & sleep 0.1 &) & tr '\\0' '\\n' </proc/1/cmdline | head -n 1"))
                  .output())
          .isEqualTo("/dev/.runcible-init");
      long begin = System.nanoTime();
      while (System.nanoTime() - begin < TestEngine.LIMIT.toNanos()
          && container.top().stream().anyMatch(InitIT::isOrphan)) {
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(container.top()).noneMatch(InitIT::isOrphan);
      ExitStatus status = container.stop(TestEngine.LIMIT);
      assertThat(status).isEqualTo(ExitStatus.ofExit(5));
      assertThat(TestEngine.ended(container).stdout()).isEqualTo("up\nstopped\n");
      container.restart(Duration.ZERO);
      container.kill("SIGKILL");
      assertThat(container.waitFor(TestEngine.LIMIT).orElseThrow().signal()).hasValue(9);
      assertThat(container.files().diff()).noneMatch(one -> one.toString().contains("init"));
    }
  }

  /** What the program itself starts is its child, and shown without a command for a moment, too. */
  private static boolean isOrphan(ProcessInfo process) {
    return process.command().equals("[sleep]") && process.parentPid() == 1;
  }

  @Test
  void statusIsThatOfTheProgram() {
    assertThat(ENGINE.run(ENGINE.sh("kill -TERM $$").init()).status())
        .isEqualTo(ExitStatus.ofSignal(15));
    TestEngine.Ended missing = ENGINE.run(ENGINE.spec("busybox").command("missing").init());
    assertThat(missing.status()).isEqualTo(ExitStatus.ofExit(127));
    assertThat(missing.stderr()).contains("cannot be executed");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").init().mount(Mount.bind(Path.of("/dev"), "/dev"))),
        ErrorKind.INVALID_INPUT,
        "/dev");
  }
}
