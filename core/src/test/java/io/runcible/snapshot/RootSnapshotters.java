package io.runcible.snapshot;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Snapshotters of root. */
abstract class RootSnapshotters implements SnapshotterContract {
  @TempDir Path root;
  private PrivilegedHost host;

  @BeforeEach
  void open() {
    HostTools.requireRoot();
    host = PrivilegedHost.open();
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Override
  public Path root() {
    return root;
  }

  @Override
  public PrivilegedHost host() {
    return host;
  }
}
