package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageReference;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Forgets the names of images; their content goes with prune. */
@Command(name = "rmi", description = "Forget images; see prune.")
final class RemoveImageCommand extends EngineCommand {
  @Spec private @Nullable CommandSpec command;

  @Option(
      names = {"-a", "--all"},
      description = "All images.")
  private boolean all;

  @Option(
      names = {"-f", "--force", "-i", "--ignore"},
      description = "One that is not there is no failure. Containers are not disturbed anyway.")
  private boolean ignore;

  @Option(names = "--no-prune", description = "Accepted: the content goes with prune.")
  @SuppressWarnings("UnusedVariable")
  private boolean noPrune;

  @Parameters(paramLabel = "IMAGE", arity = "0..*")
  private List<String> images = List.of();

  @Override
  void check() {
    if (all != images.isEmpty()) {
      throw Cli.usage(command, all ? "--all and names exclude each other" : "no IMAGE is named");
    }
  }

  @Override
  int run(ContainerEngine engine) {
    List<String> names =
        all ? engine.images().list().stream().map(ImageReference::toString).toList() : images;
    int missing = 0;
    for (String image : names) {
      if (!engine.images().remove(image) && !ignore) {
        System.err.println("runcible: there is no image '" + image + "'");
        missing++;
      }
    }
    return missing == 0 ? 0 : Cli.FAILED;
  }
}
