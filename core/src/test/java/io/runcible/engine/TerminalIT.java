package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs with a terminal. */
@Timeout(120)
class TerminalIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static String all(ContainerProcess process) throws IOException {
    return new String(process.stdout().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Reads until a text has come. */
  static String until(InputStream stream, String text) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(text) < 0) {
      int next = stream.read();
      assertThat(next).as("after: %s", read).isNotNegative();
      read.append((char) next);
    }
    return read.toString();
  }

  static void write(OutputStream stream, String text) throws IOException {
    stream.write(text.getBytes(StandardCharsets.UTF_8));
    stream.flush();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 137, 255})
  void programHasATerminalAndAnExactExitCode(int code) throws IOException {
    // The runtime may be at work on it until then.
    String sized = "until stty size | grep -q '30 100'; do sleep 0.01; done; ";
    String script = "tty; stty size; echo $TERM; echo to stderr >&2; read -r end; exit " + code;
    try (Container container = ENGINE.get().run(ENGINE.sh(sized + script).tty(30, 100).build())) {
      InputStream out = container.process().stdout();
      String output = until(out, "to stderr") + until(out, "\n");
      // More than one, where runc has not yet had the inner of two terminals stop to add its own.
      assertThat(output.replaceAll("\r+\n", "\n"))
          .startsWith("/dev/pts/")
          .endsWith("\n30 100\nxterm\nto stderr\n");
      assertThat(output).contains("\r\n");
      // crun 1.8 drops what a program wrote just before its end.
      write(container.process().stdin(), "\n");
      assertThat(container.waitFor().code()).isEqualTo(code);
      assertThat(container.process().stderr().readAllBytes()).isEmpty();
    }
  }

  @Test
  void terminalCarriesADialogueAndIsResized() throws IOException {
    try (Container container =
            ENGINE.get().run(ENGINE.spec("busybox").command("sh").tty().build());
        OutputStream in = container.process().stdin();
        InputStream out = container.process().stdout()) {
      write(in, "echo one$((1+1))\n");
      until(out, "one2");
      container.process().resize(55, 177);
      // The runtime passes it on in its own time.
      write(in, "until stty size | grep -q '55 177'; do sleep 0.01; done; echo end$((2+2))\n");
      until(out, "end4");
      write(in, "sh -c 'echo ready$((3+3)); exec sleep 600'\n");
      until(out, "ready6");
      write(in, "\u0003");
      write(in, "echo code$?\n");
      until(out, "code130");
      write(in, "exit 9\n");
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(9));
    }
  }

  @Test
  void executedProgramHasATerminalOfItsOwn() throws IOException {
    // crun tells the size to the terminal when the program runs already.
    String script =
        "until stty size >/dev/null 2>&1; do sleep 0.01; done; stty size; read -r end; exit 6";
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build());
        ContainerProcess process =
            container.exec(ExecSpec.builder("sh", "-c", script).tty(11, 22).build())) {
      // runc copies between two terminals, and has the inner one stop to add the carriage return
      // beside a program that may be faster.
      assertThat(until(process.stdout(), "\n")).isIn("11 22\r\n", "11 22\r\r\n");
      write(process.stdin(), "\n");
      assertThat(process.waitFor().code()).isEqualTo(6);
      assertThat(TestEngine.ended(container.exec("sh", "-c", "tty || true")).output())
          .isEqualTo("not a tty");
    }
  }

  @Test
  void executedProgramNeedsNoTerminalWhereTheFirstHasOne() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").tty().build())) {
      assertThat(TestEngine.ended(container.exec("sh", "-c", "tty || true")).output())
          .isEqualTo("not a tty");
    }
  }

  @Test
  void endOfInputIsSent() throws IOException {
    // crun 1.8 drops what a program wrote just before its end.
    String end = Differences.isOnCrun() ? "sleep 600" : "exit 5";
    try (Container container =
        ENGINE.get().run(ENGINE.sh("cat; echo after; " + end).tty().build())) {
      ContainerProcess process = container.process();
      write(process.stdin(), "line\n");
      until(process.stdout(), "line\r\nline\r\n");
      process.stdin().close();
      until(process.stdout(), "after");
      if (!Differences.isOnCrun()) {
        assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(5));
      }
    }
  }

  @Test
  void muchOutputComesWhole() throws IOException {
    int lines = 200_000;
    try (Container container = ENGINE.get().run(ENGINE.sh("seq " + lines).tty().build())) {
      String output = all(container.process());
      assertThat(output.chars().filter(c -> c == '\n').count()).isEqualTo(lines);
      assertThat(output).endsWith("\r\n" + lines + "\r\n");
    }
  }

  @Test
  void closingEndsAProgramWithATerminal() {
    Container container = ENGINE.get().run(ENGINE.spec("busybox").command("sh").tty().build());
    ContainerProcess exec = container.exec(ExecSpec.builder("sh").tty().build());
    exec.close();
    assertThat(exec.waitFor(TestEngine.LIMIT)).isPresent();
    assertThat(container.isRunning()).isTrue();
    container.close();
  }

  @Test
  void terminalSurvivesARestart() throws IOException {
    try (Container container = ENGINE.get().run(ENGINE.sh("tty; sleep 600").tty().build())) {
      until(container.process().stdout(), "/dev/");
      container.restart(Duration.ZERO);
      until(container.process().stdout(), "/dev/");
    }
  }

  @Test
  void onlyATerminalIsResized() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      RunIT.assertFails(
          () -> container.process().resize(10, 10), ErrorKind.FAILED_PRECONDITION, "no terminal");
    }
    RunIT.assertFails(() -> ENGINE.sh("").tty(0, 10), ErrorKind.INVALID_INPUT, "0 by 10");
  }
}
