package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.PruneRules;
import io.runcible.engine.Pruned;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Removes what no image and no container uses. */
@Command(
    name = "prune",
    description = "Remove the content that no image and no container uses.",
    mixinStandardHelpOptions = true)
final class PruneCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-a", "--all"},
      description = "Also the images that no container uses.")
  private boolean all;

  @Option(
      names = "--filter",
      paramLabel = "KEY=VALUE",
      description = "With --all, of these images: label=KEY[=VALUE], until=DURATION.")
  private List<String> filters = List.of();

  @SuppressWarnings("UnusedVariable")
  @Mixin
  private Force force = new Force();

  @Override
  public Integer call() {
    PruneRules rules = rules();
    try (ContainerEngine engine = options.open()) {
      Pruned pruned = engine.images().prune(rules);
      pruned.names().forEach(System.out::println);
      System.out.println(summary(pruned));
    }
    return 0;
  }

  static String summary(Pruned pruned) {
    return pruned.blobs() + pruned.layers() + " blobs and layers removed";
  }

  private PruneRules rules() {
    if (!all) {
      if (!filters.isEmpty()) {
        throw Filters.invalid("--filter is for --all");
      }
      return PruneRules.NO_NAMES;
    }
    PruneRules rules = PruneRules.unused();
    for (Map.Entry<String, String> filter : Filters.split(filters)) {
      rules =
          switch (filter.getKey()) {
            case "label" -> Filters.label(filter.getValue(), rules::label, rules::label);
            case "until" -> rules.olderThan(Durations.parse(filter.getValue()));
            default -> throw Filters.unknown(filter.getKey(), "label, until");
          };
    }
    return rules;
  }
}
