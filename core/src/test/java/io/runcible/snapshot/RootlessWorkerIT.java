package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.archive.TarBytes;
import io.runcible.engine.ChildJvm;
import io.runcible.engine.Rounds;
import io.runcible.engine.TestRoot;
import io.runcible.engine.TestUser;
import io.runcible.ffi.Fifo;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The worker for layers when the JVM that started it is killed, and what comes after. */
class RootlessWorkerIT {
  private static final Digest LAYER = Digest.sha256(new byte[] {1});
  private static final int FILES = 100;

  private TestRoot root;
  private TestUser user;
  private Path store;

  @BeforeAll
  static void needPrograms() {
    HostTools.requireRoot();
    TestUser.needPrograms();
  }

  @BeforeEach
  void open() throws Exception {
    root = TestRoot.create();
    user = TestUser.create(root.path(), true);
    store = root.path().resolve("home/store");
  }

  @AfterEach
  void close() {
    user.close();
    root.close();
  }

  private Path staged() {
    return store.resolve("snapshots/" + LAYER.hex() + ".new");
  }

  private ChildJvm start(Object... more) {
    return more.length == 0
        ? user.jvm(RootlessWorkerProgram.class, store, LAYER)
        : user.jvm(RootlessWorkerProgram.class, store, LAYER, more[0]);
  }

  private static boolean isClaimed(Path directory) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      return !FileContent.tryLock(opened, true);
    }
  }

  private static ProcessHandle worker(ChildJvm jvm) {
    return ProcessHandle.of(jvm.pid())
        .orElseThrow()
        .descendants()
        .filter(process -> commandLine(process).contains(RootlessUnpack.class.getName()))
        .findFirst()
        .orElseThrow();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
    } catch (IOException e) {
      return "";
    }
  }

  private static <T> T await(String what, Supplier<Optional<T>> there) throws Exception {
    long end = System.nanoTime() + Rounds.patience(60).toNanos();
    Optional<T> found = there.get();
    while (found.isEmpty()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      Thread.sleep(1);
      found = there.get();
    }
    return found.get();
  }

  /** It waits for more of its layer, or is stopped while it does. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void workerIsKilledWithItsJvm(boolean stopped) throws Exception {
    Path blob = root.path().resolve("blob");
    Tool.require("mkfifo", "coreutils").run("-m", "666", blob);
    TarBytes tar = new TarBytes();
    for (int i = 0; i < FILES; i++) {
      tar.file("file" + i, "x".repeat(50_000));
    }
    try (ChildJvm jvm = start(blob);
        OutputStream layer = await("no reader", () -> Fifo.writer(blob))) {
      layer.write(tar.bytes(), 0, tar.bytes().length / 2);
      Path first = staged().resolve("fs/file0");
      await("no file", () -> Optional.of(first).filter(Files::exists));
      assertThat(isClaimed(staged())).isTrue();
      ProcessHandle worker = worker(jvm);
      if (stopped) {
        Tool.require("kill", "procps").run("-STOP", worker.pid());
      }
      jvm.kill();
      try {
        worker.onExit().get(Rounds.patience(60).toSeconds(), TimeUnit.SECONDS);
      } finally {
        worker.destroyForcibly();
      }
    }
    assertThat(isClaimed(staged())).isFalse();
    assertNextEngineCleans();
  }

  private void assertNextEngineCleans() {
    try (ChildJvm next = start()) {
      assertThat(next.rest()).containsExactly("opening", "open");
      assertThat(next.waitFor()).isZero();
    }
    assertThat(staged()).doesNotExist();
  }

  @Test
  void nextEngineWaitsForWhoStillWrites() throws Exception {
    try (ChildJvm first = start()) {
      assertThat(first.rest()).endsWith("open");
    }
    Files.createDirectories(staged().resolve("fs"));
    Tool.require("chown", "coreutils").run("-R", "--reference=" + store, staged());
    FileDescriptor claim = FileCalls.openDirectory(staged());
    assertThat(FileContent.tryLock(claim, false)).isTrue();
    try (ChildJvm next = start()) {
      assertThat(next.line()).isEqualTo("opening");
      for (int i = 0; i < FILES; i++) {
        Files.createFile(staged().resolve("fs/file" + i));
        Thread.sleep(5);
      }
      claim.close();
      assertThat(next.rest()).containsExactly("open");
      assertThat(next.waitFor()).isZero();
    } finally {
      claim.close();
    }
    assertThat(staged()).doesNotExist();
  }
}
