package io.runcible.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class SpawnTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 42, 137, 255})
  void exitCodeIsExact(int code) {
    try (ChildProcess child = sh("exit " + code).start()) {
      assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(code, 0));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 9, 15})
  void signalIsExact(int signal) {
    try (ChildProcess child = sh("kill -" + signal + " $$; sleep 60").start()) {
      assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(0, signal));
    }
  }

  @Test
  void childInheritsOnlyWhatIsNamed() throws IOException {
    Pipe output = Pipe.open();
    try (ChildProcess child =
            sh("ls /proc/self/fd | tr '\\n' ' '; env | sort | tr '\\n' ' '")
                .descriptor(1, output.writer())
                .start();
        InputStream stream = output.inputStream()) {
      output.writer().close();
      String said = new String(stream.readAllBytes(), UTF_8);
      // 3 is the directory that ls reads.
      assertThat(said).startsWith("0 1 2 3 ").contains("WHO=me ").doesNotContain("JAVA");
      assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(0, 0));
    }
  }

  @Test
  void noSignalIsBlockedOrIgnoredInTheChild() throws IOException {
    Pipe output = Pipe.open();
    try (ChildProcess child =
            Spawn.of(List.of("grep", "^Sig[BI]", "/proc/self/status"), Map.of())
                .descriptor(1, output.writer())
                .start();
        InputStream stream = output.inputStream()) {
      output.writer().close();
      assertThat(new String(stream.readAllBytes(), UTF_8))
          .isEqualTo("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
      child.waitFor(LIMIT);
    }
  }

  @Test
  void inputAndOutputStream() throws IOException {
    Pipe input = Pipe.open();
    Pipe output = Pipe.open();
    try (ChildProcess child =
            Spawn.of(List.of("cat"), Map.of())
                .descriptor(0, input.reader())
                .descriptor(1, output.writer())
                .start();
        InputStream out = output.inputStream()) {
      input.reader().close();
      output.writer().close();
      try (OutputStream in = input.outputStream()) {
        in.write("hello\n".getBytes(UTF_8));
        assertThat(new String(out.readNBytes(6), UTF_8)).isEqualTo("hello\n");
      }
      assertThat(out.read()).isEqualTo(-1);
      assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(0, 0));
    }
  }

  @Test
  void closeEndsABlockedRead() throws Exception {
    Pipe pipe = Pipe.open();
    InputStream stream = pipe.inputStream();
    CountDownLatch ended = new CountDownLatch(1);
    Thread reader =
        new Thread(
            () -> {
              assertThatThrownBy(stream::read).isInstanceOf(IOException.class);
              ended.countDown();
            });
    reader.start();
    Thread.sleep(20);
    stream.close();
    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    pipe.writer().close();
  }

  @Test
  void missingProgramIsNamed() {
    assertThatThrownBy(() -> Spawn.of(List.of("no-such-program"), Map.of()).start())
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
        .hasMessageContaining("no-such-program");
  }

  @Test
  void watcherTellsOfEveryEndOnce() throws Exception {
    int children = 30;
    CountDownLatch ended = new CountDownLatch(children);
    try (ProcessWatcher watcher = ProcessWatcher.start(Thread::new)) {
      for (int i = 0; i < children; i++) {
        ChildProcess child = sh("exit 7").start();
        watcher.onEnd(
            child.pidFd(),
            () -> {
              if (child.poll().equals(java.util.Optional.of(new WaitStatus(7, 0)))) {
                ended.countDown();
              }
              child.close();
            });
      }
      assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void lockExcludesAnotherOpeningUntilItCloses(@TempDir Path directory) {
    Path file = directory.resolve("lock");
    try (FileDescriptor second = FileCalls.openOrCreate(file)) {
      try (FileDescriptor first = FileCalls.openOrCreate(file)) {
        assertThat(FileCalls.tryLock(first, true)).isTrue();
        assertThat(FileCalls.tryLock(second, false)).isFalse();
      }
      assertThat(FileCalls.tryLock(second, true)).isTrue();
    }
  }

  private static Spawn sh(String script) {
    return Spawn.of(List.of("sh", "-c", script), Map.of("PATH", "/usr/bin:/bin", "WHO", "me"));
  }
}
