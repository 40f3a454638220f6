package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Calls on an open file, whatever its name is. Failures are as for {@link FileCalls}. */
public final class FileContent {
  private static final long FICLONE = 0x40049409;
  private static final long COPY_STEP = 1 << 30;
  private static final int COPY_BUFFER = 128 * 1024;

  private FileContent() {}

  /**
   * Writes all that remains in a direct buffer.
   *
   * @throws IllegalArgumentException for a buffer on the heap
   */
  public static void write(FileDescriptor file, ByteBuffer data) {
    if (!data.isDirect()) {
      throw new IllegalArgumentException("the buffer is not direct");
    }
    try {
      while (data.hasRemaining()) {
        long written = libc().write(file.value(), data, data.remaining());
        if (written < 0) {
          int errno = Native.errno();
          if (errno == Errno.EINTR) {
            continue;
          }
          throw new NativeException("write", errno, file.toString());
        }
        data.position(data.position() + (int) written);
      }
    } finally {
      Reference.reachabilityFence(data);
    }
  }

  /**
   * Reads once into a direct buffer, at its position.
   *
   * @return the number of bytes, 0 at the end of the file
   * @throws IllegalArgumentException for a buffer on the heap
   */
  public static int read(FileDescriptor file, ByteBuffer data) {
    if (!data.isDirect()) {
      throw new IllegalArgumentException("the buffer is not direct");
    }
    try {
      while (true) {
        long count = libc().read(file.value(), data, data.remaining());
        if (count >= 0) {
          data.position(data.position() + (int) count);
          return (int) count;
        }
        int errno = Native.errno();
        if (errno != Errno.EINTR) {
          throw new NativeException("read", errno, file.toString());
        }
      }
    } finally {
      Reference.reachabilityFence(data);
    }
  }

  /**
   * Copies all of a file that was just opened into one that was just made; on a file system that
   * can, by sharing the blocks (FICLONE), otherwise in the kernel, otherwise by reading.
   */
  public static void copy(FileDescriptor from, FileDescriptor to) {
    if (libc().ioctl(to.value(), FICLONE, (long) from.value()) == 0) {
      return;
    }
    long copied = 0;
    while (true) {
      long count = libc().copy_file_range(from.value(), null, to.value(), null, COPY_STEP, 0);
      if (count == 0 && copied > 0) {
        return;
      }
      int errno = count < 0 ? Native.errno() : 0;
      if (errno == Errno.ENOSPC || errno == Errno.EDQUOT || errno == Errno.EIO) {
        throw new NativeException("copy", errno, to.toString());
      }
      if (count <= 0 && errno != Errno.EINTR) {
        break; // Not between these file systems; or empty, or a kernel that says so.
      }
      copied += Math.max(0, count);
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BUFFER);
    while (read(from, buffer) > 0) {
      write(to, buffer.flip());
      buffer.clear();
    }
  }

  /** Moves the offset of an open file; beyond the end this leaves a hole. */
  public static void seek(FileDescriptor file, long offset) {
    check(libc().lseek(file.value(), offset, 0), "seek", file);
  }

  public static void truncate(FileDescriptor file, long length) {
    check(libc().ftruncate(file.value(), length), "truncate", file);
  }

  /** Makes everything that was written to the file system of {@code file} durable. */
  public static void syncFileSystem(FileDescriptor file) {
    check(libc().syncfs(file.value()), "syncfs", file);
  }

  public static void sync(FileDescriptor file) {
    check(libc().fsync(file.value()), "fsync", file);
  }

  /**
   * Takes or tries the advisory lock of an open file ({@code flock(2)}), which the kernel drops
   * when the last descriptor of that opening is closed, however the process ends. Never blocks.
   *
   * @return whether the lock is held now
   */
  public static boolean tryLock(FileDescriptor file, boolean exclusive) {
    int nonBlocking = 4;
    int operation = (exclusive ? 2 : 1) | nonBlocking;
    while (libc().flock(file.value(), operation) != 0) {
      int errno = Native.errno();
      if (errno == Errno.EAGAIN) {
        return false;
      }
      if (errno != Errno.EINTR) {
        throw new NativeException("flock", errno, file.toString());
      }
    }
    return true;
  }
}
