package io.runcible.samples.cli;

import io.runcible.engine.EngineBuilder;
import io.runcible.store.LocalStore;
import java.nio.file.Files;
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

  /** The directory, as the engine has it. */
  Path path() {
    Path data = root != null ? root : EngineBuilder.defaultDataRoot();
    return data.toAbsolutePath().normalize();
  }

  /** Whether there is a container of this name, as far as can be seen without an engine. */
  boolean hasContainer(String name) {
    return name.matches("[a-z0-9][a-z0-9_.-]{0,63}")
        && Files.isDirectory(path().resolve("containers").resolve(name));
  }
}
