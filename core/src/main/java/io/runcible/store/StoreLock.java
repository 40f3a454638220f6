package io.runcible.store;

import io.runcible.state.LockFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Held for a moment only: shared by those who say what they are going to use or write a name,
 * exclusively by a clean-up while it looks and removes. A turnstile in front of it lets a clean-up
 * come in between others that follow each other without a pause.
 */
final class StoreLock {
  private static final Duration LIMIT = Duration.ofMinutes(10);

  private final Path turnstile;
  private final Path lock;

  StoreLock(Path locks) {
    this.turnstile = locks.resolve("turnstile");
    this.lock = locks.resolve("store");
  }

  private LockFile shared() {
    return acquire(false, LIMIT);
  }

  /** Fails with TIMEOUT or CANCELLED. */
  LockFile exclusive(Duration limit) {
    return acquire(true, limit);
  }

  private LockFile acquire(boolean exclusive, Duration limit) {
    LockFile turn = LockFile.acquire(turnstile, exclusive, limit);
    try {
      return LockFile.acquire(lock, exclusive, limit);
    } finally {
      turn.close();
    }
  }

  /** Does something small while no clean-up looks. */
  <T> T whileShared(Supplier<T> work) {
    LockFile held = shared();
    try {
      return work.get();
    } finally {
      held.close();
    }
  }

  Optional<LockFile> tryExclusive() {
    return LockFile.tryAcquire(lock, true);
  }
}
