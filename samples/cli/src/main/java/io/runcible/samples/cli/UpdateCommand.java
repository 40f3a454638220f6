package io.runcible.samples.cli;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Limits;
import io.runcible.engine.RestartPolicy;
import io.runcible.runtime.Resources;
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
  @Mixin private ResourceOptions changes = new ResourceOptions();

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description = "no, always, unless-stopped or on-failure[:MAX].")
  private @Nullable String restart;

  @Parameters(paramLabel = "CONTAINER", arity = "1..*")
  private List<String> ids = List.of();

  @Override
  public Integer call() {
    Limits limits = changes.limits();
    Resources resources = changes.resources();
    RestartPolicy policy = restart == null ? null : RestartPolicy.parse(restart);
    // An ordinary user's container may have no limits to change.
    boolean limited = changes.hasOthers() || !limits.equals(Limits.unchanged());
    try (ContainerEngine engine = options.open()) {
      return Containers.each(
          engine,
          false,
          ids,
          container -> {
            if (policy == null) {
              container.update(limits, resources);
            } else if (limited) {
              update(container, policy, limits, resources);
            } else {
              container.update(policy);
            }
          });
    }
  }

  private static void update(
      Container container, RestartPolicy policy, Limits limits, Resources resources) {
    RestartPolicy before = container.inspect().restartPolicy();
    allOrNothing(
        () -> container.update(policy),
        () -> container.update(limits, resources),
        () -> container.update(before));
  }

  /** The failure that matters is the one for which the first is taken back. */
  static void allOrNothing(Runnable first, Runnable second, Runnable takeBack) {
    first.run();
    try {
      second.run();
    } catch (RuncibleException e) {
      try {
        takeBack.run();
      } catch (RuncibleException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }
}
