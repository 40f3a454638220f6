package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Gives an image further names. */
@Command(
    name = "tag",
    description = "Give an image further names.",
    mixinStandardHelpOptions = true)
final class TagCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(index = "1..*", paramLabel = "NAME", arity = "1..*")
  private List<String> names = List.of();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      names.forEach(name -> engine.images().tag(image, name));
    }
    return 0;
  }
}
