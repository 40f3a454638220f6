package io.runcible.ffi;

/** The system calls of {@link Script scripts}, with their numbers. */
public enum SystemCall {
  CHDIR(80, 49),
  CLONE(56, 220),
  CLOSE(3, 57),
  CLOSE_RANGE(436, 436),
  DUP3(292, 24),
  EXECVE(59, 221),
  EXIT_GROUP(231, 94),
  FCHMOD(91, 52),
  FCNTL(72, 25),
  GETDENTS64(217, 61),
  GETPID(39, 172),
  GETRUSAGE(98, 165),
  KILL(62, 129),
  LSEEK(8, 62),
  MEMFD_CREATE(319, 279),
  MKDIRAT(258, 34),
  OPENAT(257, 56),
  PRCTL(157, 167),
  PRLIMIT64(302, 261),
  READ(0, 63),
  RECVMSG(47, 212),
  RT_SIGPROCMASK(14, 135),
  SECCOMP(317, 277),
  SETSID(112, 157),
  STATX(332, 291),
  UMASK(95, 166),
  WAIT4(61, 260),
  WRITE(1, 64);

  private final int x86;
  private final int arm;

  SystemCall(int x86, int arm) {
    this.x86 = x86;
    this.arm = arm;
  }

  /** Its number there. */
  public int number(Architecture architecture) {
    return architecture == Architecture.X86_64 ? x86 : arm;
  }
}
