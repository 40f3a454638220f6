package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file of the kernel, closed exactly once. Whoever opened it closes it; a call that races
 * with the close fails with FAILED_PRECONDITION or, if it read the number just before, with EBADF,
 * so an owner does not close what another thread still uses.
 */
public final class FileDescriptor implements AutoCloseable {
  private static final int CLOSED = -1;

  private final AtomicInteger fd;
  private final String what;

  FileDescriptor(int fd, Object what) {
    this.fd = new AtomicInteger(fd);
    this.what = String.valueOf(what);
  }

  int value() {
    int value = fd.get();
    if (value == CLOSED) {
      throw new RuncibleException(ErrorKind.FAILED_PRECONDITION, "'" + what + "' is closed");
    }
    return value;
  }

  /** A path that names this open file for calls that take one, in this process only. */
  public String procPath() {
    return "/proc/self/fd/" + value();
  }

  /** Idempotent. */
  @Override
  public void close() {
    int value = fd.getAndSet(CLOSED);
    if (value != CLOSED) {
      Native.libc().close(value);
    }
  }

  @Override
  public String toString() {
    return what;
  }
}
