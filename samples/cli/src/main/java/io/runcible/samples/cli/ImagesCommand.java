package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the images in the store. */
@Command(name = "images", description = "List the images.")
final class ImagesCommand extends EngineCommand {
  @Mixin private Table table = new Table();

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the names alone.")
  private boolean quiet;

  @Override
  int run(ContainerEngine engine) {
    table.titles("IMAGE", "DIGEST", "LAYERS", "BYTES");
    for (ImageReference reference : engine.images().list()) {
      // Another process may remove it meanwhile.
      Optional<Image> image = engine.images().find(reference.toString());
      image.ifPresent(
          found ->
              table.row(
                  reference,
                  found.descriptor().digest(),
                  found.manifest().layers().size(),
                  found.manifest().layers().stream().mapToLong(Descriptor::size).sum()));
    }
    if (quiet) {
      table.printFirst();
    } else {
      table.print();
    }
    return 0;
  }
}
