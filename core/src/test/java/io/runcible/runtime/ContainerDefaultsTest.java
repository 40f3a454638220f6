package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.runtime.RuntimeSpec.Namespace;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What depends on the host, of a container that nobody asked anything for. */
class ContainerDefaultsTest {
  private static final String V1 =
      """
      31 22 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      36 31 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
      """;

  private static final String HYBRID =
      V1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

  private static final String V2 = "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

  @TempDir Path directory;

  private RuntimeSpec spec(String mountinfo, boolean rootless) throws IOException {
    Cgroups cgroups = CgroupsTest.read(directory, mountinfo);
    Path self = directory.resolve("proc/self");
    Files.writeString(
        self.resolve("status"), "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n");
    Files.writeString(self.resolve("limits"), "");
    Files.writeString(self.resolve("oom_score_adj"), "0\n");
    HostLimits host =
        HostLimits.read(
            directory.resolve("proc"), directory.resolve("sys"), cgroups, rootless, true);
    ProcessSpec process = ProcessSpec.builder(List.of("true")).build();
    return ContainerDefaults.apply(RuntimeSpec.builder(Path.of("/rootfs"), process), host).build();
  }

  private static List<String> mounted(RuntimeSpec spec) {
    return spec.mounts().stream().map(RuntimeSpec.Mount::destination).toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void controlGroupsOfTheNewKindAreItsOwn(boolean rootless) throws IOException {
    Files.writeString(
        Files.createDirectories(directory.resolve("sys/fs/cgroup")).resolve("cgroup.controllers"),
        "cpu memory pids\n");
    RuntimeSpec spec = spec(V2, rootless);
    assertThat(spec.namespaces())
        .containsExactlyInAnyOrder(
            Namespace.create(NamespaceType.MOUNT),
            Namespace.create(NamespaceType.PID),
            Namespace.create(NamespaceType.IPC),
            Namespace.create(NamespaceType.UTS),
            Namespace.create(NamespaceType.NETWORK),
            Namespace.create(NamespaceType.CGROUP));
    assertThat(mounted(spec)).contains("/sys/fs/cgroup");
    assertThat(spec.toJson()).contains("{\"type\":\"cgroup\"}");
  }

  /** There the mount shows the own groups alone, and a namespace would add nothing. */
  @ParameterizedTest
  @ValueSource(strings = {V1, HYBRID})
  void olderControlGroupsAreMountedWithoutANamespace(String mountinfo) throws IOException {
    RuntimeSpec spec = spec(mountinfo, false);
    assertThat(spec.has(NamespaceType.CGROUP)).isFalse();
    assertThat(spec.namespaces()).hasSize(5);
    assertThat(mounted(spec)).contains("/sys/fs/cgroup");
    assertThat(spec.toJson()).doesNotContain("{\"type\":\"cgroup\"}");
  }

  /** Whom no group was handed over has nothing to see there. */
  @Test
  void ordinaryUserSeesNoOlderControlGroups() throws IOException {
    RuntimeSpec spec = spec(V1, true);
    assertThat(spec.has(NamespaceType.CGROUP)).isFalse();
    assertThat(mounted(spec)).doesNotContain("/sys/fs/cgroup");
  }
}
