package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Limits;
import io.runcible.engine.RestartPolicy;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes limits and the restart policy. */
@Command(
    name = "update",
    description = "Change the limits and the restart policy of containers.",
    mixinStandardHelpOptions = true)
final class UpdateCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-m", "--memory"},
      description = "A limit, such as 64m.")
  private @Nullable String memory;

  @Option(names = "--cpus", description = "A limit, such as 0.5.")
  private @Nullable Double cpus;

  @Option(names = "--pids-limit", description = "A limit of processes.")
  private @Nullable Long pids;

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description = "no, always, unless-stopped or on-failure[:MAX].")
  private @Nullable String restart;

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    Limits limits = Limits.unchanged();
    if (memory != null) {
      limits = limits.withMemory(memory);
    }
    if (cpus != null) {
      limits = limits.withCpus(cpus);
    }
    if (pids != null) {
      limits = limits.withPids(pids);
    }
    RestartPolicy policy = restart == null ? null : RestartPolicy.parse(restart);
    try (ContainerEngine engine = options.open()) {
      for (String id : ids) {
        Container container = Containers.require(engine, id);
        // An ordinary user's container may have no limits to change.
        if (policy == null || !limits.equals(Limits.unchanged())) {
          container.update(limits);
        }
        if (policy != null) {
          container.update(policy);
        }
        System.out.println(id);
      }
    }
    return 0;
  }
}
