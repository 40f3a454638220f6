package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the files of a group after a limit that the kernel refuses. */
class LimitWriterTest {
  private static final String REFUSED = "hugetlb.2MB.max";

  @TempDir private Path directory;

  private void assertTakenBack(Map<String, String> before, Resources wanted) throws IOException {
    for (Map.Entry<String, String> file : before.entrySet()) {
      Files.writeString(directory.resolve(file.getKey()), file.getValue());
    }
    Files.createDirectories(directory.resolve(REFUSED));
    Resources refused = wanted.toBuilder().hugePages("2MB", 0).build();
    assertThatThrownBy(() -> GroupDirectory.of(directory).update(refused))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
              assertThat(e.getSuppressed()).hasSize(1); // Nor does that file take the old value.
            })
        .hasMessageContaining(REFUSED);
    Map<String, String> after = new LinkedHashMap<>();
    for (String file : before.keySet()) {
      after.put(file, Files.readString(directory.resolve(file)));
    }
    assertThat(after).isEqualTo(before);
  }

  private static Resources.Builder limits() {
    return Resources.builder()
        .memory(96 << 20)
        .memoryAndSwap(128 << 20)
        .cpuQuota(20_000, 100_000)
        .cpuShares(2048)
        .cpus("1")
        .pids(60)
        .ioWeight(500);
  }

  @Test
  void allOfTheNewHierarchyGoesBack() throws IOException {
    Map<String, String> before = new LinkedHashMap<>();
    before.put("memory.max", "max\n");
    before.put("memory.swap.max", "max\n");
    before.put("cpu.max", "max 100000\n");
    before.put("cpu.weight", "100\n");
    before.put("cpuset.cpus", "\n");
    before.put("pids.max", "50\n");
    before.put("io.weight", "default 100\n");
    before.put("io.max", "8:0 rbps=5 wbps=max riops=max wiops=max\n");
    IoLimit limit = new IoLimit(IoLimit.Kind.READ_BYTES, 8, 0, 9);
    assertTakenBack(before, limits().ioLimit(limit).build());
  }

  @Test
  void allOfTheOldHierarchiesGoesBack() throws IOException {
    Map<String, String> before = new LinkedHashMap<>();
    before.put("memory.limit_in_bytes", "67108864\n");
    before.put("memory.memsw.limit_in_bytes", "67108864\n");
    before.put("cpu.cfs_quota_us", "-1\n");
    before.put("cpu.cfs_period_us", "100000\n");
    before.put("cpu.shares", "1024\n");
    before.put("cpuset.cpus", "0-1\n");
    before.put("pids.max", "max\n");
    before.put("blkio.weight", "100\n");
    before.put("blkio.throttle.read_bps_device", "8:16 5\n");
    IoLimit other = new IoLimit(IoLimit.Kind.READ_BYTES, 8, 16, 9);
    assertTakenBack(before, limits().ioLimit(other).build());
  }

  @Test
  void deviceWithoutALimitHasNoneAgain() throws IOException {
    Path file = directory.resolve("io.max");
    Files.writeString(file, "8:16 rbps=5 wbps=max riops=max wiops=max\n");
    Files.createDirectories(directory.resolve(REFUSED));
    Resources refused =
        Resources.builder()
            .ioLimit(new IoLimit(IoLimit.Kind.READ_BYTES, 8, 0, 9))
            .hugePages("2MB", 0)
            .build();
    assertThatThrownBy(() -> GroupDirectory.of(directory).update(refused))
        .isInstanceOf(RuncibleException.class);
    // The kernel takes a line for one device, and leaves the others.
    assertThat(file).hasContent("8:0 rbps=max\n");
  }
}
