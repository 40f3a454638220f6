package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Pty;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import org.jspecify.annotations.Nullable;

/**
 * Changes the size of the terminal of an interactive container: that of the terminal that the
 * runtime takes for its own, which does not control it, so that the runtime has to be told.
 */
final class TerminalSize {
  private static final int SIGWINCH = 28;

  private TerminalSize() {}

  /**
   * Changes it.
   *
   * @param runtime if it is our child
   * @param monitor if it is the child of that
   * @param first the first process
   */
  static void change(
      PrivilegedHost host,
      ContainerInput input,
      ConsoleSize size,
      @Nullable ChildProcess runtime,
      @Nullable PidFd monitor,
      @Nullable PidFd first) {
    try (FileDescriptor terminal = input.runtimeSide()) {
      // Looked for after it was opened: while the runtime lives, no other terminal has that name.
      if (runtime != null) {
        resize(host, terminal, size, runtime.pidFd());
        return;
      }
      try (PidFd found =
          monitor == null || first == null
              ? null
              : DetachedMonitor.runtime(monitor, first).orElse(null)) {
        resize(host, terminal, size, found);
      }
    }
  }

  private static void resize(
      PrivilegedHost host, FileDescriptor terminal, ConsoleSize size, @Nullable PidFd runtime) {
    if (runtime == null || runtime.hasEnded()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the terminal cannot be resized: the container has ended, or its monitor was killed");
    }
    Pty.resize(terminal, size.rows(), size.columns());
    host.signal(runtime, SIGWINCH);
  }
}
