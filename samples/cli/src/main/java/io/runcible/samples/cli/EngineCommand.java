package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A command that has an engine for all of its work. */
@Command(mixinStandardHelpOptions = true)
abstract class EngineCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Override
  public final Integer call() throws Exception {
    check();
    try (ContainerEngine engine = options.open()) {
      return run(engine);
    }
  }

  /** Says what is wrong with the command line, before there is an engine. */
  void check() {}

  /** Returns the exit code. */
  abstract int run(ContainerEngine engine) throws Exception;
}
