package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFiles;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies files between the host and a container; {@code -} is a tar on standard in- or output. */
@Command(
    name = "cp",
    description = "Copy files into a container, or out of it.",
    mixinStandardHelpOptions = true)
final class FileCopyCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Spec private @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "[CONTAINER:]SOURCE")
  private String source = "";

  @Parameters(index = "1", paramLabel = "[CONTAINER:]DESTINATION")
  private String destination = "";

  @Override
  public Integer call() {
    boolean out = isInContainer(source);
    if (out == isInContainer(destination)) {
      throw Cli.usage(spec, "one of the two is CONTAINER:PATH, and the other one is not");
    }
    String[] place = (out ? source : destination).split(":", 2);
    try (ContainerEngine engine = options.open()) {
      ContainerFiles files = Containers.require(engine, place[0]).files();
      if (out && destination.equals("-")) {
        files.copyFrom(place[1], System.out);
        System.out.flush();
      } else if (out) {
        files.copyFrom(place[1], Path.of(destination));
      } else if (source.equals("-")) {
        files.copyTo(System.in, place[1]);
      } else {
        files.copyTo(Path.of(source), place[1]);
      }
    }
    return 0;
  }

  /** A path of the host with a colon can be written with a slash before it. */
  private static boolean isInContainer(String text) {
    int colon = text.indexOf(':');
    int slash = text.indexOf('/');
    return colon > 0 && (slash < 0 || colon < slash);
  }
}
