package io.runcible.engine;

import java.util.OptionalInt;

/**
 * How a process in a container ended.
 *
 * @param code its exit code, 0 to 255; 128 plus the signal if a signal ended it, as shells and the
 *     runtimes have it
 * @param signal the signal that ended it. From Linux 6.15 on the kernel says so; before, and for a
 *     process that ended within its first moment, a code above 128 is taken for one
 * @param outOfMemory whether the kernel killed a process of the container, not necessarily this
 *     one, while this one ran, because the memory limit was reached. crun removes the kernel's
 *     count with its container: then it is what was seen before that, or what is left by {@link
 *     Stdio#DIRECT}
 * @param timedOut whether it was killed because the time of its {@link ExecSpec} was up
 */
public record ExitStatus(int code, OptionalInt signal, boolean outOfMemory, boolean timedOut) {
  private static final int SIGNAL_BASE = 128;
  private static final int MAX_SIGNAL = 64;

  /** One that had the time it took. */
  public ExitStatus(int code, OptionalInt signal, boolean outOfMemory) {
    this(code, signal, outOfMemory, false);
  }

  /** Whether the code is 0. */
  public boolean isSuccess() {
    return code == 0;
  }

  /** What a code says by convention. */
  static ExitStatus ofCode(int code) {
    int signal = code - SIGNAL_BASE;
    boolean signalled = signal > 0 && signal <= MAX_SIGNAL;
    return new ExitStatus(code, signalled ? OptionalInt.of(signal) : OptionalInt.empty(), false);
  }

  static ExitStatus ofExit(int code) {
    return new ExitStatus(code, OptionalInt.empty(), false);
  }

  static ExitStatus ofSignal(int signal) {
    return new ExitStatus(SIGNAL_BASE + signal, OptionalInt.of(signal), false);
  }

  ExitStatus withOutOfMemory(boolean killed) {
    return new ExitStatus(code, signal, killed, timedOut);
  }

  ExitStatus withTimedOut() {
    return new ExitStatus(code, signal, outOfMemory, true);
  }
}
