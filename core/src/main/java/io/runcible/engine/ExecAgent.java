package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildSocket;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.WaitStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A process of this library in a container, where the runtime has put it as it puts what it
 * executes, that starts programs as its children. They have all of its confinement, since nobody
 * who has it can leave it, and the runtime's work is done once for all of them.
 *
 * <p>It ends with its input. Whoever in the container manages to take it over can say what it likes
 * to this process, which expects so much: it takes no longer than an answer may, and names no
 * process outside the container.
 */
final class ExecAgent implements AutoCloseable {
  /** Less than what a socket takes at once. */
  private static final int LARGEST = 64 << 10;

  private static final Duration ANSWER = Duration.ofSeconds(5);

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
  private final BooleanSupplier containerStands;
  private final ReentrantLock turn = new ReentrantLock();
  private boolean closed;

  /**
   * A child.
   *
   * @param process it, for the caller to close
   * @param number what it is called inside
   */
  record Child(PidFd process, long number) {}

  /** What was said, and by whom. */
  private record Said(int pid, long kind, long number) {}

  private ExecAgent(
      PrivilegedHost host,
      AgentScripts scripts,
      ChildSocket socket,
      PidFd process,
      String namespace,
      BooleanSupplier containerStands) {
    this.host = host;
    this.scripts = scripts;
    this.socket = socket;
    this.process = process;
    this.namespace = namespace;
    this.containerStands = containerStands;
  }

  /**
   * The one that has begun.
   *
   * @param socket closed with the agent; otherwise it stays the caller's
   * @param namespace that of its pids, as {@link ProcessTable#namespace} has it
   * @param containerStands whether all that is in its container is stopped, as it then is, too
   * @throws RuncibleException UNSUPPORTED if none says that it is there
   */
  static ExecAgent await(
      PrivilegedHost host,
      AgentScripts scripts,
      ChildSocket socket,
      String namespace,
      BooleanSupplier containerStands,
      Duration limit) {
    Said said = hear(socket, System.nanoTime() + limit.toNanos());
    if (said != null && said.kind() == AgentScripts.READY && !namespace.isEmpty()) {
      Optional<PidFd> process = PidFd.open(said.pid());
      if (process.isPresent()) {
        return new ExecAgent(host, scripts, socket, process.get(), namespace, containerStands);
      }
    }
    throw new RuncibleException(ErrorKind.UNSUPPORTED, "the agent does not answer");
  }

  /**
   * Starts a program. Returns when it runs, after some seconds at most.
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
      if (isClosed()) {
        return Optional.empty();
      }
      if (!socket.send(script, List.of()) || !socket.send(GO, streams)) {
        end();
        return Optional.empty();
      }
      return started();
    } catch (RuntimeException e) {
      // What it still says of this one would be taken for an answer to the next.
      end();
      throw e;
    } finally {
      leaveTurn();
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

  private void leaveTurn() {
    turn.unlock();
    if (isClosed()) {
      release();
    }
  }

  private Optional<Child> started() {
    PidFd child = null;
    boolean executed = true;
    Optional<Child> started = Optional.empty();
    long deadline = System.nanoTime() + ANSWER.toNanos();
    try {
      while (true) {
        Said said = hear(socket, deadline);
        if (said == null && !isClosed()) {
          // Nobody says anything after that, and who has not said that it is there is not executed.
          end();
        } else if (said == null) {
          break;
        } else if (said.kind() == AgentScripts.CHILD && child == null && !isOwn(said)) {
          child = open(said.pid());
        } else if (said.kind() == AgentScripts.NOT_EXECUTED && executed && isOf(child, said)) {
          executed = false;
        } else if (said.kind() == AgentScripts.FORKED && isOwn(said)) {
          started = forked(child, executed, said.number());
          return started;
        } else {
          end();
          break;
        }
      }
      started = given(child, executed, NO_NUMBER);
      return started;
    } finally {
      if (child != null && started.isEmpty()) {
        child.close();
      }
    }
  }

  private boolean isOwn(Said said) {
    return said.pid() == process.pid();
  }

  private static boolean isOf(@Nullable PidFd child, Said said) {
    return child != null && child.pid() == said.pid();
  }

  /**
   * Only this agent reaps it, so that its number is its own as long as that is there.
   *
   * @throws RuncibleException INTERNAL if it is not known whose the number is
   */
  private PidFd open(int pid) {
    PidFd child = PidFd.open(pid).orElse(null);
    boolean own = false;
    try {
      String inside = ProcessTable.namespace(pid);
      own = inside.equals(namespace) || (inside.isEmpty() && !process.hasEnded());
      if (child != null && own) {
        return child;
      }
    } finally {
      if (child != null && !own) {
        child.close();
      }
    }
    end();
    throw new RuncibleException(
        ErrorKind.INTERNAL,
        "what starts processes in the container was ended meanwhile: this one may run");
  }

