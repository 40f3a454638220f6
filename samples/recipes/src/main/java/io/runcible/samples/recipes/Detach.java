package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;

/** Leaves a container running, and finds it again. */
final class Detach {
  private Detach() {}

  static void start(String image, String name, String... command) {
    ContainerSpec spec =
        ContainerSpec.builder(image).name(name).command(command).detached().build();
    try (ContainerEngine engine = ContainerEngine.create()) {
      Container container = engine.run(spec);
      System.out.println(container.id() + " goes on when this engine is closed");
    }
  }

  static ExitStatus finish(String name) {
    try (ContainerEngine engine = ContainerEngine.create();
        Container container = engine.find(name).orElseThrow()) {
      ExitStatus status = container.waitFor();
      System.out.println(container.logs().text());
      return status;
    }
  }
}
