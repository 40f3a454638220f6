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
import org.jline.utils.Signals;

/** Connects a process with the streams and the signals of this program. */
final class Streams {
  private static final List<String> FORWARDED = List.of("INT", "TERM", "HUP");

  private final ContainerProcess process;
  private final AtomicBoolean asked = new AtomicBoolean();

  private Streams(ContainerProcess process) {
    this.process = process;
  }

  /** Waits for the end of the process and of its output; the exit code as a shell has it. */
  static int attach(ContainerProcess process, boolean interactive) {
    Streams streams = new Streams(process);
    streams.forwardSignals();
    if (interactive) {
      // Blocks in a read that nothing can interrupt: it ends with this program.
      pump(System.in, process.stdin());
    } else {
      close(process.stdin());
    }
    return streams.run(process.stdout(), process.stderr());
  }

  /** The same for a process with a terminal, which this program's terminal stands for meanwhile. */
  static int attachTerminal(ContainerProcess process, boolean interactive) {
    try (UserTerminal terminal = UserTerminal.open()) {
      terminal.follow(process::resize);
      return attach(process, interactive);
    }
  }

  /**
   * Until the process ends, or the keys to detach are typed: then 0.
   *
   * @param input whether to pass it on, if the container has one
   */
  static int attach(
      Container container, Attachment attachment, boolean input, boolean signals, DetachKeys keys) {
    if (!attachment.hasTerminal() || !UserTerminal.isThere()) {
      return attached(container, attachment, input, signals, keys);
    }
    try (UserTerminal terminal = UserTerminal.open()) {
      int[] size = UserTerminal.size();
      attachment.resize(size[0], size[1]);
      terminal.follow(attachment::resize);
      return attached(container, attachment, input, signals, keys);
    }
  }

  private static int attached(
      Container container, Attachment attachment, boolean input, boolean signals, DetachKeys keys) {
    Streams streams = new Streams(container.process());
    if (signals) {
      streams.forwardSignals();
    }
    CompletableFuture<Integer> outcome = new CompletableFuture<>();
    if (input && attachment.hasInput()) {
      OutputStream stdin = attachment.stdin();
      start(() -> passInput(stdin, keys, outcome));
    }
    start(() -> streams.run(attachment, outcome));
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
  private void run(Attachment attachment, CompletableFuture<Integer> outcome) {
    try {
      outcome.complete(run(attachment.stdout(), attachment.stderr()));
    } catch (RuntimeException | Error e) {
      outcome.completeExceptionally(e);
    }
  }

  /** The end of this program's input is not that of the container's, which others may use. */
  private static void passInput(
      OutputStream stdin, DetachKeys keys, CompletableFuture<Integer> outcome) {
    try {
      byte[] buffer = new byte[16 * 1024];
      for (int n = System.in.read(buffer); n >= 0; n = System.in.read(buffer)) {
        stdin.write(keys.pass(buffer, n));
        if (keys.isTyped()) {
          outcome.complete(0);
          return;
        }
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

  private int run(InputStream stdout, InputStream stderr) {
    Thread out = pump(stdout, System.out);
    Thread err = pump(stderr, System.err);
    ExitStatus status = process.waitFor();
    join(out);
    join(err);
    return status.code();
  }

  private static Thread pump(InputStream from, OutputStream to) {
    return start(
        () -> {
          try {
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
