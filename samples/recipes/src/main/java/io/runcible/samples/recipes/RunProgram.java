package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;

/** Runs a program to its end. */
final class RunProgram {
  private RunProgram() {}

  static String greet(ContainerEngine engine, String image) {
    ContainerSpec spec =
        ContainerSpec.builder(image)
            .command("/bin/sh", "-c", "echo \"hello $NAME\"")
            .environment("NAME", "world")
            .build();
    try (Container container = engine.run(spec)) {
      ExitStatus status = container.waitFor();
      if (!status.isSuccess()) {
        throw new IllegalStateException("ended with " + status + ": " + container.logs().text());
      }
      return container.logs().text();
    }
  }
}
