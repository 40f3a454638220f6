package io.runcible.engine;

import static io.runcible.engine.TerminalIT.until;
import static io.runcible.engine.TerminalIT.write;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Callers that come and go while a container runs. */
@Timeout(120)
class AttachIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** Answers each line, and says at the end of its input that it was the end. */
  private static final String ECHO =
      "while read -r l; do echo \"got $l\"; echo \"err $l\" >&2; done; echo over";

  private static ContainerSpec.Builder interactive(String script) {
    return ENGINE.sh(script).stdio(Stdio.INTERACTIVE);
  }

  private static Container find(String id) {
    return ENGINE.get().find(id).orElseThrow();
  }

  @Test
  void allWhoAreAttachedSeeTheSameAndLeaveItRunning() throws IOException {
    try (Container container = ENGINE.get().run(interactive(ECHO).build());
        Attachment one = container.attach();
        Attachment two = container.attach()) {
      assertThat(one.hasInput()).isTrue();
      assertThat(one.hasTerminal()).isFalse();
      write(one.stdin(), "a\n");
      write(two.stdin(), "b\n");
      for (Attachment each : List.of(one, two)) {
        assertThat(until(each.stdout(), "got b\n")).isEqualTo("got a\ngot b\n");
        assertThat(until(each.stderr(), "err b\n")).isEqualTo("err a\nerr b\n");
      }
      Runnable detach = two::close;
      detach.run();
      detach.run();
      assertThat(two.stdout().read()).isEqualTo(-1);
      RunIT.assertFails(two::stdin, ErrorKind.FAILED_PRECONDITION, "not attached");
      assertThat(container.isRunning()).isTrue();
      try (Attachment late = container.attach()) {
        write(late.stdin(), "c\n");
        // Only what comes from now on, and the starter sees all.
        assertThat(until(late.stdout(), "got c\n")).isEqualTo("got c\n");
      }
      assertThat(until(one.stdout(), "got c\n")).isEqualTo("got c\n");
      write(container.process().stdin(), "d\n");
      one.stdin().close();
      assertThat(new String(one.stdout().readAllBytes(), UTF_8)).isEqualTo("got d\nover\n");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(0));
      assertThat(container.logs().text()).startsWith("got a\ngot b\ngot c\ngot d\nover\nerr a");
      RunIT.assertFails(container::attach, ErrorKind.FAILED_PRECONDITION, "does not run");
    }
  }

  @Test
  void whoDoesNotReadHoldsNobodyUp() throws IOException {
    // More than any pipe or terminal holds.
    String script = "read -r l; seq 20000";
    try (Container container = ENGINE.get().run(interactive(script).log(LogPolicy.cri()).build());
        Attachment idle = container.attach();
        Attachment reader = container.attach()) {
      write(reader.stdin(), "go\n");
      String all = new String(reader.stdout().readAllBytes(), UTF_8);
      assertThat(all).startsWith("1\n2\n").endsWith("\n20000\n");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(0));
      assertThat(new String(idle.stdout().readAllBytes(), UTF_8)).isEqualTo(all);
    }
  }

  @Test
  void detachEndsAReadThatWaits() throws Exception {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      Attachment attachment = container.attach();
      assertThat(attachment.hasInput()).isFalse();
      CompletableFuture<Integer> read = new CompletableFuture<>();
      Thread reader =
          new Thread(
              () -> {
                try {
                  read.complete(attachment.stdout().read());
                } catch (IOException e) {
                  read.completeExceptionally(e);
                }
              });
      reader.start();
      RunIT.assertFails(attachment::stdin, ErrorKind.FAILED_PRECONDITION, "Stdio.INTERACTIVE");
      RunIT.assertFails(
          () -> attachment.resize(1, 1), ErrorKind.FAILED_PRECONDITION, "no terminal");
      attachment.close();
      assertThat(read.get(TestEngine.LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(-1);
      reader.join();
    }
  }

  @Test
  void pipedStreamsAreTheStartersAlone() {
    try (Container container = ENGINE.get().run(ENGINE.sh("cat").stdio(Stdio.PIPED).build())) {
      RunIT.assertFails(container::attach, ErrorKind.FAILED_PRECONDITION, "Stdio.INTERACTIVE");
    }
    RunIT.assertFails(
        () -> ExecSpec.builder("true").stdio(Stdio.INTERACTIVE), ErrorKind.INVALID_INPUT, "exec");
  }

  @Test
  void terminalIsShared() throws IOException {
    ContainerSpec spec =
        ENGINE.spec("busybox").command("sh").stdio(Stdio.INTERACTIVE).tty().build();
    try (Container container = ENGINE.get().run(spec);
        Attachment one = container.attach();
        Attachment two = container.attach()) {
      assertThat(one.hasTerminal()).isTrue();
      dialogue(two, one, container);
      assertThat(until(two.stdout(), "end4")).contains("55 177");
      container.restart(Duration.ZERO);
      try (Attachment again = container.attach()) {
        write(again.stdin(), "stty size; exit $((3+3))\n");
        assertThat(until(again.stdout(), "24 80")).isNotEmpty();
        assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(6));
        assertThat(again.stderr().read()).isEqualTo(-1);
        RunIT.assertFails(() -> again.resize(10, 10), ErrorKind.FAILED_PRECONDITION, "has ended");
      }
    }
  }

  /** What a shell with a terminal answers, its size, and a key that interrupts. */
  private static void dialogue(Attachment writer, Attachment reader, Container container)
      throws IOException {
    OutputStream in = writer.stdin();
    InputStream out = reader.stdout();
    // A program may call itself what it likes.
    write(in, "printf '\\377) R 1' >/proc/$$/comm; tty; stty size; echo one$((1+1))\n");
    assertThat(until(out, "one2")).contains("/dev/pts/", "24 80");
    writer.resize(55, 177);
    // The runtime passes it on in its own time.
    write(in, "until stty size | grep '55 177'; do sleep 0.01; done; echo end$((2+2))\n");
    until(out, "end4");
    write(in, "sh -c 'echo ready$((3+3)); exec sleep 600'\n");
    until(out, "ready6");
    write(in, "\u0003");
    write(in, "echo code$?\n");
    until(out, "code130");
    assertThat(container.isRunning()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void terminalSurvivesWhatItsContainerSurvives(boolean cri) throws IOException {
    ContainerSpec.Builder spec =
        ENGINE.spec("busybox").command("sh").name("shell").tty().detached();
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run((cri ? spec.log(LogPolicy.cri()) : spec).build());
      try (Attachment attachment = container.attach()) {
        write(attachment.stdin(), "x=kept; echo first$((1+1))\n");
        until(attachment.stdout(), "first2");
      }
    }
    try (Container container = find("shell");
        ContainerEngine other = ENGINE.open();
        Attachment one = container.attach();
        Attachment two = other.find("shell").orElseThrow().attach()) {
      dialogue(two, one, container);
      until(two.stdout(), "end4");
      write(one.stdin(), "echo still $x; exit 9\n");
      until(two.stdout(), "still kept");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(9));
      assertThat(container.logs().text()).contains("first2", "one2", "still kept");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inputOfADetachedContainerIsReachedAndEndedByAnotherEngine(boolean cri) throws IOException {
    Path directory;
    ContainerSpec.Builder spec = interactive(ECHO).name("echo").detached();
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run((cri ? spec.log(LogPolicy.cri()) : spec).build());
      directory = ENGINE.directory(container);
      write(container.process().stdin(), "from the first\n");
      until(container.process().stdout(), "got from the first\n");
    }
    for (String fifo : List.of("stdin", "stdin.end")) {
      assertThat(Files.getPosixFilePermissions(directory.resolve(fifo)))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
    try (Container container = find("echo")) {
      for (int i = 0; i < 3; i++) {
        try (Attachment attachment = container.attach()) {
          write(attachment.stdin(), i + "\n");
          assertThat(until(attachment.stdout(), "\n")).isEqualTo("got " + i + "\n");
        }
      }
      Attachment last = container.attach();
      last.stdin().close();
      until(last.stdout(), "over\n");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(0));
      last.close();
      // A new start opens it again.
      container.restart(Duration.ZERO);
      try (Attachment attachment = container.attach()) {
        write(attachment.stdin(), "anew\n");
        until(attachment.stdout(), "got anew\n");
      }
    }
  }

  @Test
  void inputStaysOpenAcrossTheRestartsOfTheMonitor() throws IOException {
    ContainerSpec.Builder spec =
        interactive("echo begin; read -r l; echo \"got $l\"; exit 1")
            .name("again")
            .restart(RestartPolicy.onFailure(5))
            .detached();
    try (ContainerEngine first = ENGINE.open()) {
      first.run(spec.build()).awaitReady(Ready.onLog("begin"));
    }
    try (Container container = find("again");
        Attachment attachment = container.attach()) {
      for (int i = 0; i < 3; i++) {
        write(attachment.stdin(), i + "\n");
        until(attachment.stdout(), "got " + i + "\nbegin\n");
      }
      attachment.stdin().close();
      assertThat(container.stop(Duration.ZERO)).isNotNull();
    }
  }

  @Test
  void nothingIsLeftOfAKilledMonitor() {
    for (boolean tty : new boolean[] {false, true}) {
      ContainerSpec.Builder spec = interactive("sleep 600").detached();
      Container container = ENGINE.get().run((tty ? spec.tty() : spec).build());
      String directory = ENGINE.directory(container).toString();
      int monitor = Integer.parseInt(read(Path.of(directory, "monitor")).strip());
      ProcessHandle.of(monitor).orElseThrow().destroyForcibly();
      // It says once that nobody knows how that run has ended.
      RunIT.assertFails(
          () -> container.stop(Duration.ZERO), ErrorKind.NOT_FOUND, "its monitor was killed");
      // The new run has an input of its own; the engine's check finds who keeps the old one.
      container.restart(Duration.ZERO);
      assertThat(container.isRunning()).isTrue();
      container.close();
    }
  }

  /** It is slow here to find out that its container has ended. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void runtimeOfAKilledMonitorLeavesTheNextRunAlone(boolean removed) throws Exception {
    ContainerSpec spec = ENGINE.sh("sleep 600").detached().name("next").build();
    Container container = ENGINE.get().run(spec);
    ProcessHandle first = ProcessHandle.of(container.pid().orElseThrow()).orElseThrow();
    ProcessHandle runtime = first.parent().orElseThrow();
    ProcessHandle monitor = runtime.parent().orElseThrow();
    monitor.destroyForcibly();
    // Not before: the kernel lets go on what is stopped when its monitor ends.
    monitor.onExit().get(TestEngine.LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(new ProcessBuilder("kill", "-STOP", "" + runtime.pid()).start().waitFor()).isZero();
    if (removed) {
      container.close();
    } else {
      RunIT.assertFails(
          () -> container.stop(Duration.ZERO), ErrorKind.NOT_FOUND, "its monitor was killed");
      container.restart(Duration.ZERO);
    }
    try (Container next = removed ? ENGINE.get().run(spec) : container) {
      new ProcessBuilder("kill", "-CONT", "" + runtime.pid()).start().waitFor();
      runtime.onExit().get(TestEngine.LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(next.exec("true").waitFor().isSuccess()).isTrue();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
