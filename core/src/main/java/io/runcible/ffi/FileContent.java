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
  private static final int BLOCK = 512;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

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
   * can, by sharing the blocks (FICLONE), otherwise in the kernel, otherwise by reading. Holes stay
   * holes: a small file can have a hole of the size of the disk.
   */
  public static void copy(FileDescriptor from, FileDescriptor to) {
    if (libc().ioctl(to.value(), FICLONE, (long) from.value()) == 0) {
      return;
    }
    Stat stat = FileCalls.stat(from);
    if (stat.blocks() * BLOCK < stat.size()) {
      copyData(from, to, stat.size());
    } else {
      copy(from, to, Long.MAX_VALUE);
    }
  }

  private static void copyData(FileDescriptor from, FileDescriptor to, long size) {
    long end = 0;
    while (end < size) {
      long start = find(from, end, SEEK_DATA, size);
      if (start == size) {
        break; // Only a hole is left.
      }
      end = find(from, start, SEEK_HOLE, size);
      seek(from, start);
      seek(to, start);
      copy(from, to, end - start);
    }
    truncate(to, size);
  }

  private static long find(FileDescriptor file, long from, int what, long size) {
    long at = libc().lseek(file.value(), from, what);
    if (at < 0) {
      int errno = Native.errno();
      if (errno == Errno.EINVAL) {
        return what == SEEK_DATA ? from : size; // A file system that does not know.
      }
      if (errno != Errno.ENXIO) {
        throw new NativeException("seek", errno, file.toString());
      }
    }
    return at < 0 ? size : at;
  }

  /** Copies so much, or up to the end, from where both files are. */
  private static void copy(FileDescriptor from, FileDescriptor to, long length) {
    long left = length;
    while (left > 0) {
      long count =
          libc()
              .copy_file_range(from.value(), null, to.value(), null, Math.min(COPY_STEP, left), 0);
      if (count == 0 && left < length) {
        return;
      }
      int errno = count < 0 ? Native.errno() : 0;
      if (errno == Errno.ENOSPC || errno == Errno.EDQUOT || errno == Errno.EIO) {
        throw new NativeException("copy", errno, to.toString());
      }
      if (count <= 0 && errno != Errno.EINTR) {
        break; // Not between these file systems; or the end, or a kernel that says so.
      }
      left -= Math.max(0, count);
    }
    if (left > 0) {
      copyByReading(from, to, left);
    }
  }

  private static void copyByReading(FileDescriptor from, FileDescriptor to, long length) {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(COPY_BUFFER, length));
    for (long left = length; left > 0; ) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), left));
      if (read(from, buffer) == 0) {
        return;
      }
      left -= buffer.flip().remaining();
      write(to, buffer);
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
