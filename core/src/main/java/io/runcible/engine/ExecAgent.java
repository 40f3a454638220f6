package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildSocket;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.WaitStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A process of this library in a container, where the runtime has put it as it puts what it
 * executes, that starts programs as its children. They have all of its confinement, since nobody
 * who has it can leave it, and the runtime's work is done once for all of them.
 *
 * <p>It ends with its input, which only this process has the other end of. What it says is not
 * believed further than that a process of the container could do the same.
 */
final class ExecAgent implements AutoCloseable {
  /** Less than what a socket takes at once. */
  private static final int LARGEST = 64 << 10;

  private static final Duration ANSWER = Duration.ofSeconds(10);

  /** Longer than a start takes; whoever waits longer has the runtime. */
  private static final Duration TURN = Duration.ofMillis(100);

  /** That of a child that nobody reaps who would tell. */
  private static final long NO_NUMBER = 0;

  private static final byte[] GO = {1};

  private final PrivilegedHost host;
  private final AgentScripts scripts;
  private final ChildSocket socket;
  private final PidFd process;
  private final String namespace;
  private final ReentrantLock turn = new ReentrantLock();
  private volatile boolean closed;

  /**
   * A child.
   *
   * @param process it, for the caller to close
   * @param number what it is called inside
   */
  record Child(PidFd process, long number) {}

  /** What was said, and by whom. */
  private record Said(int pid, long kind, long number) {}

  /**
   * An agent whose process has just been started.
   *
   * @param socket closed with this, or if this fails
   * @param process the same, by the number that the runtime told
   * @throws RuncibleException if it does not say that it is there
   */
  ExecAgent(PrivilegedHost host, AgentScripts scripts, ChildSocket socket, PidFd process) {
    this.host = host;
    this.scripts = scripts;
    this.socket = socket;
    this.process = process;
    Said said = socket.send(scripts.begin(), List.of()) ? hear() : null;
    if (said == null || said.kind() != AgentScripts.READY || said.pid() != process.pid()) {
      // Not to be killed: the number may have become another's before it was opened.
      socket.close();
      process.close();
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "the agent does not answer");
    }
    namespace = ProcessTable.namespace(process.pid());
  }

  /**
   * Starts a program. Returns when it runs.
   *
   * @param streams its descriptors 0 to 2, which stay the caller's
   * @return empty if nothing was executed, whatever the reason
   * @throws RuncibleException INTERNAL if it is not known whether anything was
   */
  Optional<Child> start(
      List<String> paths,
      List<String> words,
      List<String> environment,
      String directory,
      List<FileDescriptor> streams) {
    byte[] script = scripts.start(paths, words, environment, directory);
    if (script.length > LARGEST || !takeTurn()) {
      return Optional.empty();
    }
    try {
      if (closed) {
        return Optional.empty();
      }
      if (!socket.send(script, List.of()) || !socket.send(GO, streams)) {
        end();
        return Optional.empty();
      }
      return started();
    } finally {
      turn.unlock();
    }
  }

  private boolean takeTurn() {
    try {
      return turn.tryLock(TURN.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while starting a process", e);
    }
  }

  private Optional<Child> started() {
    PidFd child = null;
    boolean executed = true;
    for (Said said = hear(); said != null; said = hear()) {
      boolean own = said.pid() == process.pid();
      if (said.kind() == AgentScripts.CHILD && !own && child == null) {
        child = open(said.pid());
      } else if (said.kind() == AgentScripts.NOT_EXECUTED && isOf(child, said)) {
        executed = false;
      } else if (said.kind() == AgentScripts.FORKED && own) {
        return forked(child, executed, said.number());
      } else {
        break;
      }
    }
    // Whatever has not yet said that it is there will not be executed; what has, has been, or
    // ended.
    end();
    return child != null && executed ? Optional.of(new Child(child, NO_NUMBER)) : given(child);
  }

  /**
   * Only this agent reaps it. While it is there, the number is nobody else's.
   *
   * @throws RuncibleException INTERNAL if it is not known whose the number is
   */
  private PidFd open(int pid) {
    PidFd child = PidFd.open(pid).orElse(null);
    String inside = ProcessTable.namespace(pid);
    boolean elsewhere = !inside.isEmpty() && !namespace.isEmpty() && !inside.equals(namespace);
    if (child != null && !elsewhere && !process.hasEnded()) {
      return child;
    }
    if (child != null) {
      child.close();
    }
    end();
    throw new RuncibleException(
        ErrorKind.INTERNAL,
        "what starts processes in the container was ended meanwhile: this one may run");
  }

  private static boolean isOf(@Nullable PidFd child, Said said) {
    return child != null && child.pid() == said.pid();
  }

  private Optional<Child> forked(@Nullable PidFd child, boolean executed, long number) {
    if (number > 0 && child != null && executed) {
      return Optional.of(new Child(child, number));
    }
    if (number > 0) {
      reaped(scripts.reap(number, true));
    }
    return given(child);
  }

  /** Nothing, as it was not executed. */
  private static Optional<Child> given(@Nullable PidFd child) {
    if (child != null) {
      child.close();
    }
    return Optional.empty();
  }

  /**
   * How a child ended, that has.
   *
   * @return empty if nobody knows, as this has ended
   * @throws RuncibleException UNAVAILABLE if a tracer has to see it before
   */
  Optional<WaitStatus> reap(Child child) {
    turn.lock();
    try {
      return closed || child.number() == NO_NUMBER
          ? Optional.empty()
          : reaped(scripts.reap(child.number(), false));
    } finally {
      turn.unlock();
    }
  }

  private Optional<WaitStatus> reaped(byte[] script) {
    Said said = socket.send(script, List.of()) ? hear() : null;
    if (said != null && said.pid() == process.pid()) {
      if (said.kind() == AgentScripts.ENDED) {
        return Optional.of(WaitStatus.ofWord((int) said.number()));
      }
      if (said.kind() == AgentScripts.NOT_ENDED && said.number() == 0) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "the process is being traced");
      }
    }
    end();
    return Optional.empty();
  }

  /** Null if nothing is said. */
  private @Nullable Said hear() {
    ChildSocket.Answer answer = socket.receive(AgentScripts.RECORD, ANSWER).orElse(null);
    if (answer == null || answer.bytes().length != AgentScripts.RECORD) {
      return null;
    }
    ByteBuffer record = ByteBuffer.wrap(answer.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    return new Said(answer.pid(), record.getLong(), record.getLong());
  }

  boolean isOpen() {
    return !closed && !process.hasEnded();
  }

  int pid() {
    return process.pid();
  }

  /** Ends it, if it does not end by itself as its input does. */
  private void end() {
    closed = true;
    socket.close();
    host.signal(process, Signals.KILL);
  }

  /** Ends it; its children go on, and nobody hears any more how they end. Idempotent. */
  @Override
  public void close() {
    turn.lock();
    try {
      if (!closed) {
        end();
      }
      process.close();
    } finally {
      turn.unlock();
    }
  }
}
