package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A descriptor that names one process for good, unlike its number. Closed by its owner. */
public final class PidFd implements AutoCloseable {
  private static final long SYS_PIDFD_OPEN = 434;
  private static final long SYS_PIDFD_GETFD = 438;
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;
  private static final long PIDFD_GET_INFO = 0xC040FF0BL;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final long PIDFD_INFO_EXIT = 8;
  private static final long SYS_IOCTL = Native.ARM64 ? 29 : 16;

  private final int pid;
  private final FileDescriptor fd;

  private PidFd(int pid, FileDescriptor fd) {
    this.pid = pid;
    this.fd = fd;
  }

  /** Opens a process; empty if there is none of this number. */
  public static Optional<PidFd> open(int pid) {
    long fd = libc().syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
    if (fd < 0) {
      int errno = Native.errno();
      if (errno == Errno.ESRCH || errno == Errno.EINVAL) {
        return Optional.empty();
      }
      throw new NativeException("pidfd_open", errno, Integer.toString(pid));
    }
    return Optional.of(new PidFd(pid, new FileDescriptor((int) fd, "process " + pid)));
  }

  /** A second descriptor of the process, for the caller to close. */
  public PidFd duplicate() {
    int copy = libc().fcntl(fd.value(), F_DUPFD_CLOEXEC, 0);
    return new PidFd(pid, new FileDescriptor(Native.check(copy, "dup", fd), fd));
  }

  /** The number it was opened by. */
  public int pid() {
    return pid;
  }

  /**
   * Sends a signal.
   *
   * @return false if the process is gone
   */
  public boolean signal(int signal) {
    if (libc().syscall(SYS_PIDFD_SEND_SIGNAL, fd.value(), signal, 0, 0, 0, 0) == 0) {
      return true;
    }
    int errno = Native.errno();
    if (errno == Errno.ESRCH) {
      return false;
    }
    throw new NativeException("signal " + signal, errno, fd.toString());
  }

  /**
   * Takes a descriptor of the process as one of this process, for the caller to close.
   *
   * @param number of the descriptor there
   */
  FileDescriptor take(int number) {
    long taken = libc().syscall(SYS_PIDFD_GETFD, fd.value(), number, 0, 0, 0, 0);
    if (taken < 0) {
      throw new NativeException("pidfd_getfd", Native.errno(), fd.toString());
    }
    return new FileDescriptor((int) taken, "descriptor " + number + " of process " + pid);
  }

  /** Whether the process has ended. */
  public boolean hasEnded() {
    return Poll.readable(fd, 0);
  }

  /**
   * How a process that was reaped by its parent, whoever that is, ended; empty while it is not
   * reaped, and on kernels before 6.15.
   */
  public Optional<WaitStatus> exitOfReaped() {
    Pointer info = Native.allocate(64);
    info.putLong(0, PIDFD_INFO_EXIT);
    long result = libc().syscall(SYS_IOCTL, fd.value(), PIDFD_GET_INFO, info.address(), 0, 0, 0);
    try {
      return result == 0 && (info.getLong(0) & PIDFD_INFO_EXIT) != 0
          ? Optional.of(WaitStatus.ofWord(info.getInt(60)))
          : Optional.empty();
    } finally {
      Reference.reachabilityFence(info);
    }
  }

  /**
   * How a process ended that nobody has reaped yet; empty if it has not ended, was reaped, or may
   * not be looked at. Older kernels may tell the end of its first thread instead.
   */
  public Optional<WaitStatus> exitOfZombie() {
    Path process = Path.of("/proc", Integer.toString(pid));
    try {
      // Takes the same right as the field, which is 0 without it.
      Files.readSymbolicLink(process.resolve("ns/user"));
    } catch (IOException e) {
      return Optional.empty();
    }
    Optional<WaitStatus> exit =
        ProcessStat.of(process)
            .filter(ProcessStat::isZombie)
            .map(stat -> WaitStatus.ofWord(stat.exitWord()));
    // Its number was nobody else's then, if it still has not been reaped.
    return exit.isPresent() && signal(0) ? exit : Optional.empty();
  }

  FileDescriptor descriptor() {
    return fd;
  }

  @Override
  public void close() {
    fd.close();
  }
}
