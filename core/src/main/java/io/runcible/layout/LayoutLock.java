package io.runcible.layout;

import io.runcible.ffi.OwnLocks;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one writer at a time change a layout's index. A lock on a file excludes other JVMs; it does
 * not exclude threads of this one, and is lost when any channel to the file is closed, so within
 * the JVM a lock per directory comes first, and one for all who have the library from other class
 * loaders. Held only for short work on small files.
 */
final class LayoutLock {
  static final String FILE_NAME = ".runcible-lock";

  private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  private final Path file;
  private final ReentrantLock threads;

  /**
   * Makes the lock of a directory.
   *
   * @param root the real path of the directory
   */
  LayoutLock(Path root) {
    file = root.resolve(FILE_NAME);
    threads = LOCKS.computeIfAbsent(root, path -> new ReentrantLock());
  }

  /** What is done under the lock. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws IOException;
  }

  /** Waits for the lock and runs the action; not to be nested. */
  <T> T locked(Action<T> action) throws IOException {
    try {
      threads.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileLockInterruptionException();
    }
    try {
      OwnLocks.take(file);
      try {
        return lockedHere(action);
      } finally {
        OwnLocks.release(file);
      }
    } finally {
      threads.unlock();
    }
  }

  private <T> T lockedHere(Action<T> action) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      lock(channel);
      return action.run();
    }
  }

  /**
   * Waits. To the kernel a JVM is one holder: where another thread of this one has what another JVM
   * waits for, it says that both would wait for ever (EDEADLK). Who only tries is never told so.
   */
  private static void lock(FileChannel channel) throws IOException {
    try {
      channel.lock();
    } catch (ClosedChannelException | FileLockInterruptionException e) {
      throw e;
    } catch (IOException e) {
      while (channel.tryLock() == null) {
        OwnLocks.pause();
      }
    }
  }
}
