package io.runcible.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Spawn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LockFileTest {
  @TempDir Path directory;

  @Test
  void exclusiveExcludesAllAndSharedOnlyExclusive() {
    Path path = directory.resolve("lock");
    try (LockFile shared = LockFile.tryAcquire(path, false).orElseThrow()) {
      assertThat(shared).isNotNull();
      assertThat(LockFile.tryAcquire(path, true)).isEmpty();
      LockFile.tryAcquire(path, false).orElseThrow().close();
    }
    try (LockFile exclusive = LockFile.tryAcquire(path, true).orElseThrow()) {
      assertThat(exclusive).isNotNull();
      assertThat(LockFile.tryAcquire(path, false)).isEmpty();
    }
  }

  @Test
  void removedFileIsNoLock() {
    Path path = directory.resolve("lock");
    LockFile.tryAcquire(path, true).orElseThrow().closeAndRemove();
    assertThat(path).doesNotExist();
    LockFile.tryAcquire(path, true).orElseThrow().close();
  }

  @Test
  void whoInheritsItKeepsIt() {
    Path path = directory.resolve("lock");
    LockFile lock = LockFile.tryAcquire(path, true).orElseThrow();
    try (ChildProcess heir =
        Spawn.of(List.of("sleep", "600"), Spawn.plainEnvironment())
            .descriptor(9, lock.descriptor())
            .start()) {
      lock.close();
      assertThat(LockFile.tryAcquire(path, true)).isEmpty();
      heir.killAndWait();
    }
    LockFile.tryAcquire(path, true).orElseThrow().close();
  }

  @Test
  void timeoutNamesTheLock() {
    Path path = directory.resolve("lock");
    try (LockFile held = LockFile.tryAcquire(path, true).orElseThrow()) {
      assertThat(held).isNotNull();
      assertThatThrownBy(() -> LockFile.acquire(path, true, Duration.ofMillis(20)))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.TIMEOUT))
          .hasMessageContaining(path.toString());
    }
  }

  @Test
  void interruptCancelsTheWait() {
    Path path = directory.resolve("lock");
    try (LockFile held = LockFile.tryAcquire(path, true).orElseThrow()) {
      assertThat(held).isNotNull();
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> LockFile.acquire(path, true, Duration.ofMinutes(1)))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void neverTwoHoldersWhileHoldersRemoveTheFile() throws InterruptedException {
    Path path = directory.resolve("lock");
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int round = 0; round < 100; round++) {
                  LockFile lock = LockFile.acquire(path, true, Duration.ofMinutes(1));
                  most.accumulateAndGet(holders.incrementAndGet(), Math::max);
                  holders.decrementAndGet();
                  lock.closeAndRemove();
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(most).hasValue(1);
  }
}
