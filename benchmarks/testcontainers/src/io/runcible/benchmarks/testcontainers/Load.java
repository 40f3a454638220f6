package io.runcible.benchmarks.testcontainers;

import io.runcible.layout.ImageLayout;
import java.nio.file.Path;

/** Loads the images of a layout into the store that engines have by default. */
public final class Load {
  private Load() {}

  /** The argument is the layout. */
  public static void main(String[] args) {
    try (RuncibleSide side = new RuncibleSide();
        ImageLayout layout = ImageLayout.open(Path.of(args[0]))) {
      for (String image : new String[] {Side.REDIS, Side.POSTGRES}) {
        side.engine().images().load(layout, image, event -> {});
      }
    }
  }
}
