package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.LogEntry;
import io.runcible.engine.LogQuery;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
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
            + " of others the standard output comes first, and only --follow has an effect.")
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
      if (!query().equals(query(follow)) || timestamps) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "container "
                + id
                + " was not run with --log-driver k8s-file: of its log neither times nor lines are"
                + " known",
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
    return tail == null || tail.equals("all") ? query : query.tail(Long.parseLong(tail));
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
    try (InputStream err = container.logs().stderr();
        InputStream out = follow ? container.process().stdout() : container.logs().stdout()) {
      out.transferTo(System.out);
      err.transferTo(System.err);
    }
  }
}
