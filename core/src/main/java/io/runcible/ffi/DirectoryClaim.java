package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A lock on a directory itself, whatever its name is by now: who writes below it in another process
 * shares it, and who removes it has it alone. The kernel drops it when the last process that has
 * the descriptor has ended, and not before that can write no more. File systems without such locks
 * of directories go without.
 */
final class DirectoryClaim {
  private static final int PAUSE_MILLIS = 1;

  private DirectoryClaim() {}

  /**
   * Claims a directory until this process ends.
   *
   * @throws RuncibleException UNAVAILABLE if it is being removed; otherwise if it cannot be opened
   */
  static void share(Path directory) {
    if (!tryLock(open(directory), false)) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "'" + directory + "' is being removed");
    }
  }

  /**
   * Removes a directory, if it is there, once nobody else has a claim to it.
   *
   * @param removal takes the claim, which the program that removes is to have as long as it runs;
   *     there is none to what only that program can open
   * @throws RuncibleException TIMEOUT if another process has a claim for longer, CANCELLED
   */
  static void alone(Path directory, Duration limit, Consumer<Optional<FileDescriptor>> removal) {
    FileDescriptor opened;
    try {
      opened = open(directory);
    } catch (NativeException e) {
      if (e.errno() == Errno.EMFILE || e.errno() == Errno.ENFILE) {
        throw e;
      }
      if (e.errno() != Errno.ENOENT) {
        removal.accept(Optional.empty());
      }
      return;
    }
    try (opened) {
      awaitLock(opened, limit);
      removal.accept(Optional.of(opened));
    }
  }

  private static FileDescriptor open(Path directory) {
    int flags =
        FileCalls.O_RDONLY | FileCalls.O_DIRECTORY | FileCalls.O_CLOEXEC | FileCalls.O_NOFOLLOW;
    int fd = Native.libc().open(Native.cString(directory), flags, 0);
    return new FileDescriptor(Native.check(fd, "open directory", directory), directory);
  }

  private static void awaitLock(FileDescriptor directory, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!tryLock(directory, true)) {
      if (System.nanoTime() - deadline > 0) {
        throw new RuncibleException(
            ErrorKind.TIMEOUT,
            "another process writes to '" + directory + "' for longer than " + limit);
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting to remove '" + directory + "'", e);
      }
    }
  }

  private static boolean tryLock(FileDescriptor directory, boolean alone) {
    try {
      return FileContent.tryLock(directory, alone);
    } catch (NativeException e) {
      return true;
    }
  }
}
