package io.runcible.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
  void answerIsWhatItSaysAndHowItEnds() throws IOException {
    Pipe pipe = Pipe.open();
    try (InputStream output = pipe.inputStream();
        ChildProcess child = sh("echo said; exit 3").descriptor(1, pipe.writer()).start()) {
      pipe.writer().close();
      assertThat(child.answer(output, 100, LIMIT))
          .isEqualTo(new ChildProcess.Answer("said\n", Optional.of(new WaitStatus(3, 0))));
    }
  }

  @Test
  void childWhoseAnswerSomebodyIsInterruptedAtIsNotLeft() throws IOException {
    Pipe pipe = Pipe.open();
    try (InputStream output = pipe.inputStream();
        ChildProcess child = sh("exec sleep 60").descriptor(1, pipe.writer()).start()) {
      pipe.writer().close();
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> child.answer(output, 100, LIMIT))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(child.pidFd().hasEnded()).isTrue();
    }
  }

  /** Whichever call the want of a descriptor makes fail. */
  @Test
  void childThatCannotBeFollowedIsNotLeft() {
    // Loads the classes, which takes descriptors, too.
    assertThatThrownBy(() -> FileCalls.openDirectory(Path.of("/nowhere")));
    assertThat(startWithDescriptors(50)).isEmpty();
    List<String> failures = new ArrayList<>();
    // Of tests before it in this JVM, which may not be reaped yet.
    List<ProcessHandle> others = ProcessHandle.current().children().toList();
    boolean started = false;
    for (int free = 0; !started; free++) {
      Optional<RuncibleException> failure = startWithDescriptors(free);
      failure.ifPresent(e -> failures.add(e.kind() + " " + e.getMessage()));
      started = failure.isEmpty();
      assertThat(ProcessHandle.current().children()).isSubsetOf(others);
    }
    assertThat(failures)
        .allMatch(failure -> failure.startsWith("UNAVAILABLE"))
        .anyMatch(failure -> failure.contains("pidfd_open"));
  }

  private static Optional<RuncibleException> startWithDescriptors(int free) {
    Pointer limit = Native.allocate(16);
    openFileLimit(0, limit.address());
    Pointer lower = Native.allocate(16);
    lower.putLong(0, 400);
    lower.putLong(8, limit.getLong(8));
    List<FileDescriptor> filler = new ArrayList<>();
    openFileLimit(lower.address(), 0);
    try {
      fill(filler);
      for (int i = 0; i < free; i++) {
        filler.remove(filler.size() - 1).close();
      }
      try (ChildProcess child = sh("sleep 60").start()) {
        child.killAndWait();
        return Optional.empty();
      } catch (RuncibleException e) {
        return Optional.of(e);
      }
    } finally {
      openFileLimit(limit.address(), 0);
      filler.forEach(FileDescriptor::close);
    }
  }

  private static void openFileLimit(long set, long get) {
    long prlimit = Native.ARM64 ? 261 : 302;
    int openFiles = 7;
    assertThat(Native.libc().syscall(prlimit, 0, openFiles, set, get, 0, 0)).isZero();
  }

  private static void fill(List<FileDescriptor> filler) {
    while (true) {
      try {
        filler.add(FileCalls.openNull());
      } catch (NativeException e) {
        return;
      }
    }
  }

  @Test
  void openFilesAreMarkedWhereTheKernelCannot(@TempDir Path directory) throws IOException {
    int getFlags = 1;
    try (InputStream plain = Files.newInputStream(Files.createFile(directory.resolve("file")))) {
      int fd = -1;
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        for (Path file : open.toList()) {
          if (Files.exists(file) && Files.isSameFile(file, directory.resolve("file"))) {
            fd = Integer.parseInt(file.getFileName().toString());
          }
        }
      }
      assertThat(Native.libc().fcntl(fd, getFlags, 0)).isZero();
      Spawn.markCloseOnExec();
      assertThat(Native.libc().fcntl(fd, getFlags, 0)).isOne();
      assertThat(plain.read()).isEqualTo(-1);
    }
  }

  @Test
  void childInheritsOnlyWhatIsNamed() throws IOException {
    Pipe output = Pipe.open();
    try (ChildProcess child =
            sh("ls /proc/self/fd | tr '\\n' ' '; env | sort | tr '\\n' ' '")
                .descriptor(1, output.writer())
                .descriptor(9, output.writer())
                .start();
        InputStream stream = output.inputStream()) {
      output.writer().close();
      String said = new String(stream.readAllBytes(), UTF_8);
      // 3 is the directory that ls reads; a JVM has files open from there on.
      assertThat(said).startsWith("0 1 2 3 9 ").contains("WHO=me ").doesNotContain("JAVA");
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
  void whatIsThereCanBeReadWithoutWaiting() throws Exception {
    Pipe pipe = Pipe.open();
    try (InputStream in = pipe.inputStream()) {
      try (OutputStream out = pipe.outputStream()) {
        assertThat(in.available()).isZero();
        out.write(new byte[5000]);
        out.flush();
        int there = in.available();
        assertThat(there).isPositive();
        assertThat(in.readNBytes(5000)).hasSize(5000);
        assertThat(in.available()).isZero();
        CompletableFuture<Integer> waiting =
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return in.read();
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
        assertThat(in.available()).isZero();
        out.write(7);
        out.flush();
        assertThat(waiting.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(7);
      }
      assertThat(in.available()).isZero();
      assertThat(in.read()).isEqualTo(-1);
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
  void muchOutputIsReadAsItWasWritten() throws IOException {
    byte[] much = new byte[300_000];
    new Random(7).nextBytes(much);
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
      CompletableFuture<Void> written =
          CompletableFuture.runAsync(
              () -> {
                try (OutputStream in = input.outputStream()) {
                  in.write(much);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(out.readAllBytes()).isEqualTo(much);
      written.join();
      assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(0, 0));
    }
  }

  @Test
  void copyIsStartedInThePlaceOfTheProgram(@TempDir Path directory) throws IOException {
    Path copy = Files.createSymbolicLink(directory.resolve("copy"), Path.of("/bin/sh"));
    List<String> command = List.of("sh", "-c", "exit 3");
    List<String> missing = List.of("no-such-program", "-c", "exit 4");
    assertThat(codeOf(Spawn.of(command, Map.of()).from(Optional.of(copy)))).isEqualTo(3);
    assertThat(codeOf(Spawn.of(missing, Map.of()).from(Optional.of(copy)))).isEqualTo(4);
    Files.delete(copy);
    assertThat(codeOf(Spawn.of(command, Map.of()).from(Optional.of(copy)))).isEqualTo(3);
    assertThatThrownBy(() -> Spawn.of(missing, Map.of()).from(Optional.of(copy)).start())
        .hasMessageContaining("no-such-program");
  }

  private static int codeOf(Spawn spawn) {
    try (ChildProcess child = spawn.start()) {
      return child.waitFor(LIMIT).orElseThrow().code();
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
        assertThat(FileContent.tryLock(first, true)).isTrue();
        assertThat(FileContent.tryLock(second, false)).isFalse();
      }
      assertThat(FileContent.tryLock(second, true)).isTrue();
    }
  }

  private static Spawn sh(String script) {
    return Spawn.of(List.of("sh", "-c", script), Map.of("PATH", "/usr/bin:/bin", "WHO", "me"));
  }
}
