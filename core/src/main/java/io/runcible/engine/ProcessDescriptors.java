package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.SocketNamespace;
import io.runcible.ffi.WaitStatus;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors of a process in a container, of the runtime that started it, and of the monitor
 * of a detached one. Its lock guards that none is used after its close, when its number may be
 * another file's.
 */
final class ProcessDescriptors implements AutoCloseable, ContainerProcess.SignalSender {
  private final EngineParts parts;
  private final String id;
  private boolean closed;
  private volatile @Nullable ChildProcess runtime;
  private volatile @Nullable PidFd monitor;
  private volatile @Nullable PidFd own;

  ProcessDescriptors(EngineParts parts, String id) {
    this.parts = parts;
    this.id = id;
  }

  void runtime(ChildProcess started) {
    runtime = started;
  }

  void monitor(@Nullable PidFd found) {
    monitor = found;
  }

  boolean hasRuntime() {
    return runtime != null;
  }

  boolean hasMonitor() {
    return monitor != null;
  }

  /** The process, ended or not; null while it is not known. */
  @Nullable PidFd own() {
    return own;
  }

  private @Nullable PidFd open() {
    return open(pidInState());
  }

  private @Nullable PidFd open(OptionalInt pid) {
    PidFd opened = pid.isPresent() ? PidFd.open(pid.getAsInt()).orElse(null) : null;
    if (opened == null) {
      return null;
    }
    boolean same = false;
    try {
      // Asked then: what is seen alive after it was opened is what the descriptor names.
      same = pidInState().equals(pid);
      return same ? opened : null;
    } finally {
      if (!same) {
        opened.close();
      }
    }
  }

  /** What the runtime has written of a process that has not ended. */
  private OptionalInt pidInState() {
    return parts.runtime().pid(id);
  }

  /** Finds a process that runs by what its runtime has written, unless it is known. */
  void find() {
    keepFound(own == null ? open() : null);
  }

  /** The same by a number that may be it. */
  void find(OptionalInt pid) {
    keepFound(own == null ? open(pid) : null);
  }

  private void keepFound(@Nullable PidFd found) {
    synchronized (this) {
      if (found != null && (closed || own != null)) {
        found.close();
      } else if (found != null) {
        own = found;
      }
    }
  }

  /**
   * Takes over the descriptor of a number that the runtime has told. Once that has reaped the
   * process, the number may be another's; then it ends itself.
   */
  synchronized void keep(PidFd opened) {
    ChildProcess waiting = runtime;
    PidFd parent = waiting != null ? waiting.pidFd() : monitor;
    if (closed || own != null || parent == null || parent.hasEnded()) {
      opened.close();
    } else {
      own = opened;
    }
  }

  /** Takes over the descriptor of a process that is known not to be reaped before it is told. */
  synchronized void take(PidFd opened) {
    if (closed) {
      opened.close();
    } else {
      own = opened;
    }
  }

  /** The monitor of a detached container may have restarted it. */
  private void renew() {
    PidFd watching = monitor;
    if (closed || watching == null || watching.hasEnded()) {
      return;
    }
    PidFd known = own;
    if (known == null || known.hasEnded()) {
      PidFd next = open();
      if (next != null) {
        own = next;
        if (known != null) {
          known.close();
        }
      }
    }
  }

  /** Returns false if it is not known. */
  synchronized boolean onEnd(Runnable action) {
    PidFd known = own;
    if (known == null || closed) {
      return false;
    }
    parts.watcher().onEnd(known, action);
    return true;
  }

  /**
   * Has the process that waits in the container become the program; returns its number.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it has ended
   */
  synchronized int letGo() {
    PidFd known = own;
    if (known == null || closed) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container '" + id + "' has ended before its start");
    }
    parts.runtime().start(id, known);
    return known.pid();
  }

  /** Returns false if it is gone already. */
  synchronized boolean kill(Runnable onEnd) {
    return send(Signals.KILL) && onEnd(onEnd);
  }

  @Override
  public synchronized boolean send(int signal) {
    renew();
    PidFd known = own;
    return known != null && !closed && parts.host().signal(known, signal);
  }

  @Override
  public synchronized void resize(ContainerInput input, ConsoleSize size) {
    renew();
    TerminalSize.change(parts.host(), input, size, closed ? null : runtime, monitor, own);
  }

  /** Whether nobody hears any more from the runtime, which has ended or is not followed. */
  synchronized boolean runtimeHasEnded() {
    ChildProcess waiting = runtime;
    return waiting != null && (closed || waiting.pidFd().hasEnded());
  }

  /** Ends a runtime that nobody follows. */
  synchronized void endRuntime() {
    ChildProcess waiting = runtime;
    if (waiting != null && !closed) {
      waiting.killAndWait();
    }
  }

  synchronized void killRuntime() {
    ChildProcess waiting = runtime;
    if (waiting != null && !closed) {
      waiting.pidFd().signal(Signals.KILL);
    }
  }

  /** Whether this kernel tells how a process has ended, as it does of the reaped runtime. */
  synchronized boolean kernelTells() {
    ChildProcess ended = runtime;
    return ended != null && !closed && ended.pidFd().exitOfReaped().isPresent();
  }

  /** How the process has ended, reaped or not. */
  synchronized Optional<WaitStatus> toldByKernel() {
    PidFd known = own;
    return known == null || closed
        ? Optional.empty()
        : known.exitOfReaped().or(known::exitOfZombie);
  }

  /** Whether the process has ended, and its monitor, which goes on, has not started another one. */
  synchronized boolean isBetweenRuns() {
    renew();
    PidFd known = own;
    PidFd watching = monitor;
    return !closed
        && watching != null
        && !watching.hasEnded()
        && (known == null || known.hasEnded());
  }

  synchronized OptionalInt pid() {
    renew();
    PidFd known = own;
    return known == null ? OptionalInt.empty() : OptionalInt.of(known.pid());
  }

  synchronized Optional<SocketNamespace> networkNamespace() {
    PidFd known = own;
    return known == null || closed ? Optional.empty() : SocketNamespace.of(known);
  }

  /** Whether the process has not ended, so that its number is nobody else's. */
  synchronized boolean isAlive() {
    PidFd known = own;
    return known != null && !closed && !known.hasEnded();
  }

  /**
   * Whether the process is known to have ended or to be about to, or nobody follows it.
   *
   * @param pid what {@link #pid} told: by now there may be another one
   */
  synchronized boolean isEnding(OptionalInt pid) {
    PidFd known = own;
    if (known == null || closed) {
      return closed;
    }
    if (pid.isPresent() && known.pid() != pid.getAsInt()) {
      return true;
    }
    try {
      Optional<SocketNamespace> inside = SocketNamespace.of(known);
      inside.ifPresent(SocketNamespace::close);
      return inside.isEmpty();
    } catch (NativeException e) {
      // It is there, and nobody may look.
      return false;
    }
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    ChildProcess waiting = runtime;
    boolean again = closed;
    closed = true;
    try {
      if (waiting != null && !again) {
        // Without the watcher nobody else does.
        waiting.poll();
      }
    } finally {
      if (waiting != null) {
        waiting.close();
      }
      for (@Nullable PidFd descriptor : new PidFd[] {monitor, own}) {
        if (descriptor != null) {
          descriptor.close();
        }
      }
    }
  }
}
