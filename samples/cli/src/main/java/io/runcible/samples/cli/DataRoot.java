package io.runcible.samples.cli;

import io.runcible.engine.EngineBuilder;
import io.runcible.store.LocalStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
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

  /** Whether there is a container, volume or network of this name, without an engine. */
  boolean hasThing(String name) {
    return name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
        && Stream.of("containers", "volumes", "networks")
            .anyMatch(kind -> Files.isDirectory(path().resolve(kind).resolve(name)));
  }

  /** Whether there are images. */
  boolean hasStore() {
    return Files.isDirectory(path().resolve("blobs"));
  }
}
