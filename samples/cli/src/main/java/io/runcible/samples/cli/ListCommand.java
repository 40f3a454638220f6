package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the containers that were left running. */
@Command(
    name = "ps",
    description = "List the detached containers.",
    mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Table table = new Table();

  @Override
  public Integer call() {
    table.titles("ID", "IMAGE", "CREATED", "STATUS", "PID");
    try (ContainerEngine engine = options.open()) {
      for (Container container : engine.list()) {
        table.row(
            container.id(),
            container.image(),
            container.created(),
            status(container),
            container.isRunning() && container.pid().isPresent() ? container.pid().getAsInt() : "");
      }
    }
    table.print();
    return 0;
  }

  private static String status(Container container) {
    return container.isRunning() ? "running" : "exited " + container.waitFor().code();
  }
}
