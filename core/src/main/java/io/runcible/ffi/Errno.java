package io.runcible.ffi;

/** Error numbers of Linux that are the same on x86-64 and arm64. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int EBADF = 9;
  public static final int ECHILD = 10;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int EXDEV = 18;
  public static final int ENODEV = 19;
  public static final int ENOTDIR = 20;
  public static final int EISDIR = 21;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int EFBIG = 27;
  public static final int ENOSPC = 28;
  public static final int EROFS = 30;
  public static final int EMLINK = 31;
  public static final int EPIPE = 32;
  public static final int ERANGE = 34;
  public static final int ENAMETOOLONG = 36;
  public static final int ENOSYS = 38;
  public static final int ENOTEMPTY = 39;
  public static final int ELOOP = 40;
  public static final int ENODATA = 61;
  public static final int EOPNOTSUPP = 95;
  public static final int EADDRNOTAVAIL = 99;
  public static final int ENETUNREACH = 101;
  public static final int EDQUOT = 122;

  private Errno() {}

  /** The name and what it means. */
  static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM (operation not permitted)";
      case ENOENT -> "ENOENT (no such file or directory)";
      case ESRCH -> "ESRCH (no such process)";
      case EINTR -> "EINTR (interrupted)";
      case EIO -> "EIO (input/output error)";
      case ENXIO -> "ENXIO (no such device)";
      case EBADF -> "EBADF (bad file descriptor)";
      case ECHILD -> "ECHILD (no child process)";
      case EAGAIN -> "EAGAIN (try again)";
      case ENOMEM -> "ENOMEM (out of memory)";
      case EACCES -> "EACCES (permission denied)";
      case EBUSY -> "EBUSY (in use)";
      case EEXIST -> "EEXIST (exists already)";
      case EXDEV -> "EXDEV (leaves the directory or the file system)";
      case ENODEV -> "ENODEV (no such device)";
      case ENOTDIR -> "ENOTDIR (not a directory)";
      case EISDIR -> "EISDIR (is a directory)";
      case EINVAL -> "EINVAL (invalid argument)";
      case ENFILE, EMFILE -> "EMFILE (too many open files)";
      case EFBIG -> "EFBIG (file too large)";
      case ENOSPC -> "ENOSPC (no space left on the device)";
      case EROFS -> "EROFS (read-only file system)";
      case EMLINK -> "EMLINK (too many links)";
      case EPIPE -> "EPIPE (nobody reads any more)";
      case ERANGE -> "ERANGE (too large for the buffer)";
      case ENAMETOOLONG -> "ENAMETOOLONG (file name too long)";
      case ENOSYS -> "ENOSYS (this kernel does not have it)";
      case ENOTEMPTY -> "ENOTEMPTY (directory not empty)";
      case ELOOP -> "ELOOP (too many symbolic links)";
      case ENODATA -> "ENODATA (no such attribute)";
      case EOPNOTSUPP -> "EOPNOTSUPP (not supported here)";
      case EADDRNOTAVAIL -> "EADDRNOTAVAIL (no such address)";
      case ENETUNREACH -> "ENETUNREACH (network unreachable)";
      case EDQUOT -> "EDQUOT (quota exceeded)";
      default -> "errno " + errno;
    };
  }
}
