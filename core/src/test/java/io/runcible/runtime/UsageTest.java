package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What control groups of either generation tell, and how they are limited. */
class UsageTest {
  @TempDir Path directory;

  private Cgroup group(Map<String, Map<String, String>> hierarchies) throws IOException {
    for (Map.Entry<String, Map<String, String>> hierarchy : hierarchies.entrySet()) {
      Path place = Files.createDirectories(directory.resolve(hierarchy.getKey()));
      for (Map.Entry<String, String> file : hierarchy.getValue().entrySet()) {
        Files.writeString(place.resolve(file.getKey()), file.getValue());
      }
    }
    return new Cgroup(hierarchies.keySet().stream().sorted().map(directory::resolve).toList());
  }

  private static final Map<String, String> V2 =
      Map.ofEntries(
          Map.entry("memory.current", "30000000\n"),
          Map.entry("memory.peak", "40000000\n"),
          Map.entry("memory.max", "max\n"),
          Map.entry("memory.swap.max", "max\n"),
          Map.entry("memory.stat", "anon 5\nfile 6\ninactive_file 10000000\nactive_file 7\n"),
          Map.entry("memory.events", "low 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n"),
          Map.entry(
              "cpu.stat", "usage_usec 1500\nuser_usec 1\nnr_throttled 4\nthrottled_usec 70\n"),
          Map.entry("cpu.max", "max 100000\n"),
          Map.entry("cpu.weight", "100\n"),
          Map.entry("pids.current", "3\n"),
          Map.entry("pids.max", "20\n"),
          Map.entry(
              "io.stat", "254:0 rbytes=10 wbytes=20 rios=1\n254:16 rbytes=5 wbytes=0\n8:0\n"));

  @Test
  void newGenerationIsRead() throws IOException {
    ResourceUsage usage = group(Map.of("v2", V2)).usage();

    assertThat(usage.memory()).hasValue(30_000_000);
    assertThat(usage.memoryReclaimable()).hasValue(10_000_000);
    assertThat(usage.memoryPeak()).hasValue(40_000_000);
    assertThat(usage.memoryLimit()).isEmpty();
    assertThat(usage.oomKills()).hasValue(2);
    assertThat(usage.cpuTime()).contains(Duration.ofNanos(1_500_000));
    assertThat(usage.throttledPeriods()).hasValue(4);
    assertThat(usage.throttledTime()).contains(Duration.ofNanos(70_000));
    assertThat(usage.processes()).hasValue(3);
    assertThat(usage.processLimit()).hasValue(20);
    assertThat(usage.readBytes()).hasValue(15);
    assertThat(usage.writtenBytes()).hasValue(20);
  }

  private static final Map<String, Map<String, String>> HYBRID =
      Map.of(
          "unified", Map.of("cpu.stat", "usage_usec 9\n", "cgroup.procs", ""),
          "v1cpu", Map.of("cpu.stat", "nr_periods 8\nnr_throttled 2\nthrottled_time 33\n"),
          "v1cpuacct", Map.of("cpuacct.usage", "777\n"),
          "v1blkio",
              Map.of(
                  "blkio.throttle.io_service_bytes",
                  "254:0 Read 11\n254:0 Write 22\n254:0 Total 33\n8:0 Read 1\nTotal 34\n"),
          "v1memory",
              Map.of(
                  "memory.usage_in_bytes", "100\n",
                  "memory.max_usage_in_bytes", "200\n",
                  "memory.limit_in_bytes", "9223372036854771712\n",
                  "memory.memsw.limit_in_bytes", "9223372036854771712\n",
                  "memory.stat", "inactive_file 1\ntotal_inactive_file 40\n",
                  "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n"));

  @Test
  void oldGenerationIsReadAlsoBesideTheNewOne() throws IOException {
    ResourceUsage usage = group(HYBRID).usage();

    assertThat(usage.memory()).hasValue(100);
    assertThat(usage.memoryReclaimable()).hasValue(40);
    assertThat(usage.memoryPeak()).hasValue(200);
    assertThat(usage.memoryLimit()).isEmpty();
    assertThat(usage.oomKills()).hasValue(6);
    assertThat(usage.cpuTime()).contains(Duration.ofNanos(777));
    assertThat(usage.throttledPeriods()).hasValue(2);
    assertThat(usage.throttledTime()).contains(Duration.ofNanos(33));
    assertThat(usage.processes()).isEmpty();
    assertThat(usage.readBytes()).hasValue(12);
    assertThat(usage.writtenBytes()).hasValue(22);
  }

  @Test
  void groupThatIsGoneHasUsedNothingThatIsKnown() {
    ResourceUsage usage = new Cgroup(List.of(directory.resolve("gone"))).usage();

    assertThat(usage.memory()).isEmpty();
    assertThat(usage.cpuTime()).isEmpty();
    assertThat(usage.readBytes()).isEmpty();
  }

  private String content(String file) throws IOException {
    return Files.readString(directory.resolve(file)).strip();
  }

  @Test
  void newGenerationIsLimited() throws IOException {
    group(Map.of("v2", V2))
        .update(
            Resources.builder()
                .memory(64 << 20)
                .memoryAndSwap(80 << 20)
                .cpuQuota(5000, 10_000)
                .cpuShares(1024)
                .pids(9)
                .build());

    assertThat(content("v2/memory.max")).isEqualTo("67108864");
    assertThat(content("v2/memory.swap.max")).isEqualTo("16777216");
    assertThat(content("v2/cpu.max")).isEqualTo("5000 10000");
    assertThat(content("v2/cpu.weight")).isEqualTo("39");
    assertThat(content("v2/pids.max")).isEqualTo("9");
  }

