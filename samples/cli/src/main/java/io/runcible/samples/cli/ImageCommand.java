package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.image.Image;
import java.util.Optional;
import picocli.CommandLine.Command;

/** What is there for images only below this word. */
@Command(
    name = "image",
    description = {
      "Commands for images: `image pull` is `pull`, and so on with push, tag, untag, load, save,",
      "import, history and inspect; ls is `images`, rm `rmi`, and prune `prune`. Besides:"
    },
    mixinStandardHelpOptions = true,
    subcommands = ImageCommand.Exists.class)
final class ImageCommand implements Noun {
  @Override
  public Optional<Image> find(ContainerEngine engine, String name) {
    return engine.images().find(name);
  }

  /** Tells whether there is one. */
  @Command(
      name = "exists",
      description = "End with 0 if there is such an image, and with 1 if not.")
  static final class Exists extends Noun.Exists {}
}
