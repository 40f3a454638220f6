package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/** A system call failed. */
public final class NativeException extends RuncibleException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  NativeException(String call, int errno, String what) {
    this(call, errno, what, "");
  }

  NativeException(String call, int errno, String what, String detail) {
    super(
        kindOf(errno),
        call
            + " '"
            + what
            + "': "
            + Errno.describe(errno)
            + (detail.isEmpty() ? "" : ": " + detail));
    this.errno = errno;
  }

  /** The error number. */
  public int errno() {
    return errno;
  }

  private static ErrorKind kindOf(int errno) {
    return switch (errno) {
      case Errno.ENOENT -> ErrorKind.NOT_FOUND;
      case Errno.EEXIST -> ErrorKind.ALREADY_EXISTS;
      case Errno.EACCES, Errno.EPERM, Errno.EROFS -> ErrorKind.PERMISSION_DENIED;
      case Errno.EBUSY, Errno.ENOTEMPTY, Errno.ENOTDIR, Errno.EISDIR ->
          ErrorKind.FAILED_PRECONDITION;
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.EAGAIN ->
          ErrorKind.UNAVAILABLE;
      case Errno.ENOSYS, Errno.EOPNOTSUPP -> ErrorKind.UNSUPPORTED;
      default -> ErrorKind.INTERNAL;
    };
  }
}
