package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What is there for images only below this word. */
@Command(
    name = "image",
    description = {
      "Commands for images: `image pull` is `pull`, and so on with push, tag, untag, load, save",
      "and inspect; ls is `images`, rm `rmi`, and prune `prune`. Besides:"
    },
    mixinStandardHelpOptions = true,
    subcommands = ImageCommand.Exists.class)
final class ImageCommand {
  /** Tells whether there is one. */
  @Command(
      name = "exists",
      description = "End with 0 if there is such an image, and with 1 if not.",
      mixinStandardHelpOptions = true)
  static final class Exists implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Parameters(paramLabel = "IMAGE")
    private String name = "";

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        return engine.images().find(name).isPresent() ? 0 : 1;
      }
    }
  }
}
