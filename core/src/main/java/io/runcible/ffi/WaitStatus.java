package io.runcible.ffi;

/**
 * How a process ended.
 *
 * @param code its exit code, 0 if a signal ended it
 * @param signal the signal that ended it, 0 if it exited
 */
public record WaitStatus(int code, int signal) {
  /** Whether it exited with 0. */
  public boolean isSuccess() {
    return code == 0 && signal == 0;
  }

  /** Reads the status word of {@code wait(2)}. */
  public static WaitStatus ofWord(int word) {
    int signal = word & 0x7f;
    return signal == 0 ? new WaitStatus((word >> 8) & 0xff, 0) : new WaitStatus(0, signal);
  }
}
