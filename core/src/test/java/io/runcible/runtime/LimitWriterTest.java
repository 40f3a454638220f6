package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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

  private static final String OLD_MEMORY = "memory.limit_in_bytes";
  private static final String OLD_BOTH = "memory.memsw.limit_in_bytes";

  /** Writes as to the old hierarchy, which never has memory above memory with swap. */
  private List<String> written(long memory, long both, Resources wanted) throws IOException {
    Files.writeString(directory.resolve(OLD_MEMORY), memory + "\n");
    Files.writeString(directory.resolve(OLD_BOTH), both + "\n");
    Files.writeString(directory.resolve("cpu.shares"), "1024\n");
    List<String> written = new ArrayList<>();
    LimitWriter writer =
        new LimitWriter(GroupDirectory.of(directory)) {
          @Override
          void put(Path file, String value) throws IOException {
            super.put(file, value);
            written.add(file.getFileName() + " " + value.strip());
            assertThat(number(OLD_MEMORY)).isLessThanOrEqualTo(number(OLD_BOTH));
          }
        };
    try {
      writer.write(wanted);
    } catch (RuncibleException e) {
      written.add(e.kind().toString());
    }
    return written;
  }

  private long number(String file) throws IOException {
    return Long.parseLong(Files.readString(directory.resolve(file)).strip());
  }

  private static Resources.Builder memory(long memory, long both) {
    return Resources.builder().memory(memory).memoryAndSwap(both).cpuShares(5);
  }

  @Test
  void memoryIsNeverAboveMemoryWithSwap() throws IOException {
    assertThat(written(10, 20, memory(30, 40).build()))
        .containsExactly(OLD_BOTH + " 40", OLD_MEMORY + " 30", "cpu.shares 5");
    assertThat(written(30, 40, memory(10, 20).build()))
        .containsExactly(OLD_MEMORY + " 10", OLD_BOTH + " 20", "cpu.shares 5");
  }

  @Test
  void whatWasWrittenLastGoesBackFirst() throws IOException {
    Files.createDirectories(directory.resolve(REFUSED));
    assertThat(written(10, 20, memory(30, 40).hugePages("2MB", 0).build()))
        .containsExactly(
            OLD_BOTH + " 40",
            OLD_MEMORY + " 30",
            "cpu.shares 5",
            "cpu.shares 1024",
            OLD_MEMORY + " 10",
            OLD_BOTH + " 20",
            "PERMISSION_DENIED");
    assertThat(written(30, 40, memory(10, 20).hugePages("2MB", 0).build()))
        .containsExactly(
            OLD_MEMORY + " 10",
            OLD_BOTH + " 20",
            "cpu.shares 5",
            "cpu.shares 1024",
            OLD_BOTH + " 40",
            OLD_MEMORY + " 30",
            "PERMISSION_DENIED");
  }

  /** What the new hierarchy is told to have, it makes room for by killing. */
  @Test
  void memoryThatIsUsedMeanwhileIsNotTakenBack() throws IOException {
    Files.createDirectories(directory.resolve(REFUSED));
    Path limit = Files.writeString(directory.resolve("memory.max"), "100\n");
    Files.writeString(directory.resolve("memory.current"), "150\n");
    Files.writeString(directory.resolve("pids.max"), "50\n");
    Resources refused = Resources.builder().memory(200).pids(60).hugePages("2MB", 0).build();
    assertThatThrownBy(() -> GroupDirectory.of(directory).update(refused))
        .hasMessageContaining(REFUSED)
        .satisfies(
            e ->
                assertThat(e.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .contains("memory cannot be limited to 100 bytes: 150 are in use"));
    assertThat(limit).hasContent("200");
    assertThat(directory.resolve("pids.max")).hasContent("50\n");
    Files.writeString(directory.resolve("memory.current"), "90\n");
    Resources further = refused.toBuilder().memory(300).build();
    assertThatThrownBy(() -> GroupDirectory.of(directory).update(further))
        .hasMessageContaining(REFUSED);
    assertThat(limit).hasContent("200");
  }
}
