package io.runcible.runtime;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CgroupsTest {
  @TempDir Path directory;

  private Cgroups read(String mountinfo) throws IOException {
    return read(directory, mountinfo);
  }

  static Cgroups read(Path directory, String mountinfo) throws IOException {
    Path self = Files.createDirectories(directory.resolve("proc/self"));
    Files.writeString(self.resolve("mountinfo"), mountinfo);
    return Cgroups.read(directory.resolve("proc"), directory);
  }

  /** The directory of a mount point in the simulated tree. */
  private Path make(String path) throws IOException {
    return Files.createDirectories(directory.resolve(path));
  }

  private static final String ROOT_FS = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";
  private static final String V1 =
      ROOT_FS
          + "31 22 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
          + "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct\n"
          + "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
          + "38 31 0:35 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
          + "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
  private static final String UNIFIED =
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  private static final String V2 =
      ROOT_FS + "30 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

  @Nested
  class Detection {
    @Test
    void eachControllerMountedAloneIsV1() throws IOException {
      Cgroups cgroups = read(V1);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.V1);
      assertThat(cgroups.has("memory")).isTrue();
      assertThat(cgroups.has("cpuacct")).isTrue();
      assertThat(cgroups.has("pids")).isFalse();
      assertThat(cgroups.has("hugetlb")).isFalse();
    }

    @Test
    void bothGenerationsAreHybridAndOnlyTheOlderLimits() throws IOException {
      Path unified = make("sys/fs/cgroup/unified");
      Files.writeString(unified.resolve("cgroup.controllers"), "hugetlb\n");
      Cgroups cgroups = read(V1 + UNIFIED);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.HYBRID);
      assertThat(cgroups.has("memory")).isTrue();
      assertThat(cgroups.has("hugetlb")).isFalse();
    }

    @Test
    void unifiedTreeAloneIsV2() throws IOException {
      Path mount = make("sys/fs/cgroup");
      Files.writeString(mount.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
      Cgroups cgroups = read(V2);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.V2);
      assertThat(cgroups.has("pids")).isTrue();
      assertThat(cgroups.has("devices")).isFalse();
    }

    @Test
    void namedHierarchyBesideTheUnifiedTreeIsV2() throws IOException {
      Cgroups cgroups =
          read(
              ROOT_FS
                  + "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                  + UNIFIED);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.V2);
    }

    /** Who may mount anything may choose such names. */
    @Test
    void namesOfOtherMountsMayBeAnyBytes() throws IOException {
      String line = "50 22 0:50 / /media/\u00ff\r\u00e4 rw - fuse x rw\n";
      read(V2);
      Path table = directory.resolve("proc/self/mountinfo");
      Files.write(table, (line + V2).getBytes(ISO_8859_1));

      Cgroups cgroups = Cgroups.read(directory.resolve("proc"), directory);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.V2);
      assertThat(cgroups.mounts()).containsExactly(directory.resolve("sys/fs/cgroup"));
    }

    @Test
    void hostWithoutAnyHasNone() throws IOException {
      Cgroups cgroups = read(ROOT_FS);

      assertThat(cgroups.mode()).isEqualTo(Cgroups.Mode.NONE);
      assertThat(cgroups.group("/x").directories()).isEmpty();
      assertThat(cgroups.group("/x").exists()).isFalse();
    }

    @Test
    void hierarchyThatIsMountedTwiceCountsOnce() throws IOException {
      Cgroups cgroups =
          read(V2 + "90 22 0:26 / /other/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");

      assertThat(cgroups.mounts()).containsExactly(directory.resolve("sys/fs/cgroup"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "1 2 3 4 5 6 -", "a b c d e f - cgroup", "- - - - - -"})
    void strangeLinesAreSkipped(String line) throws IOException {
      assertThat(read(line + "\n" + V1).mode()).isEqualTo(Cgroups.Mode.V1);
    }
  }

  @Nested
  class Groups {
    @Test
    void groupHasADirectoryInEachHierarchy() throws IOException {
      Path base = directory.resolve("sys/fs/cgroup");

      assertThat(read(V1 + UNIFIED).group("/runcible/one").directories())
          .containsExactly(
              base.resolve("cpu,cpuacct/runcible/one"),
              base.resolve("memory/runcible/one"),
              base.resolve("freezer/runcible/one"),
              base.resolve("systemd/runcible/one"),
              base.resolve("unified/runcible/one"));
    }

    @Test
    void fileIsLookedForWhereItsControllerIs() throws IOException {
      String base = "sys/fs/cgroup/";
      Files.writeString(make(base + "unified").resolve("cgroup.controllers"), "hugetlb\n");
      Cgroup group = read(V1 + UNIFIED).group("/one");
      Path memory = make(base + "memory/one");
      Path unified = make(base + "unified/one");
      Path cpu = make(base + "cpu,cpuacct/one");
      for (Path directory : List.of(memory, unified, cpu)) {
        for (String name : List.of("memory.stat", "cpu.stat", "hugetlb.x", "cgroup.procs")) {
          Files.writeString(directory.resolve(name), "");
        }
      }

      assertThat(group.files("memory.stat")).containsExactly(memory.resolve("memory.stat"));
      assertThat(group.files("cpu.stat"))
          .containsExactly(cpu.resolve("cpu.stat"), unified.resolve("cpu.stat"));
      assertThat(group.files("hugetlb.x")).containsExactly(unified.resolve("hugetlb.x"));
      assertThat(group.files("cgroup.procs")).hasSize(3);
      assertThat(group.files("pids.max")).isEmpty();
    }

    @Test
    void unifiedTreeAloneMayHaveAnyFile() throws IOException {
      Cgroup group = read(V2).group("/one");
      Path directory = make("sys/fs/cgroup/one");
      Files.writeString(directory.resolve("io.stat"), "");

      assertThat(group.files("io.stat")).containsExactly(directory.resolve("io.stat"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "a", "/a/../b", "/a//b", "/./a", "/a/", "/a\0b"})
    void pathThatCouldMeanAnotherGroupIsRefused(String path) throws IOException {
      Cgroups cgroups = read(V1);

      assertThatThrownBy(() -> cgroups.group(path))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }

    @Test
    void processesOfAllHierarchiesAndSubgroupsAreFound() throws IOException {
      Files.writeString(make("sys/fs/cgroup/memory/g").resolve("cgroup.procs"), "11\n12\n");
      Files.writeString(make("sys/fs/cgroup/memory/g/sub").resolve("cgroup.procs"), "13\n");
      Files.writeString(make("sys/fs/cgroup/freezer/g").resolve("cgroup.procs"), "12\n0\n");

      assertThat(read(V1).group("/g").pids()).containsExactlyInAnyOrder(11, 12, 13);
    }

    @Test
    void oomKillsAreReadInBothGenerations() throws IOException {
      Files.writeString(
          make("sys/fs/cgroup/memory/g").resolve("memory.oom_control"),
          "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
      assertThat(read(V1).group("/g").oomKills()).hasValue(3);

      Files.writeString(
          make("sys/fs/cgroup/h").resolve("memory.events"),
          "low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n");
      assertThat(read(V2).group("/h").oomKills()).hasValue(2);
    }

    @Test
    void oomKillsOfAGroupThatIsGoneAreUnknown() throws IOException {
      assertThat(read(V1).group("/g").oomKills()).isEmpty();
    }

    @Test
    void olderFreezerIsWrittenFirst() throws IOException {
      Path freezer = make("sys/fs/cgroup/freezer/g");
      Path unified = make("sys/fs/cgroup/unified/g");
      Files.writeString(freezer.resolve("freezer.state"), "THAWED\n");
      Files.writeString(unified.resolve("cgroup.freeze"), "0\n");
      Cgroup group = read(V1 + UNIFIED).group("/g");

      group.freeze();

      assertThat(freezer.resolve("freezer.state")).hasContent("FROZEN");
      assertThat(unified.resolve("cgroup.freeze")).hasContent("0");
      assertThat(group.isFrozen()).isTrue();
      group.thaw();
      assertThat(group.isFrozen()).isFalse();
    }

    @Test
    void groupWithoutFreezerCannotBePaused() throws IOException {
      make("sys/fs/cgroup/memory/g");
      Cgroup group = read(V1).group("/g");

      assertThatThrownBy(group::freeze)
          .isInstanceOfSatisfying(
              RuncibleException.class,
              failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
    }

    /** A runtime removes it when its last process has ended, whoever is about to resume it. */
    @Test
    void groupThatIsGoneHasGoneOn() throws IOException {
      Cgroup group = read(V1).group("/g");
      assertThatCode(group::thaw).doesNotThrowAnyException();
      Path freezer = make("sys/fs/cgroup/freezer/g");
      for (int i = 0; i < 200; i++) {
        Files.createDirectories(freezer);
        Files.writeString(freezer.resolve("freezer.state"), "FROZEN\n");
        Thread removal = new Thread(() -> remove(freezer));
        removal.start();
        assertThatCode(group::thaw).doesNotThrowAnyException();
        join(removal);
      }
    }

    private static void remove(Path freezer) {
      try {
        Files.deleteIfExists(freezer.resolve("freezer.state"));
        Files.deleteIfExists(freezer);
      } catch (IOException e) {
        // Written anew meanwhile, which the kernel's file cannot be.
      }
    }

    private static void join(Thread thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }

    @Test
    void subgroupsAreRemovedBeforeTheGroup() throws IOException {
      make("sys/fs/cgroup/memory/g/a/b");
      make("sys/fs/cgroup/memory/g/c");
      Path other = make("sys/fs/cgroup/memory/gg");
      Cgroup group = read(V1).group("/g");
      assertThat(group.exists()).isTrue();

      group.remove();
      group.remove();

      assertThat(group.exists()).isFalse();
      assertThat(other).isDirectory();
    }
  }
}
