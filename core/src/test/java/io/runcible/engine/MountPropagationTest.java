package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Mount.Propagation;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class MountPropagationTest {
  private static final List<String> MOUNTS =
      List.of(
          "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda rw",
          "21 20 8:2 / /data rw - ext4 /dev/sdb rw",
          "22 20 8:3 / /data/with\\040space rw master:2 - ext4 /dev/sdc rw",
          "23 20 8:4 / /twice rw shared:3 - ext4 /dev/sdd rw",
          "24 23 8:5 / /twice rw - ext4 /dev/sde rw",
          "damaged");

  private static boolean propagates(String source, Propagation wanted) {
    return MountPropagation.propagates(Path.of(source), MOUNTS, wanted);
  }

  @Test
  void mountThatThePathIsOnCounts() {
    assertThat(propagates("/", Propagation.SHARED)).isTrue();
    assertThat(propagates("/database", Propagation.SHARED)).isTrue();
    assertThat(propagates("/data", Propagation.SLAVE)).isFalse();
    assertThat(propagates("/data/x", Propagation.SHARED)).isFalse();
    assertThat(propagates("/data/with space/x", Propagation.SHARED)).isFalse();
    assertThat(propagates("/data/with space/x", Propagation.SLAVE)).isTrue();
  }

  @Test
  void lastMountOfAPlaceCoversTheOthers() {
    assertThat(propagates("/twice/x", Propagation.SHARED)).isFalse();
  }
}
