package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Gives an image further names. */
@Command(name = "tag", description = "Give an image further names.")
final class TagCommand extends EngineCommand {
  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(index = "1..*", paramLabel = "NAME", arity = "1..*")
  private List<String> names = List.of();

  @Override
  int run(ContainerEngine engine) {
    names.forEach(name -> engine.images().tag(image, name));
    return 0;
  }
}
