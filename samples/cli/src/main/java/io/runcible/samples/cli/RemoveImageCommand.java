package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Forgets the names of images; their content goes with prune. */
@Command(name = "rmi", description = "Forget images; see prune.")
final class RemoveImageCommand extends EngineCommand {
  @Option(
      names = {"-f", "--force"},
      description = "Accepted: containers are not disturbed anyway.")
  @SuppressWarnings("UnusedVariable")
  private boolean force;

  @Parameters(paramLabel = "IMAGE", arity = "1..*")
  private List<String> images = List.of();

  @Override
  int run(ContainerEngine engine) {
    int missing = 0;
    for (String image : images) {
      if (!engine.images().remove(image)) {
        System.err.println("runcible: there is no image '" + image + "'");
        missing++;
      }
    }
    return missing == 0 ? 0 : Cli.FAILED;
  }
}
