package io.runcible.samples.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Makes a container for {@code start}; it stays until it is removed. */
@Command(
    name = "create",
    description = "Make a container without starting it, and print its id; see start.")
final class CreateCommand implements Callable<Integer> {
  @Mixin private RunCommand container = new RunCommand();

  @Override
  public Integer call() {
    return container.create();
  }
}
