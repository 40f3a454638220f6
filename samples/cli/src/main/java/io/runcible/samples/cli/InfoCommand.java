package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Prints what this host offers. */
@Command(
    name = "info",
    description = "Tell what this host offers and what is missing.",
    mixinStandardHelpOptions = true)
final class InfoCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    System.out.println(ContainerEngine.capabilities());
    return 0;
  }
}
