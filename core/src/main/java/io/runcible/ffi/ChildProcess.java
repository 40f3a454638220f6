package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A child of this process that {@link Spawn} started. Whoever started it waits for it; {@link
 * #close()} only lets go of it.
 */
public final class ChildProcess implements AutoCloseable {
  private static final int SIGKILL = 9;
  private static final int P_PID = 1;
  private static final int P_PIDFD = 3;
  private static final int WNOHANG = 1;
  private static final int WEXITED = 4;
  private static final int CLD_EXITED = 1;

  private final PidFd pidFd;
  private final String program;
  private @Nullable WaitStatus status;

  ChildProcess(int pid, String program) {
    this.program = program;
    this.pidFd = open(pid);
  }

  private static PidFd open(int pid) {
    try {
      return PidFd.open(pid)
          .orElseThrow(
              () ->
                  new RuncibleException(
                      ErrorKind.INTERNAL, "child " + pid + " was reaped by somebody else"));
    } catch (NativeException e) {
      // Nobody could follow it. The number is its own as long as nobody has waited for it.
      libc().kill(pid, SIGKILL);
      Pointer info = Native.allocate(128);
      libc().waitid(P_PID, pid, info, WEXITED);
      Reference.reachabilityFence(info);
      throw e;
    }
  }

  /** Its number. */
  public int pid() {
    return pidFd.pid();
  }

  /** The descriptor that names it, open until {@link #close()}. */
  public PidFd pidFd() {
    return pidFd;
  }

  /** Reaps the child if it has ended. Does not block. */
  public Optional<WaitStatus> poll() {
    return reap(WNOHANG);
  }

  /** Reaps the child, when it has ended and no tracer keeps that back. Blocks. */
  public WaitStatus reap() {
    return reap(0).orElseThrow();
  }

  private synchronized Optional<WaitStatus> reap(int options) {
    if (status != null) {
      return Optional.of(status);
    }
    Pointer info = Native.allocate(128);
    try {
      while (libc().waitid(P_PIDFD, pidFd.descriptor().value(), info, WEXITED | options) != 0) {
        int errno = Native.errno();
        if (errno != Errno.EINTR) {
          throw new NativeException("wait for", errno, program);
        }
      }
      if (info.getInt(16) == 0) {
        return Optional.empty();
      }
      int value = info.getInt(24);
      status = info.getInt(8) == CLD_EXITED ? new WaitStatus(value, 0) : new WaitStatus(0, value);
      return Optional.of(status);
    } finally {
      Reference.reachabilityFence(info);
    }
  }

  /**
   * Waits for the end.
   *
   * @return empty if the time ran out
   * @throws RuncibleException CANCELLED if the thread is interrupted; the flag stays set
   */
  public Optional<WaitStatus> waitFor(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      Optional<WaitStatus> ended = poll();
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (ended.isPresent() || left <= 0) {
        return ended;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for '" + program + "'");
      }
      Poll.readable(pidFd.descriptor(), (int) Math.min(left, Poll.TICK_MILLIS));
    }
  }

  /**
   * What a child said, and how it ended.
   *
   * @param text as much of it as was wanted
   * @param status empty if it did not end in time, and was killed
   */
  public record Answer(String text, Optional<WaitStatus> status) {}

  /**
   * Reads all that the child says and waits for its end. However this ends, the child has ended and
   * is reaped.
   *
   * @param output the other end of its output
   * @param most bytes of it
   * @param limit from the end of its output on
   * @throws RuncibleException CANCELLED if the thread is interrupted; the flag stays set
   */
  public Answer answer(InputStream output, int most, Duration limit) throws IOException {
    Optional<WaitStatus> ended = Optional.empty();
    try {
      String text = new String(output.readNBytes(most), StandardCharsets.UTF_8);
      ended = waitFor(limit);
      return new Answer(text, ended);
    } catch (InterruptedIOException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for '" + program + "'", e);
    } finally {
      if (ended.isEmpty()) {
        killAndWait();
      }
    }
  }

  /** Ends it at once and reaps it. */
  public WaitStatus killAndWait() {
    Optional<WaitStatus> ended = poll();
    while (ended.isEmpty()) {
      pidFd.signal(SIGKILL);
      Poll.readable(pidFd.descriptor(), Poll.TICK_MILLIS);
      ended = poll();
    }
    return ended.get();
  }

  @Override
  public void close() {
    pidFd.close();
  }
}
