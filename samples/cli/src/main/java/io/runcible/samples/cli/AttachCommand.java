package io.runcible.samples.cli;

import io.runcible.engine.Attachment;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Connects this program with a container that runs. */
@Command(
    name = "attach",
    description =
        "Connect with a running container: its output from now on and, if it was run with -i or"
            + " -t, its input. The container goes on when you detach.",
    mixinStandardHelpOptions = true)
final class AttachCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private AttachOptions attaching = new AttachOptions();

  @Option(names = "--no-stdin", description = "Do not pass the input on.")
  private boolean noStdin;

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() {
    attaching.keys();
    try (ContainerEngine engine = options.open()) {
      Container container = Containers.require(engine, id);
      try (Attachment attachment = container.attach()) {
        return attaching.attach(container, attachment, !noStdin);
      }
    }
  }
}
