package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.snapshot.Snapshotter;
import io.runcible.store.LocalStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the image is shown once more, and who is in the way. */
class ContainerChangesIT {
  private static final String ID = "0123456789abcdef";

  @TempDir Path root;

  @SuppressWarnings("NullAway") // Changes need no more of an engine.
  private EngineParts parts(PrivilegedHost host) {
    return new EngineParts(
        host,
        null,
        null,
        Snapshotter.copy(LocalStore.open(root.resolve("store")), host),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        Thread::new,
        null,
        null,
        root);
  }

  private static ContainerRecord record() {
    return new ContainerRecord(
        ID,
        ID,
        "host",
        "registry.example/a:1",
        List.of(),
        "",
        15,
        false,
        0,
        List.of(),
        ContainerOptions.NONE,
        ContainerStorage.NONE,
        IdMaps.HOST);
  }

  @Test
  void containerThatIsRemovedMeanwhileDoesNotComeBack() {
    HostTools.requireContainers();
    ContainerDirectory directory = ContainerDirectory.of(root, ID);
    try (PrivilegedHost host = PrivilegedHost.open()) {
      RunIT.assertFails(
          () -> ContainerChanges.open(parts(host), directory, record()),
          ErrorKind.FAILED_PRECONDITION,
          "removed");
    }
    assertThat(directory.path()).doesNotExist();
  }

  @Test
  void whatIsShownIsGoneAfterwardsAlsoForOneWhoIsInterrupted() throws Exception {
    HostTools.requireContainers();
    ContainerDirectory directory = ContainerDirectory.of(root, ID);
    Files.createDirectory(directory.path());
    try (PrivilegedHost host = PrivilegedHost.open()) {
      for (int i = 0; i < 2; i++) { // The second finds a directory for mounts.
        ContainerChanges changes = ContainerChanges.open(parts(host), directory, record());
        assertThat(directory.mounts()).isNotEmptyDirectory();
        Thread.currentThread().interrupt();
        changes.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(directory.mounts()).isEmptyDirectory();
      }
    }
  }
}
