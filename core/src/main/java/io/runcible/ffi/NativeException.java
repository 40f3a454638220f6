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
            + printable(what)
            + "': "
            + Errno.describe(errno)
            + (detail.isEmpty() ? "" : ": " + detail));
    this.errno = errno;
  }

  /** The error number. */
  public int errno() {
    return errno;
  }

  /** Names come from archives and containers: nothing in them may steer a terminal or a log. */
  private static String printable(String what) {
    StringBuilder shown = new StringBuilder(what.length());
    for (int i = 0; i < what.length(); i++) {
      char c = what.charAt(i);
      if (c < ' ' || (c >= 0x7f && c < 0xa0)) {
        shown.append(String.format("\\x%02x", (int) c));
      } else {
        shown.append(c);
      }
    }
    return shown.toString();
  }

  private static ErrorKind kindOf(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENODEV -> ErrorKind.NOT_FOUND;
      case Errno.EEXIST -> ErrorKind.ALREADY_EXISTS;
      case Errno.EACCES, Errno.EPERM, Errno.EROFS -> ErrorKind.PERMISSION_DENIED;
      case Errno.EBUSY, Errno.ENOTEMPTY, Errno.ENOTDIR, Errno.ELOOP, Errno.EISDIR ->
          ErrorKind.FAILED_PRECONDITION;
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.EAGAIN ->
          ErrorKind.UNAVAILABLE;
      case Errno.ENOSYS, Errno.EOPNOTSUPP -> ErrorKind.UNSUPPORTED;
      default -> ErrorKind.INTERNAL;
    };
  }
}
