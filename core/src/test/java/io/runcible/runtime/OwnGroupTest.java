package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.runtime.Cgroups.OwnGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnGroupTest {
  private static final String MEMORY =
      "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  private static final String V2 =
      "23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
          + "30 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

  @TempDir Path root;

  @BeforeEach
  void makeProc() throws IOException {
    Files.createDirectories(root.resolve("proc/self"));
  }

  private Optional<OwnGroup> find(String mounts, String groups) throws IOException {
    Files.writeString(root.resolve("proc/self/mountinfo"), mounts);
    Files.writeString(root.resolve("proc/self/cgroup"), groups);
    return Cgroups.ownGroup(root.resolve("proc"), root);
  }

  private Path members(String group) throws IOException {
    Path directory = Files.createDirectories(root.resolve(group));
    return Files.writeString(directory.resolve("cgroup.procs"), "");
  }

  @Test
  void isThatOfAHierarchyThatIsMounted() throws IOException {
    Path members = members("sys/fs/cgroup/memory/some/group");

    assertThat(find(MEMORY, "7:pids:/a\n5:memory:/some/group\n0::/other\n"))
        .contains(new OwnGroup("5:memory:/some/group", members));
  }

  @Test
  void isThatOfTheFirstLineThatHasOne() throws IOException {
    members("sys/fs/cgroup/memory/b");
    Path members = members("sys/fs/cgroup/pids/a");

    assertThat(find(MEMORY + MEMORY.replace("memory", "pids"), "7:pids:/a\n5:memory:/b\n"))
        .contains(new OwnGroup("7:pids:/a", members));
  }

  @Test
  void isThatOfTheUnifiedTree() throws IOException {
    Path members = members("sys/fs/cgroup/a:b.slice");

    assertThat(find(V2, "0::/a:b.slice\n")).contains(new OwnGroup("0::/a:b.slice", members));
  }

  @Test
  void isUnknownWhereNothingOrAPartIsMounted() throws IOException {
    members("sys/fs/cgroup/x");

    assertThat(find("", "0::/x\n")).isEmpty();
    assertThat(find(V2, "0::/gone\n")).isEmpty();
    assertThat(find(V2, "\n0:\n7:pids:/x\n0::relative\n")).isEmpty();
    assertThat(find(V2.replace("0:26 / ", "0:26 /pod "), "0::/x\n")).isEmpty();
    Files.delete(root.resolve("proc/self/cgroup"));
    assertThat(Cgroups.ownGroup(root.resolve("proc"), root)).isEmpty();
  }
}
