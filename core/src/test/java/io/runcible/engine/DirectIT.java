package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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

  /** Whether how a container ends must be known. */
  private static boolean mustBeKnown() {
    return TestHost.tellsExits() || !Orphans.areReaped();
  }

  /** Empty where the kernel does not tell. */
  static Optional<ExitStatus> ended(Container container) {
    try {
      ExitStatus status = container.waitFor(TestEngine.LIMIT).orElseThrow();
      return Optional.of(status);
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(mustBeKnown()).as(e.getMessage()).isFalse();
      assertThat(e).hasMessageContaining("kernel");
      return Optional.empty();
    } finally {
      assertThat(container.isRunning()).isFalse();
    }
  }

  private static void assertEnded(Container container, int code) {
    ended(container).ifPresent(status -> assertThat(status.code()).isEqualTo(code));
  }

  private static void assertInvalid(ThrowingCallable action) {
    assertThatThrownBy(action)
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
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
  void programsThatEndAtOnceAreKnown() {
    List<Container> containers = new ArrayList<>();
    try {
      for (int i = 0; i < 5; i++) {
        containers.add(start("exit 42"));
      }
      // Together: where somebody reaps now and then only, each of them is told late.
      long known = containers.stream().filter(DirectIT::isKnown).count();
      assertThat(known).isGreaterThanOrEqualTo(mustBeKnown() ? containers.size() : 0);
    } finally {
      containers.forEach(Container::close);
    }
  }

  private static boolean isKnown(Container container) {
    try {
      assertThat(container.waitFor(TestEngine.LIMIT).orElseThrow().code()).isEqualTo(42);
      return true;
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(e).hasMessageContaining("has ended");
      return false;
    }
  }

  @Test
  void runningOutOfMemoryIsRecognised() {
    ContainerSpec.Builder spec =
        ENGINE.spec("busybox").command("tail", "/dev/zero").memory("16m").stdio(Stdio.DIRECT);
    try (Container container = ENGINE.get().run(spec.build())) {
      ended(container)
          .ifPresent(
              status -> {
                assertThat(status.signal()).hasValue(9);
                assertThat(status.outOfMemory()).isTrue();
              });
    }
  }

  @Test
  void rootOfAUserNamespaceOpensItsPipesAgain() throws Exception {
    HostTools.requireRoot();
    HostTools.requireProgram("unshare", "util-linux");
    ContainerSpec.Builder spec = ENGINE.sh("echo out >/dev/stdout; echo err >/dev/stderr; exit 42");
    spec.userNamespace(UserNamespace.auto()).stdio(Stdio.DIRECT);
    try (Container container = ENGINE.get().run(spec.build())) {
      assertThat(container.process().stdout().readAllBytes()).asString().isEqualTo("out\n");
      assertThat(container.process().stderr().readAllBytes()).asString().isEqualTo("err\n");
    }
  }

  @Test
  void itIsRestartedHoweverItEnded() {
    try (Container container = start("read -r line; exit 42")) {
      ContainerProcess first = container.process();
      assertThat(container.restart(Duration.ZERO).isAlive()).isTrue();
      assertThat(first.isAlive()).isFalse();
    }
  }

  @Test
  void waitForReadinessHearsOfTheEnd() {
    try (Container container = start("exit 42")) {
      assertThatThrownBy(() -> container.awaitReady(Ready.onPort(8080)))
          .asInstanceOf(type(RuncibleException.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
    }
  }

  private static void assertStartIsCancelled(Container container) {
    Thread.currentThread().interrupt();
    assertThatThrownBy(container::start)
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    assertThat(Thread.interrupted()).isTrue();
  }

  /** What it has begun is ended by the close, and the leak check looks. */
  @Test
  void interruptedStartIsCancelled() {
    Container container = ENGINE.get().create(ENGINE.sh("sleep 600").stdio(Stdio.DIRECT).build());
    try (container) {
      assertStartIsCancelled(container);
    }
    assertThat(container.state()).isEqualTo(ContainerState.REMOVED);
  }

  @Test
  void whatACancelledStartBeganHasEnded() {
    // Else the first start may be cancelled while it finds this out.
    boolean direct = Orphans.areReaped();
    ContainerSpec.Builder spec = ENGINE.sh("sleep 600").stdio(Stdio.DIRECT);
    try (Container container = ENGINE.get().create(spec.build())) {
      assertStartIsCancelled(container);
      if (direct) {
        ended(container).ifPresent(status -> assertThat(status.signal()).hasValue(9));
        assertThat(container.state()).isEqualTo(ContainerState.STOPPED);
        container.restart(Duration.ZERO);
      }
      assertThat(container.state()).isEqualTo(ContainerState.RUNNING);
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

  /** One that keeps its state elsewhere, as those do that do not call themselves runc or crun. */
  private static Path otherRuntime() throws IOException {
    Path script = ENGINE.root().path().resolve("other-runtime");
    Files.writeString(
        script,
        """
        #!/bin/sh
        [ "$1" = --version ] && echo other version 1.0.0 && exit
        shift 2
        exec runc --root "$0.state" "$@"
        """);
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void runtimeOfWhichLittleIsKnownStaysBesideIt() throws Exception {
    String runtime = otherRuntime().toString();
    try (ContainerEngine engine = ENGINE.root().engine().runtime(runtime).build();
        Container container =
            engine.create(ENGINE.sh("echo out; exit 42").stdio(Stdio.DIRECT).build())) {
      container.prepare();
      container.start();
      assertThat(container.process().stdout().readAllBytes()).asString().isEqualTo("out\n");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(42));
    }
  }

  @Test
  void neitherDetachedNorRestartedNorAnExecHasThem() {
    assertInvalid(ENGINE.sh("true").detached().stdio(Stdio.DIRECT)::build);
    assertInvalid(ENGINE.sh("true").restart(RestartPolicy.ALWAYS).stdio(Stdio.DIRECT)::build);
    assertInvalid(() -> ExecSpec.builder("true").stdio(Stdio.DIRECT));
  }
}
