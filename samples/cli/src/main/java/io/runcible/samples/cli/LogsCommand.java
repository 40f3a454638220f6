package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints what a container wrote. */
@Command(
    name = "logs",
    description = "Print the output of a container, standard output first.",
    mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-f", "--follow"},
      description = "Follow the standard output to the end of the container.")
  private boolean follow;

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() throws IOException {
    try (ContainerEngine engine = options.open()) {
      Container container = Containers.require(engine, id);
      try (InputStream out = follow ? container.process().stdout() : container.logs().stdout();
          InputStream err = container.logs().stderr()) {
        out.transferTo(System.out);
        err.transferTo(System.err);
      }
    }
    return 0;
  }
}
