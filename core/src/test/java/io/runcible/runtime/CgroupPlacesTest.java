package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupPlacesTest {
  private static final String V2 =
      "30 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  private static final String UNIT = "/user.slice/user-7.slice/user@7.service";

  @TempDir Path directory;

  private CgroupPlace find(boolean rootless, Optional<CgroupManager> wanted) throws IOException {
    Cgroups cgroups = CgroupsTest.read(directory, V2);
    return new CgroupPlaces(cgroups, directory, Map.of(), 7).find(rootless, wanted);
  }

  private void group(String path, String controllers, String pids) throws IOException {
    Path group = Files.createDirectories(directory.resolve("sys/fs/cgroup" + path));
    Files.writeString(group.resolve("cgroup.controllers"), controllers + "\n");
    Files.writeString(group.resolve("cgroup.procs"), pids);
    Files.writeString(group.resolve("cgroup.subtree_control"), "");
  }

  private void own(String path) throws IOException {
    Files.createDirectories(directory.resolve("proc/self"));
    Files.writeString(directory.resolve("proc/self/cgroup"), "0::" + path + "\n");
  }

  @Test
  void rootHasTheTop() throws IOException {
    CgroupPlace place = find(false, Optional.empty());
    assertThat(place.available()).isTrue();
    assertThat(place.path("a", "0b", true)).isEqualTo("/runcible-a-0b");
    assertThat(place.path("a", "0b", false)).isEqualTo("/runcible-a-0b/container");
    assertThat(place.manager()).isEqualTo(CgroupManager.CGROUPFS);
  }

  @Test
  void systemdIsNamedSliceAndScope() throws IOException {
    CgroupPlace place = CgroupPlace.slice(CgroupsTest.read(directory, V2));
    String path = place.path("some-name", "0b1c", true);
    assertThat(path).isEqualTo("/runcible.slice/runcible-0b1c.slice/runcible-0b1c.scope");
    assertThat(CgroupPlace.forRuntime(path)).isEqualTo("runcible-0b1c.slice:runcible:0b1c");
    assertThat(CgroupPlace.forRuntime("/runcible-a-0b")).isEqualTo("/runcible-a-0b");
  }

  @Test
  void userHasTheUppermostEmptyGroupThatWasHandedOver() throws IOException {
    group(UNIT, "cpu memory pids", "");
    group(UNIT + "/app.slice", "", "");
    group(UNIT + "/app.slice/run.scope", "", "77\n");
    own(UNIT + "/app.slice/run.scope");

    CgroupPlace place = find(true, Optional.empty());

    assertThat(place.manager()).isEqualTo(CgroupManager.CGROUPFS);
    assertThat(place.path("a", "0b", true)).isEqualTo(UNIT + "/runcible-a-0b");
    assertThat(place.has("memory")).isTrue();
    assertThat(place.has("cpuset")).isFalse();
  }

  @Test
  void userWithoutAGroupHasNone() throws IOException {
    group("/full.scope", "cpu", "77\n");
    own("/full.scope");

    CgroupPlace place = find(true, Optional.empty());

    assertThat(place.available()).isFalse();
    assertThat(place.path("a", "0b", true)).isEmpty();
    assertThat(place.missing()).contains("Delegate=yes");
  }

  @Test
  void whatWasAskedForAndIsNotThereIsRefused() throws IOException {
    own("/");
    for (boolean rootless : new boolean[] {true, false}) {
      assertThatThrownBy(() -> find(rootless, Optional.of(CgroupManager.SYSTEMD)))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
          .hasMessageContaining("SYSTEMD");
    }
  }
}
