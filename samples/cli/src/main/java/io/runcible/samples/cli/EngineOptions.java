package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineBuilder;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where the engine keeps its things. */
final class EngineOptions {
  @Mixin private DataRoot root = new DataRoot();

  @Option(names = "--state", paramLabel = "DIRECTORY", description = "The runtime's state.")
  private @Nullable Path state;

  @Option(
      names = "--runtime",
      paramLabel = "PROGRAM",
      description = "The OCI runtime. Default: runc.")
  private @Nullable String runtime;

  ContainerEngine open() {
    return builder().build();
  }

  /** An engine that pulls from this source. */
  ContainerEngine open(ImageSource registry) {
    return builder().registry(registry).build();
  }

  /** An engine with images for this platform. */
  ContainerEngine open(Platform platform) {
    return builder().platform(platform).build();
  }

  private EngineBuilder builder() {
    EngineBuilder builder = ContainerEngine.builder();
    root.applyTo(builder);
    if (state != null) {
      builder.stateRoot(state);
    }
    if (runtime != null) {
      builder.runtime(runtime);
    }
    return builder;
  }

  DataRoot root() {
    return root;
  }
}
