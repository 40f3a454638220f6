package io.runcible.samples.cli;

import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.utils.Signals;

/** Connects a process with pipes to the streams and the signals of this program. */
final class Streams {
  private static final List<String> FORWARDED = List.of("INT", "TERM", "HUP");

  private final ContainerProcess process;
  private final AtomicBoolean asked = new AtomicBoolean();

  private Streams(ContainerProcess process) {
    this.process = process;
  }

  /** Waits for the end of the process and of its output; the exit code as a shell has it. */
  static int attach(ContainerProcess process, boolean interactive) {
    return new Streams(process).run(interactive);
  }

  /** The same for a process with a terminal, which this program's terminal stands for meanwhile. */
  static int attachTerminal(ContainerProcess process, boolean interactive) {
    try (UserTerminal terminal = UserTerminal.open()) {
      terminal.follow(process);
      return attach(process, interactive);
    }
  }

  private int run(boolean interactive) {
    for (String signal : FORWARDED) {
      // The first process of a container ignores what it has no handler for: the second one kills.
      Signals.register(signal, () -> process.kill(asked.getAndSet(true) ? "KILL" : signal));
    }
    Thread out = pump(process.stdout(), System.out);
    Thread err = pump(process.stderr(), System.err);
    if (interactive) {
      // Blocks in a read that nothing can interrupt: it ends with this program.
      pump(System.in, process.stdin());
    } else {
      close(process.stdin());
    }
    ExitStatus status = process.waitFor();
    join(out);
    join(err);
    return status.code();
  }

  private static Thread pump(InputStream from, OutputStream to) {
    Thread thread =
        new Thread(
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
            },
            "streams");
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
