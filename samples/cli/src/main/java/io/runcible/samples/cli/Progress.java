package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** One bar for all layers on a terminal; without one, a line for each layer that is there. */
final class Progress implements ProgressListener, AutoCloseable {
  private static final long MEGABYTE = 1_000_000;

  private final boolean terminal = isTerminal(2);
  private final Map<Digest, long[]> layers = new LinkedHashMap<>();
  private final List<ProgressEvent.LeftOut> leftOut = new ArrayList<>();
  private @Nullable ProgressBar bar;

  @Override
  public synchronized void onProgress(ProgressEvent event) {
    if (event instanceof ProgressEvent.Started started) {
      count(started.digest(), 0, started.size());
    } else if (event instanceof ProgressEvent.Advanced advanced) {
      count(advanced.digest(), advanced.bytes(), advanced.size());
    } else if (event instanceof ProgressEvent.Finished finished) {
      count(finished.digest(), finished.size(), finished.size());
      line(finished.digest(), finished.size(), "copied");
    } else if (event instanceof ProgressEvent.Skipped skipped) {
      line(skipped.digest(), skipped.size(), "already there");
    } else if (event instanceof ProgressEvent.LeftOut left) {
      leftOut.add(left);
    }
  }

  private void count(Digest digest, long done, long size) {
    layers.put(digest, new long[] {done, size});
    if (terminal) {
      bar()
          .maxHint(layers.values().stream().mapToLong(layer -> layer[1]).sum())
          .stepTo(layers.values().stream().mapToLong(layer -> layer[0]).sum());
    }
  }

  private ProgressBar bar() {
    ProgressBar present = bar;
    if (present == null) {
      present = new ProgressBarBuilder().setTaskName("layers").setUnit("MB", MEGABYTE).build();
      bar = present;
    }
    return present;
  }

  private void line(Digest digest, long size, String what) {
    if (!terminal) {
      System.err.println(shown(digest) + "  " + grouped(size) + " bytes  " + what);
    }
  }

  private static String shown(Digest digest) {
    return digest.hex().substring(0, 12);
  }

  /** With a comma before every three digits; a formatter takes a millisecond to do it. */
  private static String grouped(long number) {
    StringBuilder digits = new StringBuilder().append(number);
    for (int i = digits.length() - 3; i > 0; i -= 3) {
      digits.insert(i, ',');
    }
    return digits.toString();
  }

  /** Whether this stream, by its number, is one. */
  static boolean isTerminal(int stream) {
    try {
      Path target = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(stream)));
      return target.toString().matches("/dev/(pts/|tty|console).*");
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
    }
    for (ProgressEvent.LeftOut left : leftOut) {
      String what = Cli.printable(left.name() + ", " + left.what());
      System.err.println(shown(left.digest()) + "  left out: " + what);
    }
  }
}
