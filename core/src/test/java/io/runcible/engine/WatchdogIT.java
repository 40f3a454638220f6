package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.HostLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What it does while its engine lives; the rest is seen by {@link KillIT}. */
class WatchdogIT {
  @TempDir Path directory;

  private String movedBy(String line) throws IOException {
    HostTools.requireContainers();
    Path members = Files.writeString(directory.resolve("members"), "nobody");
    try (PrivilegedHost host = PrivilegedHost.open();
        Watchdog watchdog =
            Watchdog.start(
                host,
                Path.of("/bin/false"),
                directory,
                directory,
                HostLimits.detect(host).place(),
                Optional.of(new OwnGroup(line, members)))) {
      watchdog.runtimeStarts();
    }
    return Files.readString(members).strip();
  }

  @Test
  void movesItselfToWhereItIs() throws IOException {
    assertThat(movedBy(Files.readAllLines(Path.of("/proc/self/cgroup")).get(0))).isEqualTo("0");
  }

  @Test
  void doesNotMoveBackWhenSomebodyHasMovedIt() throws IOException {
    assertThat(movedBy("1:cpu:/where/it/was")).isEqualTo("nobody");
  }
}
