package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineBuilder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the engine keeps its things. */
final class EngineOptions {
  @Option(
      names = "--root",
      paramLabel = "DIRECTORY",
      description = "Images and containers. Default: the user's.")
  private @Nullable Path root;

  @Option(names = "--state", paramLabel = "DIRECTORY", description = "The runtime's state.")
  private @Nullable Path state;

  @Option(
      names = "--runtime",
      paramLabel = "PROGRAM",
      description = "The OCI runtime. Default: runc.")
  private @Nullable String runtime;

  ContainerEngine open() {
    EngineBuilder builder = ContainerEngine.builder();
    if (root != null) {
      builder.dataRoot(root);
    }
    if (state != null) {
      builder.stateRoot(state);
    }
    if (runtime != null) {
      builder.runtime(runtime);
    }
    return builder.build();
  }
}
