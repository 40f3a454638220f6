package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Pruned;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Removes what no image and no container uses. */
@Command(
    name = "prune",
    description = "Remove the content that no image and no container uses.",
    mixinStandardHelpOptions = true)
final class PruneCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Override
  public Integer call() {
    try (ContainerEngine engine = options.open()) {
      Pruned pruned = engine.images().prune();
      System.out.println(pruned.blobs() + pruned.layers() + " blobs and layers removed");
    }
    return 0;
  }
}
