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

  @Option(names = "--no-stdin", description = "Do not pass the input on.")
  private boolean noStdin;

  @Option(
      names = "--detach-keys",
      paramLabel = "KEYS",
      description =
          "What detaches when typed: letters and ctrl-LETTER, with commas between them; empty for"
              + " nothing. Default: ${DEFAULT-VALUE}.")
  private String detachKeys = DetachKeys.DEFAULT;

  @Option(
      names = "--sig-proxy",
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Pass signals on to the container. Default: true.")
  private boolean signals;

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() {
    DetachKeys keys = DetachKeys.parse(detachKeys);
    try (ContainerEngine engine = options.open()) {
      Container container = Containers.require(engine, id);
      try (Attachment attachment = container.attach()) {
        return Streams.attach(container, attachment, !noStdin, signals, keys);
      }
    }
  }
}
