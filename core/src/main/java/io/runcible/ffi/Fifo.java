package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Named pipes, which another process finds by their path, and further writing ends of what has
 * them: nobody who writes to one holds up another one who does.
 */
public final class Fifo {
  private static final int AT_FDCWD = -100;
  private static final int S_IFIFO = 0010000;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int FLAGS = FileCalls.O_CLOEXEC | FileCalls.O_NOFOLLOW;

  private Fifo() {}

  /** Makes one that its owner alone may open. */
  public static void make(Path path) {
    int result = libc().mknodat(AT_FDCWD, Native.cString(path), S_IFIFO | 0600, 0);
    check(result, "make a pipe", path);
  }

  /** Opens both ends at once; neither waits for somebody else. */
  public static Pipe open(Path path) {
    // Somebody has to have the other end open for an end to be opened without waiting.
    FileDescriptor both = open(path, O_RDWR);
    try {
      FileDescriptor reader = open(path, FileCalls.O_RDONLY);
      try {
        return new Pipe(reader, open(path, O_WRONLY));
      } catch (RuntimeException e) {
        reader.close();
        throw e;
      }
    } finally {
      both.close();
    }
  }

  /** Opens one descriptor for both, which does not wait for anybody. The caller closes it. */
  public static FileDescriptor openBothWays(Path path) {
    return open(path, O_RDWR);
  }

  private static FileDescriptor open(Path path, int mode) {
    return new FileDescriptor(
        check(libc().open(Native.cString(path), mode | FLAGS, 0), "open", path), path);
  }

  /**
   * Opens it for writing; empty if nobody reads, or there is none. The caller closes the stream.
   */
  public static Optional<OutputStream> writer(Path path) {
    int fd = libc().open(Native.cString(path), O_WRONLY | FileCalls.O_NONBLOCK | FLAGS, 0);
    if (fd < 0) {
      int errno = Native.errno();
      if (errno == Errno.ENXIO || errno == Errno.ENOENT) {
        return Optional.empty();
      }
      throw new NativeException("open", errno, path.toString());
    }
    return Optional.of(new PipeOutputStream(new FileDescriptor(fd, path)));
  }

  /**
   * Reads what a process writes to it that waits until somebody reads.
   *
   * @return false if the process has ended, or closed it, and nothing came
   */
  public static boolean awaitByte(Path path, PidFd writer) {
    // A reader that does not wait lets a writer that waits go on.
    try (FileDescriptor reader = open(path, FileCalls.O_RDONLY | FileCalls.O_NONBLOCK)) {
      boolean ended = false;
      while (!Poll.readable(reader, Poll.TICK_MILLIS) && !ended) {
        ended = writer.hasEnded();
      }
      return FileContent.read(reader, ByteBuffer.allocateDirect(1)) == 1;
    }
  }

  /**
   * Removes it, and has whoever waits to open it for reading, or reads, see its end; nothing if
   * there is none. Who opens it later finds nothing.
   */
  public static void release(Path path) throws IOException {
    int fd = libc().open(Native.cString(path), O_RDWR | FLAGS, 0);
    if (fd < 0) {
      int errno = Native.errno();
      if (errno == Errno.ENOENT) {
        return;
      }
      throw new NativeException("open", errno, path.toString());
    }
    FileDescriptor both = new FileDescriptor(fd, path);
    try {
      Files.deleteIfExists(path);
    } finally {
      both.close();
    }
  }

  /**
   * A further end like one that this process has, and only this process: no write to either waits
   * in the kernel from now on. The caller closes the stream.
   */
  public static OutputStream writer(FileDescriptor end) {
    int flags = check(libc().fcntl(end.value(), F_GETFL, 0), "ask", end);
    check(libc().fcntl(end.value(), F_SETFL, flags | FileCalls.O_NONBLOCK), "set", end);
    int fd = libc().fcntl(end.value(), F_DUPFD_CLOEXEC, 0);
    return new PipeOutputStream(new FileDescriptor(check(fd, "dup", end), end));
  }
}
