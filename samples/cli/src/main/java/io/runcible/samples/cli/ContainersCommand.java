package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import picocli.CommandLine.Mixin;

/** A command that does the same to each container that is named, or to all. */
abstract class ContainersCommand extends EngineCommand {
  @Mixin private Containers containers = new Containers();

  @Override
  final void check() {
    containers.check();
  }

  @Override
  final int run(ContainerEngine engine) {
    return containers.each(engine, ignoresMissing(), this::apply);
  }

  /** Whether one that is not there is no failure. */
  boolean ignoresMissing() {
    return false;
  }

  abstract void apply(Container container);
}
