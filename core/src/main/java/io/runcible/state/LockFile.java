package io.runcible.state;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A held lock on a file, shared or exclusive, between processes and also between two holders in one
 * process. The kernel drops it when the holder is closed or its process ends, however it ends. It
 * belongs to no thread.
 */
public final class LockFile implements AutoCloseable {
  private static final long MAX_PAUSE_MILLIS = 25;

  private final FileDescriptor file;
  private final Path path;

  private LockFile(FileDescriptor file, Path path) {
    this.file = file;
    this.path = path;
  }

  /** Takes the lock if nobody holds one that excludes it. The file is made if it is missing. */
  public static Optional<LockFile> tryAcquire(Path path, boolean exclusive) {
    while (true) {
      FileDescriptor file = FileCalls.openOrCreate(path);
      boolean held = false;
      try {
        if (!FileContent.tryLock(file, exclusive)) {
          return Optional.empty();
        }
        held = names(path, file);
        if (held) {
          return Optional.of(new LockFile(file, path));
        }
        // Its holder removed the file between our open and our lock: that name is free again.
      } finally {
        if (!held) {
          file.close();
        }
      }
    }
  }

  private static boolean names(Path path, FileDescriptor file) {
    Optional<Stat> named = FileCalls.stat(path);
    return named.isPresent() && named.get().inode() == FileCalls.stat(file).inode();
  }

  /**
   * Takes the lock, waiting for others.
   *
   * @throws RuncibleException TIMEOUT when the limit ran out; CANCELLED if the thread is
   *     interrupted, and the flag stays set
   */
  public static LockFile acquire(Path path, boolean exclusive, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    long pause = 1;
    while (true) {
      Optional<LockFile> lock = tryAcquire(path, exclusive);
      if (lock.isPresent()) {
        return lock.get();
      }
      if (System.nanoTime() - deadline > 0) {
        throw new RuncibleException(
            ErrorKind.TIMEOUT,
            "another process holds the lock '" + path + "' for longer than " + limit);
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for the lock '" + path + "'", e);
      }
      pause = Math.min(pause * 2, MAX_PAUSE_MILLIS);
    }
  }

  /** Removes the file, which only the holder of an exclusive lock may do, and lets go. */
  public void closeAndRemove() {
    try {
      FileCalls.unlink(path);
    } finally {
      close();
    }
  }

  /**
   * The open file that has the lock. A process that inherits it has the lock as well, for as long
   * as it keeps it, also when this process has ended.
   */
  public FileDescriptor descriptor() {
    return file;
  }

  /** Lets go of the lock; idempotent. */
  @Override
  public void close() {
    file.close();
  }
}
