package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.ProcessSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * A process in a container: its first one, or one that {@link Container#exec} started. Owned by the
 * container; closing it earlier releases its streams and files and, for an exec, ends it.
 */
public final class ContainerProcess implements AutoCloseable {
  private final String what;
  private final ProcessStreams streams;
  private final CompletableFuture<ExitStatus> exit;
  private final Runnable release;
  private final SignalSender signals;
  private volatile boolean outOfMemory;
  private boolean closed;

  /** Reaches the process. */
  interface SignalSender {
    /** Sends a signal. Returns false if it is gone. */
    boolean send(int signal);

    /** Changes the size of a terminal that the runtime takes for its own. */
    void resize(ContainerInput input, ProcessSpec.ConsoleSize size);
  }

  ContainerProcess(
      String what,
      ProcessStreams streams,
      CompletableFuture<ExitStatus> exit,
      SignalSender signals,
      Runnable release) {
    this.what = what;
    this.streams = streams;
    this.exit = exit;
    this.signals = signals;
    this.release = release;
  }

  /** It was seen while the process ran that memory ran out. */
  void seenOutOfMemory() {
    outOfMemory = true;
  }

  /** With what was seen while it ran: its runtime may have removed the kernel's count. */
  ExitStatus withWhatWasSeen(ExitStatus status) {
    return status.withOutOfMemory(status.outOfMemory() || outOfMemory);
  }

  /**
   * The input of the process; closing the stream ends it.
   *
   * <p>With a terminal, it sends the character that means the end of input.
   *
   * @throws RuncibleException FAILED_PRECONDITION unless it was started with {@link Stdio#PIPED},
   *     {@link Stdio#DIRECT}, {@link Stdio#INTERACTIVE} or a terminal
   */
  public OutputStream stdin() {
    return streams.stdin();
  }

  /**
   * What the process writes to its standard output, from its start; ends when the process does.
   * With {@link Stdio#PIPED} and {@link Stdio#DIRECT} always the same stream, otherwise a new one
   * at each call.
   *
   * <p>A read waits for output; {@link InputStream#available} tells without waiting whether there
   * is some, so that one thread can follow any number of processes. With a pipe or a terminal the
   * process waits while nobody reads and that is full.
   *
   * @throws RuncibleException FAILED_PRECONDITION for a container with {@link LogPolicy#NONE}
   */
  public InputStream stdout() {
    return streams.stdout(this::hasEnded);
  }

  /** The standard error output, as {@link #stdout()}. */
  public InputStream stderr() {
    return streams.stderr(this::hasEnded);
  }

  /**
   * Changes the size of its terminal. A process of crun 1.8 keeps the size that it began with.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it has none, or was closed
   */
  public void resize(int rows, int columns) {
    ProcessSpec.ConsoleSize size = new ProcessSpec.ConsoleSize(rows, columns);
    ContainerInput input = streams.input();
    if (input == null) {
      streams.resize(size.rows(), size.columns());
    } else {
      signals.resize(input, size);
    }
  }

  Attachment attach() {
    return new Attachment(this, streams.fromNow());
  }

  /** The same, as if it had been there before the process. */
  Attachment attachFromStart() {
    return new Attachment(this, streams.fromStart());
  }

  /** Whether it still runs. */
  public boolean isAlive() {
    return !hasEnded();
  }

  private boolean hasEnded() {
    return exit.isDone();
  }

  /**
   * Waits for the end.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted, and the flag stays set;
   *     NOT_FOUND if it has ended and nobody knows how, as {@link Stdio#DIRECT} has it
   */
  public ExitStatus waitFor() {
    return waitFor(Duration.ofNanos(Long.MAX_VALUE)).orElseThrow();
  }

  /** Waits for the end, at most so long; empty if the time ran out. */
  public Optional<ExitStatus> waitFor(Duration limit) {
    try {
      return Optional.of(exit.get(nanos(limit), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while waiting for " + what, e);
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      ErrorKind kind = cause instanceof RuncibleException ours ? ours.kind() : ErrorKind.INTERNAL;
      throw new RuncibleException(
          kind, "how " + what + " ended is not known: " + cause.getMessage(), cause);
    }
  }

  /** All the time there is, for a limit that is longer. */
  static long nanos(Duration limit) {
    try {
      return limit.toNanos();
    } catch (ArithmeticException e) {
      return limit.isNegative() ? 0 : Long.MAX_VALUE;
    }
  }

  /** Completes with the status, on a thread of the engine that must not be held up. */
  public CompletionStage<ExitStatus> onExit() {
    return exit.minimalCompletionStage();
  }

  /**
   * Sends a signal.
   *
   * @param signal a name such as {@code SIGTERM}, or a number
   * @return false if the process is gone
   * @throws RuncibleException INVALID_INPUT for an unknown signal
   */
  public boolean kill(String signal) {
    return sendSignal(Signals.parse(signal));
  }

  boolean sendSignal(int signal) {
    return !hasEnded() && signals.send(signal);
  }

  LineSearch search(boolean error, Pattern pattern) {
    return streams.search(error, pattern);
  }

  CompletableFuture<ExitStatus> exit() {
    return exit;
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      streams.close();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot close the streams of " + what, e);
    } finally {
      release.run();
    }
  }
}
