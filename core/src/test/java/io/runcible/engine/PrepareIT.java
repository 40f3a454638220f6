package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that are made before they are to run. */
class PrepareIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static Container prepared(ContainerSpec.Builder spec) {
    Container container = ENGINE.get().create(spec.build());
    try {
      container.prepare();
      return container;
    } catch (RuntimeException e) {
      container.close();
      throw e;
    }
  }

  /** Whether the runtime has it, and its program waits. */
  private static boolean waits(Container container) throws IOException {
    return fifo(container).isPresent();
  }

  private static Optional<Path> fifo(Container container) throws IOException {
    Path end = Path.of(container.id(), "exec.fifo");
    try (Stream<Path> state = Files.walk(ENGINE.root().state(), 3)) {
      return state.filter(file -> file.endsWith(end)).findFirst();
    }
  }

  @Test
  void whatDependsOnTheTimeOfTheStartIsMadeThen() {
    try (Container owner =
            ENGINE.get().run(ENGINE.sh("sleep 600").ipc(NamespaceMode.SHAREABLE).build());
        Container joined =
            ENGINE
                .get()
                .create(
                    ENGINE
                        .sh("readlink /proc/self/ns/ipc; sleep 600")
                        .ipc(NamespaceMode.container(owner.id()))
                        .build())) {
      joined.prepare();
      assertThat(joined.state()).isEqualTo(ContainerState.CREATED);
      owner.restart(Duration.ZERO);
      joined.start();
      String now = TestEngine.ended(owner.exec("readlink", "/proc/self/ns/ipc")).output();
      joined.awaitReady(Ready.onLog(Pattern.quote(now)));
    }
  }

  @Test
  void programRunsFromTheStartOnAndItsEndIsExact() throws Exception {
    // As long as it is not seen alive, nobody but its parent could know that it was no signal.
    String script = "echo out; echo err >&2; until [ -e /end ]; do sleep 0.02; done; exit 137";
    try (Container container = prepared(ENGINE.sh(script))) {
      assertThat(waits(container)).isEqualTo(Orphans.areTold());
      assertThat(container.state()).isEqualTo(ContainerState.CREATED);
      assertThat(container.isRunning()).isFalse();
      container.prepare();

      container.start();
      Churn.touchEnd(container);

      TestEngine.Ended ended = TestEngine.ended(container);
      assertThat(ended.stdout() + ended.stderr()).isEqualTo("out\nerr\n");
      assertThat(ended.status().code()).isEqualTo(137);
      if (TestHost.tellsExits()) {
        assertThat(ended.status()).isEqualTo(ExitStatus.ofExit(137));
      }
      assertThat(container.restart(Duration.ZERO).waitFor().code()).isEqualTo(137);
      RunIT.assertFails(container::prepare, ErrorKind.FAILED_PRECONDITION, "started before");
    }
  }

  /** It is let go or ended, and never waits on. */
  @Test
  void preparedOneThatIsStartedByAnInterruptedThreadEnds() {
    try (Container container = prepared(ENGINE.sh("exit 3").stdio(Stdio.DIRECT))) {
      Thread.currentThread().interrupt();
      try {
        container.start();
      } catch (RuncibleException e) {
        assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED);
      }
      assertThat(Thread.interrupted()).isTrue();
      DirectIT.ended(container);
      assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
    }
  }

  @Test
  void oneThatCannotBeLetGoHasEnded() throws Exception {
    try (Container container = prepared(ENGINE.sh("sleep 600").stdio(Stdio.DIRECT))) {
      if (waits(container)) {
        Files.delete(fifo(container).orElseThrow());
        RunIT.assertFails(container::start, ErrorKind.FAILED_PRECONDITION, "does not wait");
        DirectIT.ended(container)
            .ifPresent(status -> assertThat(status).isEqualTo(ExitStatus.ofSignal(9)));
        container.restart(Duration.ZERO);
      }
      assertThat(container.isRunning()).isEqualTo(Orphans.areReaped());
    }
  }

  @Test
  void limitsThatChangeMeanwhileHold() {
    try (Container container = prepared(ENGINE.sh("sleep 600").memory("64m").stdio(Stdio.DIRECT))) {
      container.update(Limits.unchanged().withMemory("32m"));
      container.start();
      assertThat(container.stats().usage().memoryLimit()).hasValue(32 << 20);
    }
  }

  @Test
  void itTakesInputAndCommandsAsAnyOther() throws Exception {
    ContainerSpec.Builder spec = ENGINE.sh("read -r line; echo \"got $line\"; exit 3");
    try (Container container = prepared(spec.stdio(Stdio.DIRECT))) {
      assertThat(waits(container)).isEqualTo(Orphans.areReaped());
      container.start();
      assertThat(waits(container)).isFalse();
      assertThat(container.exec("true").waitFor().isSuccess()).isTrue();
      container.process().stdin().write("word\n".getBytes(StandardCharsets.US_ASCII));
      container.process().stdin().close();
      assertThat(container.process().stdout().readAllBytes()).asString().isEqualTo("got word\n");
      if (TestHost.tellsExits()) {
        assertThat(container.waitFor().code()).isEqualTo(3);
      }
    }
  }

  @Test
  void whatIsMissingIsToldAtThePreparation() {
    if (Orphans.areReaped()) {
      ContainerSpec.Builder spec = ENGINE.spec("busybox").command("/nothing");
      RunIT.assertFails(() -> prepared(spec.stdio(Stdio.DIRECT)), ErrorKind.NOT_FOUND);
    }
  }

  @Test
  void oneWithATerminalIsMadeAtItsStart() throws Exception {
    try (Container container = prepared(ENGINE.sh("test -t 0").tty(30, 100))) {
      assertThat(waits(container)).isFalse();
      container.start();
      assertThat(container.waitFor().isSuccess()).isTrue();
    }
  }

  /** The leak check looks for the process that waits. */
  @Test
  void oneThatIsNeverStartedLeavesNothing() {
    try (Container container = prepared(ENGINE.sh("true").stdio(Stdio.DIRECT))) {
      assertThat(container.pid()).isEqualTo(OptionalInt.empty());
    }
    prepared(ENGINE.sh("true").stdio(Stdio.DIRECT));
    ENGINE.get().close();
  }
}
