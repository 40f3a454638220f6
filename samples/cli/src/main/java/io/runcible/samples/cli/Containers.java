package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Containers that other runs of this program left detached, by their names or all of them. */
final class Containers {
  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  @Option(
      names = {"-a", "--all"},
      description = "All containers.")
  private boolean all;

  @Option(
      names = {"-l", "--latest"},
      description = "The one that was made last.")
  private boolean latest;

  @Option(
      names = "--filter",
      paramLabel = "KEY=VALUE",
      description = "Those that ps --filter lists with --all; several have to fit together.")
  private List<String> filters = List.of();

  @Option(
      names = "--cidfile",
      paramLabel = "FILE",
      description = "The one whose id is in a file that `run --cidfile` has written.")
  private List<Path> idFiles = List.of();

  @Parameters(paramLabel = "CONTAINER", arity = "0..*")
  private List<String> ids = List.of();

  static Container require(ContainerEngine engine, String id) {
    return engine.find(id).orElseThrow(() -> missing(id));
  }

  private static RuncibleException missing(String id) {
    return new RuncibleException(ErrorKind.NOT_FOUND, "there is no container '" + id + "'");
  }

  /** Says what is wrong with the command line. */
  void check() {
    List<?> named = idFiles.isEmpty() ? ids : idFiles;
    if (latest && (all || !filters.isEmpty() || !named.isEmpty())) {
      throw Cli.usage(command, "--latest is for one container");
    }
    if (!filters.isEmpty() && !named.isEmpty()) {
      throw Cli.usage(command, "--filter and names exclude each other");
    }
    if (!latest && filters.isEmpty()) {
      check(command, all, named);
    }
  }

  static void check(@Nullable CommandSpec command, boolean all, List<?> named) {
    if (all == named.isEmpty()) {
      return;
    }
    throw Cli.usage(command, all ? "--all and names exclude each other" : "no CONTAINER is named");
  }

  /**
   * Does something to each of them and prints its name; goes on after a failure.
   *
   * @return the exit code
   */
  int each(ContainerEngine engine, boolean ignoreMissing, Consumer<Container> action) {
    if (latest || !filters.isEmpty()) {
      return each(engine, false, ignoreMissing, found(engine), action);
    }
    return each(engine, all, ignoreMissing, named(ignoreMissing), action);
  }

  private List<String> found(ContainerEngine engine) {
    Stream<Container> found = engine.list(Filters.containers(engine, filters)).stream();
    if (latest) {
      found = found.max(Comparator.comparing(Container::created)).stream();
    }
    return found.map(Container::name).toList();
  }

  private List<String> named(boolean ignoreMissing) {
    List<String> named = new ArrayList<>(ids);
    for (Path file : idFiles) {
      if (!ignoreMissing || Files.exists(file)) {
        named.add(Variables.text(file).strip());
      }
    }
    return named;
  }

  static int each(
      ContainerEngine engine, boolean all, List<String> ids, Consumer<Container> action) {
    return each(engine, all, false, ids, action);
  }

  private static int each(
      ContainerEngine engine,
      boolean all,
      boolean ignoreMissing,
      List<String> ids,
      Consumer<Container> action) {
    List<String> names =
        all ? engine.list().stream().map(Container::name).toList() : List.copyOf(ids);
    int code = 0;
    for (String name : names) {
      try {
        Optional<Container> found = engine.find(name);
        if (found.isPresent() || !ignoreMissing) {
          action.accept(found.orElseThrow(() -> missing(name)));
          System.out.println(name);
        }
      } catch (RuncibleException e) {
        code = Cli.report(e);
      }
    }
    return code;
  }
}
