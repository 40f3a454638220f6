package io.runcible.ffi;

import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Path;

/**
 * Files that somebody in this JVM has locked by Java's file locks, or is about to: to the kernel a
 * JVM is one holder, which loses its lock when anybody in it closes the file. So none of them is to
 * be opened by another. Among the system properties, which all have in common who have the library
 * from class loaders of their own.
 */
public final class OwnLocks {
  private static final String PREFIX = "io.runcible.locked ";
  private static final long PAUSE_MILLIS = 5;

  private OwnLocks() {}

  /**
   * Waits until nobody has a file, and has it until it is {@linkplain #release released}.
   *
   * @param file its real path
   * @throws FileLockInterruptionException if the thread is interrupted; the flag stays set
   */
  public static void take(Path file) throws FileLockInterruptionException {
    while (System.getProperties().putIfAbsent(PREFIX + file, "") != null) {
      pause();
    }
  }

  /** Whether somebody has it. */
  public static boolean isTaken(Path file) {
    return System.getProperties().containsKey(PREFIX + file);
  }

  /** After the file is closed. Nothing happens if nobody has it. */
  public static void release(Path file) {
    System.getProperties().remove(PREFIX + file);
  }

  /** Before somebody who waits asks again. */
  public static void pause() throws FileLockInterruptionException {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileLockInterruptionException();
    }
  }
}