  private static Resources rest() {
    return Resources.builder()
        .cpus("0-1")
        .memoryNodes("0")
        .memoryReservation(5 << 20)
        .ioWeight(505)
        .ioLimit(new IoLimit(IoLimit.Kind.READ_BYTES, 8, 16, 77))
        .ioLimit(new IoLimit(IoLimit.Kind.WRITE_OPERATIONS, 8, 16, 78))
        .hugePages("2MB", 4 << 20)
        .build();
  }

  @Test
  void restOfTheLimitsIsWrittenInTheNewGeneration() throws IOException {
    Map<String, String> files =
        new HashMap<>(
            Map.of("cpuset.cpus", "", "cpuset.mems", "", "memory.low", "0", "hugetlb.2MB.max", ""));
    files.put("io.weight", "default 100");
    // Keeps what was written last.
    files.put("io.max", "");
    group(Map.of("v2", files)).update(rest());

    assertThat(content("v2/cpuset.cpus")).isEqualTo("0-1");
    assertThat(content("v2/cpuset.mems")).isEqualTo("0");
    assertThat(content("v2/memory.low")).isEqualTo("5242880");
    assertThat(content("v2/io.weight")).isEqualTo("default 5000");
    assertThat(content("v2/io.max")).isEqualTo("8:16 wiops=78");
    assertThat(content("v2/hugetlb.2MB.max")).isEqualTo("4194304");
    assertThat(SystemdProperties.of(rest()))
        .containsExactly(
            "AllowedCPUs=0-1",
            "AllowedMemoryNodes=0",
            "MemoryLow=5242880",
            "IOWeight=5000",
            "IOReadBandwidthMax=/dev/block/8:16 77",
            "IOWriteIOPSMax=/dev/block/8:16 78");
  }

  @Test
  void restOfTheLimitsIsWrittenInTheOldGeneration() throws IOException {
    Map<String, String> block =
        Map.of(
            "blkio.bfq.weight", "",
            "blkio.throttle.read_bps_device", "",
            "blkio.throttle.write_iops_device", "");
    group(
            Map.of(
                "cpuset", Map.of("cpuset.cpus", "", "cpuset.mems", ""),
                "memory", Map.of("memory.soft_limit_in_bytes", ""),
                "hugetlb", Map.of("hugetlb.2MB.limit_in_bytes", ""),
                "blkio", block))
        .update(rest());

    assertThat(content("cpuset/cpuset.cpus")).isEqualTo("0-1");
    assertThat(content("memory/memory.soft_limit_in_bytes")).isEqualTo("5242880");
    assertThat(content("blkio/blkio.bfq.weight")).isEqualTo("505");
    assertThat(content("blkio/blkio.throttle.read_bps_device")).isEqualTo("8:16 77");
    assertThat(content("blkio/blkio.throttle.write_iops_device")).isEqualTo("8:16 78");
    assertThat(content("hugetlb/hugetlb.2MB.limit_in_bytes")).isEqualTo("4194304");
  }

  @Test
  void nothingIsWrittenIfAFileIsMissing() throws IOException {
    Cgroup group = group(Map.of("v2", V2));
    assertThatThrownBy(
            () -> group.update(Resources.builder().memory(64 << 20).ioWeight(100).build()))
        .hasMessageContaining("io");
    assertThat(content("v2/memory.max")).isEqualTo("max");
  }

  @Test
  void newGenerationDoesNotKillForAMemoryLimit() throws IOException {
    Cgroup group = group(Map.of("v2", V2));

    assertThatThrownBy(() -> group.update(Resources.builder().memory(19_999_999).build()))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
    assertThat(content("v2/memory.max")).isEqualTo("max");
    group.update(Resources.builder().memory(20_000_000).build());
    assertThat(content("v2/memory.max")).isEqualTo("20000000");
  }

  @Test
  void swapIsLiftedWhereItIsUnlimited() throws IOException {
    Cgroup group = group(Map.of("v2", V2));
    group.update(Resources.builder().memory(64 << 20).memoryAndSwap(-1).build());
    assertThat(content("v2/memory.swap.max")).isEqualTo("max");
    group.update(Resources.builder().memory(64 << 20).memoryAndSwap(64 << 20).build());
    assertThat(content("v2/memory.swap.max")).isEqualTo("0");
    group.update(Resources.builder().memoryAndSwap(-1).build());
    assertThat(content("v2/memory.swap.max")).isEqualTo("max");
    Cgroup old = group(Map.of("old", Map.of("memory.memsw.limit_in_bytes", "4096\n")));
    old.update(Resources.builder().memoryAndSwap(-1).build());
    assertThat(content("old/memory.memsw.limit_in_bytes")).isEqualTo("-1");
    Cgroup none = group(Map.of("none", Map.of("memory.max", "max\n")));
    assertThatThrownBy(() -> none.update(Resources.builder().memoryAndSwap(-1).build()))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }

  @Test
  void missingControllerIsNamed() throws IOException {
    Cgroup group = group(HYBRID);

    assertThatThrownBy(() -> group.update(Resources.builder().pids(3).build()))
        .hasMessageContaining("pids")
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }

  @Test
  void groupThatIsGoneIsThawed() throws IOException {
    Cgroup old = group(Map.of("freezer", Map.of("freezer.state", "THAWED\n")));
    old.thaw();
    Files.delete(directory.resolve("freezer/freezer.state"));
    old.thaw();
    Cgroup held = group(Map.of("held", Map.of("cgroup.procs", "1\n")));
    assertThatThrownBy(held::thaw)
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }
}
