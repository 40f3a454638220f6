package io.runcible.layout;

import java.io.IOException;
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
 * the JVM a lock per directory comes first. Held only for short work on small files.
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
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      channel.lock();
      return action.run();
    } finally {
      threads.unlock();
    }
  }
}
