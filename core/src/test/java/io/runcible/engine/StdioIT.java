package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Input, output and logs. */
class StdioIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int LARGE = 50 << 20;

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void loggedOutputsAreKeptApart() throws IOException {
    try (Container container = ENGINE.get().run(ENGINE.sh("echo out; echo err >&2").build())) {
      container.waitFor();
      Logs logs = container.logs();
      try (InputStream out = logs.stdout();
          InputStream err = logs.stderr()) {
        assertThat(text(out)).isEqualTo("out\n");
        assertThat(text(err)).isEqualTo("err\n");
      }
      assertThat(logs.text()).isEqualTo("out\nerr\n");
    }
  }

  @Test
  void loggedInputIsEmpty() {
    assertThat(ENGINE.run(ENGINE.spec("busybox").command("cat")).output()).isEmpty();
    try (Container container = ENGINE.get().run(ENGINE.sh("true").build())) {
      RunIT.assertFails(
          () -> container.process().stdin(), ErrorKind.FAILED_PRECONDITION, "Stdio.PIPED");
    }
  }

  @Test
  void logsAreThereWhileTheContainerRuns() throws IOException {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("echo first; read -r x </dev/zero; echo never").build())) {
      container.awaitReady(Ready.onLog("first"));
      assertThat(container.isRunning()).isTrue();
      assertThat(container.logs().text()).isEqualTo("first\n");
    }
  }

  @Test
  void readingFollowsTheProcessToItsEnd() throws IOException {
    try (Container container =
            ENGINE.get().run(ENGINE.sh("for i in 1 2 3; do echo $i; sleep 0.1; done").build());
        InputStream out = container.process().stdout()) {
      assertThat(text(out)).isEqualTo("1\n2\n3\n");
      assertThat(container.process().isAlive()).isFalse();
    }
  }

  @Test
  void logsAreGoneWithTheContainer() {
    Container container = ENGINE.get().run(ENGINE.sh("echo x").build());
    container.waitFor();
    container.close();
    RunIT.assertFails(() -> container.logs().text(), ErrorKind.NOT_FOUND, "removed");
  }

  @Test
  void largeOutputIsLoggedWhole() throws IOException {
    try (Container container = ENGINE.get().run(ENGINE.sh("yes | head -c " + LARGE).build());
        InputStream out = container.process().stdout()) {
      long count = out.transferTo(OutputStream.nullOutputStream());
      assertThat(count).isEqualTo(LARGE);
      // The text is for people, and bounded.
      assertThat(container.logs().text()).hasSize(16 << 20);
    }
  }

  @Test
  void largeOutputGoesThroughThePipe() throws IOException {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("yes | head -c " + LARGE).stdio(Stdio.PIPED).build())) {
      assertThat(container.process().stdout().transferTo(OutputStream.nullOutputStream()))
          .isEqualTo(LARGE);
      assertThat(container.waitFor().isSuccess()).isTrue();
    }
  }

  @Test
  void pipedBytesComeBackAsTheyWere() throws Exception {
    byte[] bytes = new byte[3_000_001];
    new Random(7).nextBytes(bytes);
    try (Container container =
        ENGINE.get().run(ENGINE.spec("busybox").command("cat").stdio(Stdio.PIPED).build())) {
      Thread writer =
          new Thread(
              () -> {
                try (OutputStream in = container.process().stdin()) {
                  in.write(bytes);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      writer.start();
      byte[] back = container.process().stdout().readAllBytes();
      writer.join();
      assertThat(Digest.sha256(back)).isEqualTo(Digest.sha256(bytes));
      assertThat(container.waitFor().isSuccess()).isTrue();
      assertThat(container.process().stderr().readAllBytes()).isEmpty();
    }
  }

  @Test
  void pipesCarryADialogue() throws IOException {
    try (Container container =
            ENGINE
                .get()
                .run(
                    ENGINE
                        .sh("while read -r l; do echo \"<$l>\"; done")
                        .stdio(Stdio.PIPED)
                        .build());
        BufferedReader answers =
            new BufferedReader(
                new InputStreamReader(container.process().stdout(), StandardCharsets.UTF_8))) {
      for (String line : new String[] {"one", "two", "drei ü"}) {
        container.process().stdin().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        container.process().stdin().flush();
        assertThat(answers.readLine()).isEqualTo("<" + line + ">");
      }
      container.process().stdin().close();
      assertThat(answers.readLine()).isNull();
      assertThat(container.waitFor().isSuccess()).isTrue();
    }
  }

  @Test
  void pipedOutputIsNoLog() {
    try (Container container = ENGINE.get().run(ENGINE.sh("echo x").stdio(Stdio.PIPED).build())) {
      container.waitFor();
      RunIT.assertFails(() -> container.logs().text(), ErrorKind.NOT_FOUND, "piped");
    }
  }

  @Test
  void pipedContainerThatNobodyReadsCanBeClosed() {
    try (Container container =
        ENGINE.get().run(ENGINE.spec("busybox").command("yes").stdio(Stdio.PIPED).build())) {
      assertThat(container.isRunning()).isTrue();
    }
  }

  @Test
  void programWaitsForWhoReads() throws IOException {
    String script = "yes | head -c " + LARGE + "; touch /written; sleep 600";
    ExecSpec written = ExecSpec.builder("test", "-e", "/written").build();
    try (Container container = ENGINE.get().run(ENGINE.sh(script).stdio(Stdio.PIPED).build())) {
      for (int i = 0; i < 10; i++) {
        assertThat(container.exec(written).waitFor().isSuccess()).isFalse();
      }
      container.process().stdout().skipNBytes(LARGE);
      RestartIT.await(() -> container.exec(written).waitFor().isSuccess());
    }
  }

  @Test
  void oneThreadFollowsManyThatAreIdle() throws IOException {
    String script = "until [ -e /go ]; do sleep 0.05; done; echo here; sleep 600";
    List<ContainerSpec.Builder> kinds =
        List.of(
            ENGINE.sh(script),
            ENGINE.sh(script).log(LogPolicy.cri()),
            ENGINE.sh(script).stdio(Stdio.PIPED),
            ENGINE.sh(script).tty());
    List<Container> containers = new ArrayList<>();
    List<InputStream> outputs = new ArrayList<>();
    long before = threads();
    for (ContainerSpec.Builder kind : kinds) {
      for (int i = 0; i < 3; i++) {
        Container container = ENGINE.get().run(kind.build());
        containers.add(container);
        outputs.add(container.process().stdout());
      }
    }
    // All logs with times share one, and others come and go.
    assertThat(threads()).isLessThan(before + containers.size());
    for (int i = 0; i < containers.size(); i++) {
      assertThat(outputs.get(i).available()).isZero();
      containers.get(i).exec("touch", "/go").waitFor();
      InputStream output = outputs.get(i);
      RestartIT.await(() -> available(output) > 0);
      assertThat(TerminalIT.until(output, "\n")).startsWith("here");
    }
  }

  private static int available(InputStream stream) {
    try {
      return stream.available();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("runcible-"))
        .filter(thread -> !thread.getName().startsWith("runcible-registry"))
        .count();
  }

  @Test
  void writingToAnEndedProcessFails() {
    try (Container container = ENGINE.get().run(ENGINE.sh("true").stdio(Stdio.PIPED).build())) {
      container.waitFor();
      assertThatThrownBy(
              () -> {
                container.process().stdin().write(new byte[1 << 20]);
                container.process().stdin().flush();
              })
          .isInstanceOf(IOException.class);
    }
  }
}
