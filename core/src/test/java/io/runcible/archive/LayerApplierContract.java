package io.runcible.archive;

import io.runcible.MemoryDirectories;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every format and every policy for owners. */
abstract class LayerApplierContract {
  @TempDir(factory = MemoryDirectories.class)
  Path directory;

  abstract LayerFormat format();

  abstract Ownership ownership();

  /** Skips where the host cannot do it. */
  abstract void requireHost(Path directory);

  @BeforeEach
  void host() {
    requireHost(directory);
  }

  @TestFactory
  Stream<DynamicTest> hostileLayersDoWhatTheyShouldAndNothingOutside() throws IOException {
    HostileLayerCheck check = new HostileLayerCheck(directory, format(), ownership());
    return check.cases().stream()
        .map(hostile -> DynamicTest.dynamicTest(hostile.name(), () -> check.run(hostile)));
  }
}
