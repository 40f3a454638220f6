package io.runcible.samples.cli;

import io.runcible.engine.EngineBuilder;
import io.runcible.store.LocalStore;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where images are. */
final class DataRoot {
  @Option(
      names = "--root",
      paramLabel = "DIRECTORY",
      description = "Images and containers. Default: the user's.")
  private @Nullable Path root;

  void applyTo(EngineBuilder engine) {
    if (root != null) {
      engine.dataRoot(root);
    }
  }

  /** The store alone, for which the host need not be able to run containers. */
  LocalStore open() {
    return LocalStore.open(root != null ? root : EngineBuilder.defaultDataRoot());
  }
}
