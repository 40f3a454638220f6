package io.runcible.samples.quickstart;

import io.runcible.Digest;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** One bar for all layers on a terminal; without one, a line for each layer that is there. */
final class ProgressBar implements ProgressListener, AutoCloseable {
  private static final int WIDTH = 40;
  private static final long REDRAW_NANOS = 50_000_000;

  private final boolean terminal = errorOutputIsTerminal();
  private final Map<Digest, long[]> layers = new LinkedHashMap<>();
  private long drawn;

  @Override
  public synchronized void onProgress(ProgressEvent event) {
    if (event instanceof ProgressEvent.Started started) {
      layers.put(started.digest(), new long[] {0, started.size()});
    } else if (event instanceof ProgressEvent.Advanced advanced) {
      layers.put(advanced.digest(), new long[] {advanced.bytes(), advanced.size()});
    } else if (event instanceof ProgressEvent.Finished finished) {
      layers.put(finished.digest(), new long[] {finished.size(), finished.size()});
      line(finished.digest(), finished.size(), "fetched");
    } else if (event instanceof ProgressEvent.Skipped skipped) {
      line(skipped.digest(), skipped.size(), "already here");
    }
    long now = System.nanoTime();
    if (terminal && now - drawn > REDRAW_NANOS) {
      drawn = now;
      draw();
    }
  }

  private static boolean errorOutputIsTerminal() {
    try {
      Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/2"));
      return target.toString().matches("/dev/(pts/|tty|console).*");
    } catch (IOException e) {
      return false;
    }
  }

  private void line(Digest digest, long size, String what) {
    if (!terminal) {
      System.err.printf(Locale.ROOT, "layer %.12s  %,d bytes  %s%n", digest.hex(), size, what);
    }
  }

  private void draw() {
    long done = layers.values().stream().mapToLong(layer -> layer[0]).sum();
    long all = Math.max(1, layers.values().stream().mapToLong(layer -> layer[1]).sum());
    int filled = (int) (WIDTH * done / all);
    System.err.printf(
        Locale.ROOT,
        "\r[%s%s] %.1f of %.1f MB",
        "=".repeat(filled),
        " ".repeat(WIDTH - filled),
        done / 1e6,
        all / 1e6);
  }

  /** Ends the line. */
  @Override
  public synchronized void close() {
    if (terminal && !layers.isEmpty()) {
      draw();
      System.err.println();
    }
  }
}
