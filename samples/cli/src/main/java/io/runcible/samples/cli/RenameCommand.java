package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Gives a container another name. */
@Command(
    name = "rename",
    description = "Give a container another name; its id stays.",
    mixinStandardHelpOptions = true)
final class RenameCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1", paramLabel = "NAME")
  private String name = "";

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      Containers.require(engine, id).rename(name);
    }
    return 0;
  }
}
