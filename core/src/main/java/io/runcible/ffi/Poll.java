package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;

/** Waits for one descriptor. */
final class Poll {
  /** How long a blocked call goes on before it looks whether it was closed or interrupted. */
  static final int TICK_MILLIS = 50;

  private static final short POLLIN = 1;
  private static final short POLLOUT = 4;

  private static final ThreadLocal<Pointer> POLLFD =
      ThreadLocal.withInitial(() -> Native.allocate(8));

  private Poll() {}

  /** Whether there is something to read, or the end. */
  static boolean readable(FileDescriptor fd, int timeoutMillis) {
    return poll(fd, POLLIN, timeoutMillis);
  }

  /** Whether a write would not block, or would fail. */
  static boolean writable(FileDescriptor fd, int timeoutMillis) {
    return poll(fd, POLLOUT, timeoutMillis);
  }

  private static boolean poll(FileDescriptor fd, short events, int timeoutMillis) {
    Pointer pollfd = POLLFD.get();
    pollfd.putInt(0, fd.value());
    pollfd.putShort(4, events);
    pollfd.putShort(6, (short) 0);
    int ready = libc().poll(pollfd, 1, timeoutMillis);
    if (ready < 0) {
      int errno = Native.errno();
      if (errno != Errno.EINTR) {
        throw new NativeException("poll", errno, fd.toString());
      }
    }
    Reference.reachabilityFence(pollfd);
    return ready > 0;
  }
}
