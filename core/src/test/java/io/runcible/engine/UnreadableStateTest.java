package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be looked at is not taken for what is not there. */
class UnreadableStateTest {
  @TempDir private Path directory;

  /** A link to itself, which neither root can open. */
  private Path circle(String name) throws IOException {
    return Files.createSymbolicLink(directory.resolve(name), Path.of(name));
  }

  @Test
  void volumesThatCannotBeListedAreAFailure() throws IOException {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      VolumeStore volumes =
          new VolumeStore(host, circle("volumes"), directory.resolve("containers"));
      RunIT.assertFails(volumes::list, ErrorKind.UNAVAILABLE, "cannot list");
    }
  }

  @Test
  void namesThatCannotBeReadAreAFailure() throws IOException {
    circle("names");
    RunIT.assertFails(
        () -> new ContainerNames(directory).nameOf(new ContainerDirectory(directory)),
        ErrorKind.UNAVAILABLE,
        "cannot read the names");
  }
}
