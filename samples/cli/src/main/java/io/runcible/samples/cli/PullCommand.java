package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Fetches an image, unpacks it and prints its digest. */
@Command(
    name = "pull",
    description = "Fetch an image and unpack it.",
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(paramLabel = "IMAGE")
  private String image = "";

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open();
        Progress progress = new Progress()) {
      System.out.println(engine.images().pull(image, progress).descriptor().digest());
    }
    return 0;
  }
}
