package io.runcible.samples.cli;

import io.runcible.engine.Capabilities;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineBuilder;
import io.runcible.engine.RuntimeImage;
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

  @Option(
      names = "--runtime-image",
      paramLabel = "IMAGE@DIGEST,runtime=PATH[,helper=PATH][,program=PATH]...",
      description =
          "Take the runtime and, from a static busybox, the small tools out of this image where the"
              + " host lacks them.")
  private @Nullable String runtimeImage;

  ContainerEngine open() {
    return builder().build();
  }

  /** What the host offers to such an engine. */
  Capabilities capabilities() {
    return builder().capabilities();
  }

  /** An engine that pulls from this source. */
  ContainerEngine open(ImageSource registry) {
    return builder().registry(registry).build();
  }

  /** The same with images for this platform. */
  ContainerEngine open(ImageSource registry, Platform platform) {
    return builder().registry(registry).platform(platform).build();
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
    if (runtimeImage != null) {
      builder.runtimeImage(RuntimeImage.parse(runtimeImage));
    }
    return builder;
  }

  DataRoot root() {
    return root;
  }
}
