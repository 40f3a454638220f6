package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists what a container changed. */
@Command(
    name = "diff",
    description = "List what a container added (A), changed (C) and deleted (D).",
    mixinStandardHelpOptions = true)
final class DiffCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      Containers.require(engine, id)
          .files()
          .diff()
          .forEach(change -> System.out.println(Cli.printable(change)));
    }
    return 0;
  }
}
