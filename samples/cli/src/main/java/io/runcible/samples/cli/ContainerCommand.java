package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.ContainerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is there for containers only below this word. */
@Command(
    name = "container",
    description = {
      "Commands for containers: `container run` is `run`, and so on with create, exec, ls, logs,",
      "stop, rm and the others. Besides:"
    },
    mixinStandardHelpOptions = true,
    subcommands = {Noun.Exists.class, ContainerCommand.Prune.class})
final class ContainerCommand implements Noun {
  @Override
  public Optional<Container> find(ContainerEngine engine, String name) {
    return engine.find(name);
  }

  /** Removes those that have ended. */
  @Command(
      name = "prune",
      description = "Remove the containers that have ended, and print their ids.")
  static final class Prune extends EngineCommand {
    @Option(
        names = "--filter",
        paramLabel = "KEY=VALUE",
        description = "Of these: as for ps, and until=TIME for those that are older.")
    private List<String> filters = List.of();

    @SuppressWarnings("UnusedVariable")
    @Mixin
    private Force force = new Force();

    @Override
    int run(ContainerEngine engine) {
      prune(engine, filters).forEach(System.out::println);
      return 0;
    }

    static List<String> prune(ContainerEngine engine, List<String> filters) {
      ContainerFilter filter = Filters.containers(engine, filters);
      List<String> removed = new ArrayList<>();
      for (Container container : engine.list(filter.state(ContainerState.STOPPED))) {
        container.close();
        removed.add(container.id());
      }
      return removed;
    }
  }
}
