package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Attachment;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/** Connects a process with the streams and the signals of this program. */
final class Streams {
  private static final List<String> FORWARDED = List.of("INT", "TERM", "HUP");

  private final ContainerProcess process;
  private final AtomicBoolean asked = new AtomicBoolean();

  private Streams(ContainerProcess process) {
    this.process = process;
  }

  /** Waits for the end of the process and of its output; the exit code as a shell has it. */
  static int attach(ContainerProcess process, boolean interactive, boolean signals) {
    return attach(process, interactive, signals, true, true);
  }

  /** The same; an output that is not printed is thrown away. */
  static int attach(
      ContainerProcess process, boolean interactive, boolean signals, boolean out, boolean err) {
    Streams streams = new Streams(process);
    if (signals) {
      streams.forwardSignals();
    }
    if (interactive) {
      // Blocks in a read that nothing can interrupt: it ends with this program.
      pump(System.in, process.stdin());
    } else {
      close(process.stdin());
    }
    return streams.run(
        process.stdout(),
        out ? System.out : OutputStream.nullOutputStream(),
        process.stderr(),
        err ? System.err : OutputStream.nullOutputStream());
  }

  /** The same for a process with a terminal, which this program's terminal stands for meanwhile. */
  static int attachTerminal(ContainerProcess process, boolean interactive, boolean signals) {
    try (UserTerminal terminal = UserTerminal.open()) {
      terminal.follow(process::resize);
      return attach(process, interactive, signals);
    }
  }

  /**
   * Until the process ends, or the keys to detach are typed: then 0.
   *
   * @param input whether to pass it on, if the container has one
   */
  static int attach(
      Container container, Attachment attachment, boolean input, boolean signals, DetachKeys keys) {
    // The end of this program's input is not that of the container's, which others may use.
    Ends ends =
        new Ends(
            input && attachment.hasInput() ? attachment.stdin() : null,
            false,
            attachment.stdout(),
            attachment.stderr());
    return attach(container.process(), ends, attachment.hasTerminal(), signals, keys);
  }

  /** The same of one that was started for it: from its start, and with the end of the input. */
  static int follow(Container container, boolean input, boolean signals, DetachKeys keys) {
    ContainerProcess process = container.process();
    Ends ends =
        new Ends(input ? inputOf(process::stdin) : null, true, process.stdout(), process.stderr());
    return attach(process, ends, container.inspect().setup().terminal(), signals, keys);
  }

  static int follow(
      Container container, Attachment attachment, boolean input, boolean signals, DetachKeys keys) {
    Ends ends =
        new Ends(
            input ? inputOf(attachment::stdin) : null,
            true,
            attachment.stdout(),
            attachment.stderr());
    return attach(container.process(), ends, attachment.hasTerminal(), signals, keys);
  }

  /** None if the container was made without, or has ended by now. */
  private static @Nullable OutputStream inputOf(Supplier<OutputStream> stdin) {
    try {
      return stdin.get();
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
      return null;
    }
  }

  /**
   * What is connected.
   *
   * @param stdin null if no input is passed on
   * @param ended whether its end is passed on
   */
  private record Ends(
      @Nullable OutputStream stdin, boolean ended, InputStream stdout, InputStream stderr) {}

  private static int attach(
      ContainerProcess process, Ends ends, boolean tty, boolean signals, DetachKeys keys) {
    if (!tty || !UserTerminal.isThere()) {
      return attached(process, ends, signals, keys);
    }
    try (UserTerminal terminal =
        ends.stdin() == null ? UserTerminal.asItIs() : UserTerminal.open()) {
      int[] size = UserTerminal.size();
      resize(process, size[0], size[1]);
      terminal.follow((rows, columns) -> resize(process, rows, columns));
      return attached(process, ends, signals, keys);
    }
  }

  /** One that has ended has no size. */
  private static void resize(ContainerProcess process, int rows, int columns) {
    try {
      process.resize(rows, columns);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
    }
  }

  private static int attached(
      ContainerProcess process, Ends ends, boolean signals, DetachKeys keys) {
    Streams streams = new Streams(process);
    if (signals) {
      streams.forwardSignals();
    }
    CompletableFuture<Integer> outcome = new CompletableFuture<>();
    OutputStream stdin = ends.stdin();
    if (stdin != null) {
      start(() -> passInput(stdin, ends.ended(), keys, outcome));
    }
    start(() -> streams.run(ends, outcome));
    try {
      return outcome.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuncibleException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** Also what it fails with, such as that nobody knows how the container ended. */
  private void run(Ends ends, CompletableFuture<Integer> outcome) {
    try {
      outcome.complete(run(ends.stdout(), System.out, ends.stderr(), System.err));
    } catch (RuntimeException | Error e) {
      outcome.completeExceptionally(e);
    }
  }

  private static void passInput(
      OutputStream stdin, boolean ended, DetachKeys keys, CompletableFuture<Integer> outcome) {
    try {
      byte[] buffer = new byte[16 * 1024];
      for (int n = System.in.read(buffer); n >= 0; n = System.in.read(buffer)) {
        stdin.write(keys.pass(buffer, n));
        if (keys.isTyped()) {
          outcome.complete(0);
          return;
        }
      }
      if (ended) {
        stdin.close();
      }
    } catch (IOException e) {
      // The process has ended, or does not read any more.
    }
  }

  private void forwardSignals() {
    for (String signal : FORWARDED) {
      // The first process of a container ignores what it has no handler for: the second one kills.
      Signals.register(signal, () -> process.kill(asked.getAndSet(true) ? "KILL" : signal));
    }
  }

  private int run(InputStream stdout, OutputStream toOut, InputStream stderr, OutputStream toErr) {
    Thread out = pump(stdout, toOut);
    Thread err = pump(stderr, toErr);
    ExitStatus status = process.waitFor();
    join(out);
    join(err);
    return status.code();
  }

  /**
   * Prints both as they come, to their ends.
   *
   * @param skippedOut how much of it is left out
   * @param skippedErr the same
   */
  static void print(InputStream stdout, long skippedOut, InputStream stderr, long skippedErr) {
    Thread out = pump(stdout, skippedOut, System.out);
    Thread err = pump(stderr, skippedErr, System.err);
    join(out);
    join(err);
  }

  private static Thread pump(InputStream from, OutputStream to) {
    return pump(from, 0, to);
  }

  private static Thread pump(InputStream from, long skipped, OutputStream to) {
    return start(
        () -> {
          try {
            from.skipNBytes(skipped);
            byte[] buffer = new byte[16 * 1024];
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
              to.write(buffer, 0, n);
              to.flush();
            }
          } catch (IOException e) {
            // Whoever read or wrote at the other end is gone.
          } finally {
            if (to != System.out && to != System.err) {
              close(to);
            }
          }
        });
  }

  private static Thread start(Runnable task) {
    Thread thread = new Thread(task, "streams");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void close(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
