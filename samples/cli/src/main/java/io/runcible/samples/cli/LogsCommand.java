package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.LogEntry;
import io.runcible.engine.LogQuery;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints what a container has written. */
@Command(
    name = "logs",
    description =
        "Print the output of a container. One that was run with --log-driver k8s-file has lines with times;"
            + " of others, without times, the standard output comes first, and --tail is of each"
            + " output.")
final class LogsCommand extends EngineCommand {
  @Option(
      names = {"-f", "--follow"},
      description = "Wait for more, to the end of the container.")
  private boolean follow;

  @Option(
      names = {"-t", "--timestamps"},
      description = "Print the time of each line.")
  private boolean timestamps;

  @Option(
      names = {"-n", "--tail"},
      paramLabel = "LINES",
      description = "So many lines at the end.")
  private @Nullable String tail;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From a time on: 2026-01-02T03:04:05Z, or 10m for ten minutes ago.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Up to a time.")
  private @Nullable String until;

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  int run(ContainerEngine engine) throws IOException {
    Container container = Containers.require(engine, id);
    try (Stream<LogEntry> entries = container.logs().entries(query())) {
      entries.forEach(this::print);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.UNSUPPORTED) {
        throw e;
      }
      if (since != null || until != null || timestamps) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "container " + id + " was not run with --log-driver k8s-file: its log has no times",
            e);
      }
      printBytes(container);
    }
    return 0;
  }

  private static LogQuery query(boolean follow) {
    return follow ? LogQuery.ALL.following() : LogQuery.ALL;
  }

  private LogQuery query() {
    LogQuery query = query(follow);
    if (since != null) {
      query = query.since(Durations.time(since));
    }
    if (until != null) {
      query = query.until(Durations.time(until));
    }
    return query.tail(lines());
  }

  /** As many as there are, for a negative number, too. */
  private long lines() {
    if (tail == null || tail.equals("all")) {
      return Long.MAX_VALUE;
    }
    try {
      long lines = Long.parseLong(tail);
      return lines < 0 ? Long.MAX_VALUE : lines;
    } catch (NumberFormatException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "--tail is a number of lines, or all, not '" + tail + "'", e);
    }
  }

  private void print(LogEntry entry) {
    PrintStream out = entry.error() ? System.err : System.out;
    String text = (timestamps ? entry.time() + " " : "") + entry.text();
    if (entry.complete()) {
      out.println(text);
    } else {
      out.print(text);
    }
    out.flush();
  }

  private void printBytes(Container container) throws IOException {
    long out = begin(container.logs()::stdout);
    long err = begin(container.logs()::stderr);
    try (InputStream stdout = container.logs().stdout();
        InputStream stderr = container.logs().stderr()) {
      if (follow) {
        ContainerProcess process = container.process();
        Streams.print(process.stdout(), out, process.stderr(), err);
        return;
      }
      stdout.skipNBytes(out);
      stdout.transferTo(System.out);
      stderr.skipNBytes(err);
      stderr.transferTo(System.err);
    }
  }

  /** Where the last lines of an output begin, read twice so that it need not be held. */
  private long begin(Supplier<InputStream> output) throws IOException {
    long wanted = lines();
    if (wanted == Long.MAX_VALUE) {
      return 0;
    }
    long count = 0;
    try (LineStarts all = new LineStarts(output.get())) {
      while (all.next()) {
        count++;
      }
    }
    try (LineStarts before = new LineStarts(output.get())) {
      for (long i = wanted; i < count && before.next(); i++) {
        // One that is left out.
      }
      return before.offset;
    }
  }

  /** The lines of a log; the last one may be without an end. */
  private static final class LineStarts implements AutoCloseable {
    private final InputStream log;
    private long offset;

    LineStarts(InputStream log) {
      this.log = new BufferedInputStream(log, 1 << 16);
    }

    /** Goes to the start of the next one; whether there was one to go over. */
    boolean next() throws IOException {
      long begin = offset;
      int read;
      do {
        read = log.read();
        offset += read < 0 ? 0 : 1;
      } while (read >= 0 && read != '\n');
      return offset > begin;
    }

    @Override
    public void close() throws IOException {
      log.close();
    }
  }
}
