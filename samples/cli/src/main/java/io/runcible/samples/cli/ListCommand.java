package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerDetails;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.ContainerSize;
import io.runcible.engine.ContainerState;
import io.runcible.engine.NetworkEndpoint;
import io.runcible.network.PortBinding;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the containers that were left running. */
@Command(
    name = "ps",
    description = "List the detached containers that run; with --all, all of them.")
final class ListCommand extends EngineCommand {
  private static final int SHOWN = 30;

  @Mixin private Table table = new Table();

  @Option(
      names = {"-a", "--all"},
      description = "Also those that do not run.")
  private boolean all;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the ids alone.")
  private boolean quiet;

  @Option(
      names = {"-f", "--filter"},
      paramLabel = "KEY=VALUE",
      description =
          "id, name, label, status, ancestor, network, volume, health, exited, before, since or"
              + " until; several have to fit together. A status or exited implies --all.")
  private List<String> filters = List.of();

  @Option(names = "--no-trunc", description = "Print the whole command.")
  private boolean whole;

  @Option(
      names = {"-n", "--last"},
      paramLabel = "COUNT",
      description = "The last that were made, whether they run or not.")
  private @Nullable Integer last;

  @Option(
      names = {"-l", "--latest"},
      description = "The last one that was made.")
  private boolean latest;

  @Option(
      names = "--sort",
      paramLabel = "created|command|id|image|names|runningfor|status",
      description = "Sort by this. Default: those first that were made last.")
  private @Nullable Order order;

  @Option(
      names = {"-s", "--size"},
      description = "Also what each has written, and that with its image. Looks at every file.")
  private boolean size;

  /** What containers can be sorted by. */
  enum Order {
    CREATED,
    COMMAND,
    ID,
    IMAGE,
    NAMES,
    RUNNINGFOR,
    STATUS
  }

  @Override
  int run(ContainerEngine engine) {
    List<String> titles =
        new ArrayList<>(
            List.of("ID", "NAMES", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "PID"));
    if (size) {
      titles.add("SIZE");
    }
    table.titles(titles.toArray(String[]::new));
    table.further("STATE", "CREATED-AT", "LABELS", "NETWORKS");
    shown(engine.list(filter(engine))).forEach(this::add);
    if (quiet) {
      table.printFirst();
    } else {
      table.print();
    }
    return 0;
  }

  private ContainerFilter filter(ContainerEngine engine) {
    ContainerFilter filter = Filters.containers(engine, filters);
    boolean ended =
        filters.stream().anyMatch(text -> text.startsWith("status=") || text.startsWith("exited="));
    return all || ended || latest || last != null
        ? filter
        : filter.state(
            ContainerState.STARTING,
            ContainerState.RUNNING,
            ContainerState.PAUSED,
            ContainerState.RESTARTING);
  }

  /** The newest first. */
  private List<Container> shown(List<Container> found) {
    List<Container> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparing(Container::created).reversed());
    int count = latest ? 1 : last == null || last < 0 ? sorted.size() : last;
    List<Container> shown = sorted.subList(0, Math.min(count, sorted.size()));
    return order == null ? shown : sorted(shown, order);
  }

  private static List<Container> sorted(List<Container> shown, Order order) {
    return switch (order) {
      case CREATED -> sorted(shown, Container::created);
      case RUNNINGFOR -> shown;
      case ID -> sorted(shown, Container::id);
      case IMAGE -> sorted(shown, one -> one.image().toString());
      case NAMES -> sorted(shown, Container::name);
      case COMMAND -> sorted(shown, one -> String.join(" ", one.inspect().command()));
      case STATUS -> sorted(shown, Container::state);
    };
  }

  private record Keyed<T, K>(T one, K key) {}

  /** By what is asked of each once, as it may change meanwhile. */
  static <T, K extends Comparable<? super K>> List<T> sorted(List<T> all, Function<T, K> key) {
    List<Keyed<T, K>> keyed = new ArrayList<>();
    for (T one : all) {
      unlessGone(() -> keyed.add(new Keyed<>(one, key.apply(one))));
    }
    keyed.sort(Comparator.comparing(Keyed::key));
    return keyed.stream().map(Keyed::one).toList();
  }

  private void add(Container container) {
    if (quiet) {
      table.row(container.id());
    } else {
      unlessGone(() -> addAll(container));
    }
  }

  private void addAll(Container container) {
    ContainerDetails details = container.inspect();
    List<Object> cells = new ArrayList<>();
    cells.addAll(
        List.of(
            container.id(),
            container.name(),
            container.image(),
            command(details),
            container.created(),
            status(container),
            container.ports().stream().map(ListCommand::port).collect(Collectors.joining(", ")),
            container.isRunning() && container.pid().isPresent()
                ? container.pid().getAsInt()
                : ""));
    if (size) {
      cells.add(text(container.files().size()));
    }
    cells.addAll(
        List.of(
            text(details.state()),
            container.created(),
            Filters.joined(details.labels()),
            details.networks().stream()
                .map(NetworkEndpoint::network)
                .collect(Collectors.joining(","))));
    table.row(cells.toArray());
  }

  private static String text(ContainerSize size) {
    return ImagesCommand.size(size.writtenBytes())
        + " (virtual "
        + ImagesCommand.size(size.writtenBytes() + size.imageBytes())
        + ")";
  }

  private static void unlessGone(Runnable action) {
    try {
      action.run();
    } catch (RuncibleException e) {
      // Another process has removed it meanwhile.
      if (e.kind() != ErrorKind.CORRUPT_DATA && e.kind() != ErrorKind.NOT_FOUND) {
        throw e;
      }
    }
  }

  private String command(ContainerDetails details) {
    String command = String.join(" ", details.command());
    return whole || table.isJson() || command.length() <= SHOWN
        ? command
        : command.substring(0, SHOWN - 1) + "…";
  }

  static String port(PortBinding port) {
    return PortCommand.outside(port) + "->" + PortCommand.inside(port);
  }

  private static String status(Container container) {
    ContainerState state = container.state();
    return state == ContainerState.STOPPED ? end(container) : text(state);
  }

  private static String text(ContainerState state) {
    return state.toString().toLowerCase(Locale.ROOT);
  }

  private static String end(Container container) {
    try {
      return container
          .waitFor(Duration.ZERO)
          .map(end -> "exited " + end.code())
          // Started again meanwhile.
          .orElse(text(ContainerState.RUNNING));
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA && e.kind() != ErrorKind.NOT_FOUND) {
        throw e;
      }
      return "exited (unknown)";
    }
  }
}