  private Optional<Child> forked(@Nullable PidFd child, boolean executed, long number) {
    boolean runs = number > 0 && child != null && executed;
    if (number > 0 && !runs) {
      reaped(scripts.reap(number, true));
    }
    return given(child, runs, number);
  }

  private static Optional<Child> given(@Nullable PidFd child, boolean executed, long number) {
    return child != null && executed ? Optional.of(new Child(child, number)) : Optional.empty();
  }

  /**
   * How a child ended, that has. Blocks for some seconds at most, or while the container stands
   * still.
   *
   * @return empty if nobody knows, as this has ended
   * @throws RuncibleException UNAVAILABLE if a tracer has to see it before
   */
  Optional<WaitStatus> reap(Child child) {
    turn.lock();
    try {
      return isClosed() || child.number() == NO_NUMBER
          ? Optional.empty()
          : reaped(scripts.reap(child.number(), false));
    } finally {
      leaveTurn();
    }
  }

  private Optional<WaitStatus> reaped(byte[] script) {
    Said said;
    try {
      said = asked(script);
    } catch (RuntimeException e) {
      end();
      throw e;
    }
    if (said != null && isOwn(said)) {
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

  private @Nullable Said asked(byte[] script) {
    boolean sent = socket.send(script, List.of());
    Said said = sent ? hear(socket, System.nanoTime() + ANSWER.toNanos()) : null;
    boolean stood = said == null && sent && standsStill();
    while (said == null && stood) {
      // Once more after it has gone on.
      stood = standsStill();
      said = hear(socket, System.nanoTime() + ANSWER.toNanos());
    }
    return said;
  }

  /** Null if nothing is said, or no record. */
  private static @Nullable Said hear(ChildSocket socket, long deadline) {
    ChildSocket.Answer answer = socket.receive(AgentScripts.RECORD, deadline).orElse(null);
    return answer == null || answer.bytes().remaining() != AgentScripts.RECORD
        ? null
        : new Said(answer.pid(), answer.bytes().getLong(), answer.bytes().getLong());
  }

  int pid() {
    return process.pid();
  }

  /** Whether it can be asked for something; not for sure. */
  synchronized boolean isOpen() {
    return !closed && !process.hasEnded();
  }

  /** Whether it answers later, as its container does not go on for now. */
  boolean standsStill() {
    return isOpen() && containerStands.getAsBoolean();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Ends it, and whoever waits for its answer. */
  private synchronized void end() {
    if (!closed) {
      closed = true;
      socket.shutdown();
      host.signal(process, Signals.KILL);
    }
  }

  /** Lets go of the descriptors, unless somebody uses them, who does so then. */
  private void release() {
    if (turn.tryLock()) {
      try {
        socket.close();
        process.close();
      } finally {
        turn.unlock();
      }
    }
  }

  /**
   * Ends it; its children go on, and nobody hears any more how they end. Does not wait for who uses
   * it. Idempotent.
   */
  @Override
  public void close() {
    try {
      end();
    } finally {
      release();
    }
  }
}
