package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.runtime.HostLimits.Clamped;
import io.runcible.runtime.ProcessSpec.Rlimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostLimitsTest {
  private static final String ALL = "000001ffffffffff";

  /** As {@link #ALL} without CAP_SYS_RESOURCE, which is what a pod often has. */
  private static final String WITHOUT_RESOURCE = "000001fffeffffff";

  private static final String V1 =
      """
      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
      """;

  @TempDir Path directory;

  private HostLimits host(String capabilities, boolean rootless) throws IOException {
    Cgroups cgroups = CgroupsTest.read(directory, V1);
    Path self = directory.resolve("proc/self");
    Files.writeString(
        self.resolve("status"),
        "Name:\tjava\nCapInh:\t0000000000000000\nCapEff:\t%s\nCapBnd:\t%<s\n"
            .formatted(capabilities));
    Files.writeString(
        self.resolve("limits"),
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max cpu time              unlimited            unlimited            seconds
        Max processes             96365                96365                processes
        Max open files            1024                 20000                files
        Max nice priority         0                    0
        """);
    Files.writeString(self.resolve("oom_score_adj"), "0\n");
    Files.createDirectories(directory.resolve("sys/devices/system/cpu/cpu0/thermal_throttle"));
    Files.createDirectories(directory.resolve("sys/devices/system/cpu/cpu1"));
    Files.createDirectories(directory.resolve("sys/devices/system/cpu/cpufreq/thermal_throttle"));
    return HostLimits.read(
        directory.resolve("proc"), directory.resolve("sys"), cgroups, rootless, true);
  }

  private static ProcessSpec.Builder process() {
    return ProcessSpec.builder(List.of("true"));
  }

  @Nested
  class Processes {
    @Test
    void whatThisProcessMayGrantStays() throws IOException {
      ProcessSpec process =
          process()
              .capabilities(EnumSet.allOf(Capability.class))
              .rlimit("RLIMIT_NOFILE", 30_000, 40_000)
              .oomScoreAdj(-500)
              .build();
      Clamped<ProcessSpec> clamped = host(ALL, false).clamp(process);

      assertThat(clamped.notes()).isEmpty();
      assertThat(clamped.value().toJson()).isEqualTo(process.toJson());
    }

    @Test
    void capabilitiesOfOthersAreTaken() throws IOException {
      ProcessSpec process =
          process().capabilities(List.of(Capability.CHOWN, Capability.SYS_RESOURCE)).build();
      Clamped<ProcessSpec> clamped = host(WITHOUT_RESOURCE, false).clamp(process);

      assertThat(clamped.value().capabilities()).containsExactly(Capability.CHOWN);
      assertThat(clamped.notes()).singleElement().asString().contains("[SYS_RESOURCE]");
    }

    @Test
    void limitsAboveTheHardLimitAreLowered() throws IOException {
      ProcessSpec process =
          process()
              .rlimit("RLIMIT_NOFILE", 1024, 1_048_576)
              .rlimit("RLIMIT_NPROC", Rlimit.UNLIMITED, Rlimit.UNLIMITED)
              .rlimit("RLIMIT_CPU", 10, Rlimit.UNLIMITED)
              .build();
      Clamped<ProcessSpec> clamped = host(WITHOUT_RESOURCE, false).clamp(process);

      assertThat(clamped.value().rlimits())
          .containsEntry("RLIMIT_NOFILE", new Rlimit(1024, 20_000))
          .containsEntry("RLIMIT_NPROC", new Rlimit(96_365, 96_365))
          .containsEntry("RLIMIT_CPU", new Rlimit(10, Rlimit.UNLIMITED));
      assertThat(clamped.notes()).hasSize(2).allMatch(note -> note.contains("CAP_SYS_RESOURCE"));
    }

    @Test
    void lowerScoreForMemoryShortageIsRaisedToOurs() throws IOException {
      Clamped<ProcessSpec> clamped =
          host(WITHOUT_RESOURCE, false).clamp(process().oomScoreAdj(-998).build());

      assertThat(clamped.value().oomScoreAdj()).hasValue(0);
      assertThat(clamped.notes()).singleElement().asString().contains("-998");
    }

    @Test
    void higherScoreStays() throws IOException {
      Clamped<ProcessSpec> clamped =
          host(WITHOUT_RESOURCE, false).clamp(process().oomScoreAdj(500).build());

      assertThat(clamped.value().oomScoreAdj()).hasValue(500);
      assertThat(clamped.notes()).isEmpty();
    }

    @Test
    void everyCapabilityCanBeGrantedInAUserNamespace() throws IOException {
      ProcessSpec process = process().capabilities(EnumSet.allOf(Capability.class)).build();
      Clamped<ProcessSpec> clamped = host("0000000000000000", true).clamp(process);

      assertThat(clamped.value().capabilities()).hasSize(Capability.values().length);
    }

    @Test
    void limitsOfTheHostHoldInAUserNamespace() throws IOException {
      ProcessSpec process = process().rlimit("RLIMIT_NOFILE", 1024, 1_048_576).build();
      Clamped<ProcessSpec> clamped = host(ALL, true).clamp(process);

      assertThat(clamped.value().rlimits())
          .containsEntry("RLIMIT_NOFILE", new Rlimit(1024, 20_000));
    }
  }

  @Nested
  class Containers {
    private RuntimeSpec.Builder spec(HostLimits host) {
      return RuntimeSpec.containerDefaults(Path.of("/rootfs"), process().build(), host);
    }

    private final Resources everything =
        Resources.builder()
            .memory(1 << 20)
            .memoryAndSwap(2 << 20)
            .cpuQuota(50_000, 100_000)
            .cpus("0-1")
            .pids(10)
            .build();

    @Test
    void limitsOfMissingControllersAreDropped() throws IOException {
      HostLimits host = host(ALL, false);
      Clamped<RuntimeSpec> clamped = host.clamp(spec(host).resources(everything).build());

      Resources resources = clamped.value().resources();
      assertThat(resources.memory()).hasValue(1 << 20);
      assertThat(resources.cpuQuota()).hasValue(50_000);
      assertThat(resources.pids()).isEmpty();
      assertThat(resources.cpus()).isEmpty();
      assertThat(clamped.notes())
          .hasSize(3)
          .anyMatch(note -> note.contains("pids"))
          .anyMatch(note -> note.contains("cpuset"))
          .anyMatch(note -> note.contains("swap"));
    }

    @Test
    void swapIsLimitedWhereTheKernelCountsIt() throws IOException {
      Path memory = Files.createDirectories(directory.resolve("sys/fs/cgroup/memory"));
      Files.createFile(memory.resolve("memory.memsw.limit_in_bytes"));
      Clamped<Resources> clamped = host(ALL, false).clamp(everything);

      assertThat(clamped.value().memoryAndSwap()).hasValue(2 << 20);
    }

    @Test
    void ordinaryUserHasNoControlGroup() throws IOException {
      HostLimits host = host(ALL, true);
      Clamped<RuntimeSpec> clamped =
          host.clamp(spec(host).cgroupsPath("/x").resources(everything).build());

      assertThat(clamped.value().resources().isEmpty()).isTrue();
      assertThat(clamped.value().cgroupsPath()).isEmpty();
      assertThat(clamped.value().confineDevices()).isFalse();
      assertThat(clamped.notes()).hasSize(1);
    }

    @Test
    void ordinaryUserOnTheHostsNetworkGetsTheHostsSys() throws IOException {
      HostLimits host = host(ALL, true);
      RuntimeSpec spec = spec(host).shareWithHost(RuntimeSpec.NamespaceType.NETWORK).build();
      Clamped<RuntimeSpec> clamped = host.clamp(spec);

      assertHasSysOfTheHost(spec, clamped.value());
      assertThat(clamped.value().sysctls()).isEmpty();
    }

    @Test
    void userNamespaceOnTheHostsNetworkGetsTheHostsSys() throws IOException {
      HostLimits host = host(ALL, false);
      RuntimeSpec.Builder spec =
          spec(host)
              .namespace(RuntimeSpec.Namespace.join(RuntimeSpec.NamespaceType.USER, Path.of("/n")));
      assertThat(host.clamp(spec.build()).value().mounts())
          .extracting(RuntimeSpec.Mount::type)
          .contains("sysfs");
      RuntimeSpec shared = spec.shareWithHost(RuntimeSpec.NamespaceType.NETWORK).build();
      assertThat(shared.mounts())
          .extracting(RuntimeSpec.Mount::destination)
          .containsSubsequence("/sys", "/sys/fs/cgroup");
      assertHasSysOfTheHost(shared, host.clamp(shared).value());
    }

    private static void assertHasSysOfTheHost(RuntimeSpec before, RuntimeSpec after) {
      assertThat(after.mounts())
          .contains(RuntimeSpec.Mount.sysOfHost(System.getProperty("os.version")))
          .extracting(RuntimeSpec.Mount::type)
          .doesNotContain("sysfs");
      // Later than the control groups, it would hide those of the container, and show all.
      assertThat(after.mounts())
          .extracting(RuntimeSpec.Mount::destination)
          .containsExactlyElementsOf(
              before.mounts().stream().map(RuntimeSpec.Mount::destination).toList());
    }

    @Test
    void sysOfTheHostIsReadOnlyAsAWholeWhereTheKernelCan() {
      assertThat(RuntimeSpec.Mount.sysOfHost("6.1.0").options()).contains("ro", "rro");
      assertThat(RuntimeSpec.Mount.sysOfHost("5.11.0").options())
          .containsExactly("rbind", "nosuid", "noexec", "nodev", "ro");
    }

    @Test
    void defaultsNeedNoClamping() throws IOException {
      for (boolean rootless : new boolean[] {false, true}) {
        HostLimits host = host(WITHOUT_RESOURCE, rootless);

        assertThat(host.clamp(spec(host).build()).notes()).isEmpty();
      }
    }

    @Test
    void temperatureFilesOfThisHostAreMasked() throws IOException {
      assertThat(spec(host(ALL, false)).build().maskedPaths())
          .contains("/sys/devices/system/cpu/cpu0/thermal_throttle")
          .noneMatch(path -> path.contains("cpu1") || path.contains("cpufreq"));
    }

    @Test
    void controlGroupsAreMountedOnlyForRootWhereTheyAreOld() throws IOException {
      assertThat(spec(host(ALL, false)).build().mounts())
          .extracting(RuntimeSpec.Mount::destination)
          .contains("/sys/fs/cgroup");
      assertThat(spec(host(ALL, true)).build().mounts())
          .extracting(RuntimeSpec.Mount::destination)
          .doesNotContain("/sys/fs/cgroup");
    }
  }
}
