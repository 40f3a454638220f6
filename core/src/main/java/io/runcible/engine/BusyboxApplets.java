package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** Asks a program that says it is a busybox what it can be called as. */
final class BusyboxApplets {
  private static final int MAX_LIST = 64 << 10;

  private BusyboxApplets() {}

  /**
   * The names. Blocks.
   *
   * @param limit how long it may take to end, and what it has started may keep its output open
   * @throws IOException if it takes longer, or its output cannot be read
   */
  static Set<String> of(Path program, Duration limit) throws IOException {
    Pipe out = Pipe.open();
    try (InputStream stream = out.inputStream();
        ChildProcess child =
            Spawn.of(List.of(program.toString(), "--list"), Spawn.plainEnvironment())
                .descriptor(1, out.writer())
                .start()) {
      out.writer().close();
      FutureTask<String> list = read(stream);
      try {
        if (child.waitFor(limit).isEmpty()) {
          throw new IOException("it did not end within " + limit);
        }
        return list.get(limit.toMillis(), TimeUnit.MILLISECONDS)
            .lines()
            .collect(Collectors.toUnmodifiableSet());
      } finally {
        child.killAndWait();
        // Also of what it has started and nobody knows.
        list.cancel(true);
      }
    } catch (TimeoutException e) {
      throw new IOException("what it started keeps its output open", e);
    } catch (ExecutionException e) {
      throw new IOException("cannot read what it says", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while a helper works", e);
    } finally {
      out.close();
    }
  }

  /** Apart from this thread, which does not wait for it for ever. */
  private static FutureTask<String> read(InputStream stream) {
    FutureTask<String> task =
        new FutureTask<>(() -> new String(stream.readNBytes(MAX_LIST), StandardCharsets.US_ASCII));
    Thread thread = new Thread(task, "runcible-applets");
    thread.setDaemon(true);
    thread.start();
    return task;
  }
}
