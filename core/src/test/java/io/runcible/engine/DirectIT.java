package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that have their pipes themselves, and no runtime beside them. */
class DirectIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static Container start(String script) {
    return ENGINE.get().run(ENGINE.sh(script).stdio(Stdio.DIRECT).build());
  }

  /** The processes that log into the directory of a container. */
  private static List<ProcessHandle> runtimes(Container container) {
    String log = container.directory().runtimeLog().toString();
    return ProcessHandle.current()
        .descendants()
        .filter(process -> process.info().commandLine().orElse("").contains(log))
        .toList();
  }

  /** Where the kernel does not tell, that is said. */
  private static void assertEnded(Container container, int code) {
    try {
      assertThat(container.waitFor().code()).isEqualTo(code);
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(e).hasMessageContaining("kernel");
    }
    assertThat(container.isRunning()).isFalse();
  }

  @Test
  void processHasItsPipesWithoutTheRuntime() throws Exception {
    try (Container container = start("read -r line; echo \"got $line\"; echo err >&2; exit 42")) {
      if (Orphans.areReaped()) {
        assertThat(runtimes(container)).isEmpty();
      }
      try (OutputStream in = container.process().stdin()) {
        in.write("word\n".getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(new String(container.process().stdout().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("got word\n");
      assertThat(new String(container.process().stderr().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("err\n");
      assertEnded(container, 42);
    }
  }

  @Test
  void killedOneHasEnded() {
    try (Container container = start("while :; do sleep 100; done")) {
      assertThat(container.isRunning()).isTrue();
      assertThat(container.kill("SIGKILL")).isTrue();
      assertEnded(container, 137);
    }
  }

  @Test
  void programThatIsMissingIsTold() {
    assertThatThrownBy(
            () ->
                ENGINE
                    .get()
                    .run(ENGINE.spec("busybox").command("/nothing").stdio(Stdio.DIRECT).build()))
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
  }

  @Test
  void neitherDetachedNorAnExecHasThem() {
    ContainerSpec.Builder detached = ENGINE.sh("true").detached().stdio(Stdio.DIRECT);
    assertThatThrownBy(detached::build)
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    ExecSpec.Builder exec = ExecSpec.builder("true");
    assertThatThrownBy(() -> exec.stdio(Stdio.DIRECT))
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }
}
