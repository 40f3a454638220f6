package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ffi.EachCall;
import io.runcible.ffi.PipePump;
import io.runcible.runtime.GroupDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** On a file that is written as the kernel changes it. */
@EnabledOnOs(OS.LINUX)
class OomWatchTest {
  @TempDir Path group;
  private final Semaphore told = new Semaphore(0);
  private EngineTasks tasks;

  @BeforeEach
  void open() {
    tasks = new EngineTasks(Thread::new, new Operations());
    killed(0);
  }

  @AfterEach
  void close() {
    tasks.close();
  }

  private void killed(int processes) {
    try {
      Files.writeString(group.resolve("memory.events"), "oom 9\noom_kill " + processes + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private OomWatch begin(PipePump pump, boolean adopted) {
    return OomWatch.begin(pump, tasks, GroupDirectory.of(group), adopted, told::release);
  }

  @Test
  void killBeforeTheWatchBeganIsToldOnceOfARunThatIsNew() {
    killed(2);
    try (PipePump pump = PipePump.open(Thread::new)) {
      OomWatch watch = begin(pump, false);
      assertThat(told.availablePermits()).isEqualTo(1);
      watch.stop();
    }
  }

  @Test
  void killBeforeAnAdoptedRunWasWatchedIsAnothersToTell() {
    killed(2);
    try (PipePump pump = PipePump.open(Thread::new)) {
      OomWatch watch = begin(pump, true);
      assertThat(told.availablePermits()).isZero();
      killed(3);
      told.acquireUninterruptibly();
      watch.stop();
    }
  }

  @Test
  void watchThatCannotBeginLeavesNothingOpen() throws Exception {
    PipePump pump = PipePump.open(Thread::new);
    pump.close();
    Set<String> before = EachCall.openFiles();
    assertThatThrownBy(() -> begin(pump, false)).isInstanceOf(IllegalStateException.class);
    EachCall.assertNoMoreThan(before, "open");
  }

  /** The thread that hears of it is being started. */
  @Test
  void killWhileTheWatchBeginsIsTold() {
    ThreadFactory threads =
        task -> {
          killed(1);
          return new Thread(task);
        };
    for (boolean adopted : new boolean[] {false, true}) {
      killed(0);
      try (PipePump pump = PipePump.open(threads)) {
        OomWatch watch = begin(pump, adopted);
        assertThat(told.tryAcquire()).isTrue();
        watch.stop();
      }
      assertThat(told.availablePermits()).isZero();
    }
  }

  @Test
  void killAfterTheWatchHasStoppedIsNotTold() {
    try (PipePump pump = PipePump.open(Thread::new)) {
      begin(pump, false).stop();
      killed(1);
    }
    tasks.close();
    assertThat(told.availablePermits()).isZero();
  }
}
