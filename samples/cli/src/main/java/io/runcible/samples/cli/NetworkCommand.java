package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes, lists and removes bridge networks. */
@Command(
    name = "network",
    description = "Make, list and remove bridge networks.",
    mixinStandardHelpOptions = true,
    subcommands = {
      NetworkCommand.Create.class,
      NetworkCommand.ListNetworks.class,
      NetworkCommand.Remove.class,
      NetworkCommand.Prune.class
    })
final class NetworkCommand {
  /** Makes one. */
  @Command(
      name = "create",
      description = "Make a network and print its name.",
      mixinStandardHelpOptions = true)
  static final class Create implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Option(
        names = "--subnet",
        paramLabel = "PREFIX",
        description = "Such as 10.9.0.0/24 or fd00:9::/64. Default: a free one of each kind.")
    private List<String> subnets = List.of();

    @Option(names = "--internal", description = "Without a way out.")
    private boolean internal;

    @Option(names = "--label", paramLabel = "KEY=VALUE")
    private Map<String, String> labels = Map.of();

    @Option(names = "--mtu", description = "Default: that of the host's way out.")
    private @Nullable Integer mtu;

    @Parameters(index = "0", paramLabel = "NAME")
    private String name = "";

    @Override
    public Integer call() {
      NetworkSpec.Builder spec = NetworkSpec.builder(name);
      subnets.forEach(spec::subnet);
      labels.forEach(spec::label);
      if (internal) {
        spec.internal();
      }
      if (mtu != null) {
        spec.mtu(mtu);
      }
      try (ContainerEngine engine = options.open()) {
        System.out.println(engine.networks().create(spec.build()).name());
      }
      return 0;
    }
  }

  /** Lists them. */
  @Command(name = "ls", description = "List the networks.", mixinStandardHelpOptions = true)
  static final class ListNetworks implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    @Mixin private Table table = new Table();

    @Override
    public Integer call() {
      table.titles("NAME", "SUBNETS", "INTERNAL", "CONTAINERS");
      try (ContainerEngine engine = options.open()) {
        for (NetworkInfo network : engine.networks().list()) {
          table.row(
              network.name(),
              network.subnets().stream()
                  .map(subnet -> subnet.prefix().toString())
                  .collect(Collectors.joining(" ")),
              network.internal(),
              network.members().size());
        }
      }
      table.print();
      return 0;
    }
  }

  /** Removes some. */
  @Command(name = "rm", description = "Remove networks.", mixinStandardHelpOptions = true)
  static final class Remove implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        for (String name : names) {
          if (!engine.networks().remove(name)) {
            throw new RuncibleException(
                ErrorKind.NOT_FOUND, "there is no network '" + name + "'; see network ls");
          }
        }
      }
      return 0;
    }
  }

  /** Removes the unused ones. */
  @Command(
      name = "prune",
      description = "Remove the networks that no container is on, and print their names.",
      mixinStandardHelpOptions = true)
  static final class Prune implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        engine.networks().prune().forEach(System.out::println);
      }
      return 0;
    }
  }
}
