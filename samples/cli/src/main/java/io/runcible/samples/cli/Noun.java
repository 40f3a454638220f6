package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** A word for a kind of things, before the commands for them. */
interface Noun {
  /** Looks for one. */
  Optional<?> find(ContainerEngine engine, String name);

  /** Tells whether there is one. */
  @Command(
      name = "exists",
      description = "End with 0 if there is such a ${PARENT-COMMAND-NAME}, and with 1 if not.")
  class Exists extends EngineCommand {
    @ParentCommand private @Nullable Noun noun;

    @Parameters(paramLabel = "NAME")
    private String name = "";

    @Override
    int run(ContainerEngine engine) {
      return Objects.requireNonNull(noun).find(engine, name).isPresent() ? 0 : 1;
    }
  }
}
