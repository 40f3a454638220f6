package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists what a container changed. */
@Command(
    name = "diff",
    description = "List what a container added (A), changed (C) and deleted (D).")
final class DiffCommand extends EngineCommand {
  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  int run(ContainerEngine engine) {
    Containers.require(engine, id)
        .files()
        .diff()
        .forEach(change -> System.out.println(Cli.printable(change)));
    return 0;
  }
}
