package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Gives a container another name. */
@Command(name = "rename", description = "Give a container another name; its id stays.")
final class RenameCommand extends EngineCommand {
  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1", paramLabel = "NAME")
  private String name = "";

  @Override
  int run(ContainerEngine engine) {
    Containers.require(engine, id).rename(name);
    return 0;
  }
}
