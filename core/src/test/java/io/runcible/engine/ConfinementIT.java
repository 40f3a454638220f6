package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.Selinux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a container may not do, seen from its inside. */
class ConfinementIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir Path directory;

  private static String status(ContainerSpec.Builder spec) {
    return ENGINE
        .run(spec.command("grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"))
        .output();
  }

  @Test
  void rootHasTheUsualCapabilities() {
    assertThat(status(ENGINE.spec("busybox")).lines())
        .containsExactly(
            "CapInh:\t0000000000000000",
            "CapPrm:\t00000000800405fb",
            "CapEff:\t00000000800405fb",
            "CapBnd:\t00000000800405fb",
            "CapAmb:\t0000000000000000",
            "NoNewPrivs:\t1",
            "Seccomp:\t2");
  }

  @Test
  void otherUserHasNoCapabilities() {
    assertThat(status(ENGINE.spec("busybox").user("app")))
        .contains(
            "CapInh:\t0000000000000000",
            "CapPrm:\t0000000000000000",
            "CapEff:\t0000000000000000",
            "CapAmb:\t0000000000000000");
  }

  @Test
  void capabilitiesCanBeChosen() {
    assertThat(status(ENGINE.spec("busybox").dropCapability("ALL")))
        .contains("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000");
    assertThat(
            status(ENGINE.spec("busybox").dropCapability("all").addCapability("net_bind_service")))
        .contains("CapEff:\t0000000000000400", "CapBnd:\t0000000000000400");
    assertThat(status(ENGINE.spec("busybox").allowNewPrivileges())).contains("NoNewPrivs:\t0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mount -t tmpfs none /tmp",
        "umount /proc",
        "mount -o remount,rw /sys",
        "unshare -U true",
        "unshare -m true",
        "chroot / mknod /tmp/disk b 8 0 && cat /tmp/disk",
        "hostname other",
        "hwclock -w",
        "ip link add dummy0 type dummy",
        "echo 1 >/proc/sys/kernel/panic",
        "echo b >/proc/sysrq-trigger",
        "echo x >/proc/1/oom_score_adj -2000",
        "cat /dev/mem",
        "dmesg",
        "swapon /tmp",
        "insmod /tmp/x.ko",
        "mkdir /sys/fs/cgroup/new",
        "mkdir /sys/fs/cgroup/memory/new",
        "setsid chrt -f 50 true"
      })
  void isDenied(String script) {
    TestEngine.Ended ended = ENGINE.run(ENGINE.sh("(" + script + ") 2>&1 && echo ALLOWED"));
    assertThat(ended.stdout()).doesNotContain("ALLOWED", "not found", "usage:", "Usage:");
  }

  /** Name, number on x86-64, number on arm64. */
  @ParameterizedTest
  @CsvSource({
    "mount, 165, 40",
    "init_module, 175, 105",
    "kexec_load, 246, 104",
    "add_key, 248, 217",
    "request_key, 249, 218",
    "keyctl, 250, 219",
    "unshare, 272, 97",
    "perf_event_open, 298, 241",
    "open_by_handle_at, 304, 265",
    "bpf, 321, 280",
    "userfaultfd, 323, 282",
    "io_uring_setup, 425, 425",
    "move_mount, 429, 429",
    "fsopen, 430, 430",
    "mount_setattr, 442, 442"
  })
  void systemCallIsDenied(String name, int x86, int arm) {
    int number = System.getProperty("os.arch").equals("aarch64") ? arm : x86;
    // A zeroed page as every argument: the kernel itself would say EINVAL or EFAULT.
    String script =
        "my $b = \"\\0\" x 4096; $! = 0; my $r = syscall("
            + number
            + ", $b, $b, $b, 0, 0);"
            + " print $r < 0 ? $! + 0 : \"allowed\"";
    String errno = ENGINE.run(ENGINE.spec("slim").command("perl", "-e", script)).output();
    assertThat(errno).as(name).isIn("1", "38");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"})
  void isMasked(String path) {
    assertThat(ENGINE.run(ENGINE.sh("head -c 1 " + path + " | wc -c; ls -A " + path)).stdout())
        .startsWith("0\n")
        .hasSizeLessThan(("0\n" + path + "\n").length() + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/sys", "/proc/bus", "/proc/irq", "/sys"})
  void isReadOnly(String path) {
    assertThat(ENGINE.run(ENGINE.sh("grep ' " + path + " ' /proc/mounts")).output())
        .contains(" ro,");
  }

  @Test
  void devicesAreFew() {
    List<String> found =
        new ArrayList<>(ENGINE.run(ENGINE.sh("ls /dev")).output().lines().toList());
    // runc makes it where the host has what it leads to, which is masked.
    boolean linked = Differences.isOnCrun() || Files.exists(Path.of("/proc/kcore"));
    assertThat(found.remove("core")).isEqualTo(linked);
    if (linked) {
      assertThat(ENGINE.run(ENGINE.sh("readlink /dev/core; cat /dev/core | wc -c")).output())
          .isEqualTo("/proc/kcore\n0");
    }
    assertThat(found)
        .containsExactlyInAnyOrder(
            "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
            "stdout", "tty", "urandom", "zero");
  }

  @Test
  void descriptorsOfTheEngineAreNotInherited() {
    assertThat(ENGINE.run(ENGINE.sh("ls /proc/self/fd | wc -w")).output()).isIn("4", "3");
  }

  @Test
  void processesOfTheHostAreNotSeen() {
    assertThat(ENGINE.run(ENGINE.sh("ls -d /proc/[0-9]* | wc -l")).output()).isIn("1", "2", "3");
  }

  @Test
  void selinuxLabelsNeedAHostWithThem() {
    HostTools.require(!Selinux.ofThisHost().isEnabled(), "this is for hosts without SELinux");
    String reason = NativeAccess.isRoot() ? "no SELinux" : "need root";
    String label = "system_u:object_r:container_file_t:s0:c1,c2";
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").selinuxLabels(label, label)),
        ErrorKind.UNSUPPORTED,
        reason);
    Mount mount = Mount.bind(directory, "/d");
    for (Mount relabeled : List.of(mount.relabeled(true), mount.relabeled(false).readOnly())) {
      RunIT.assertFails(
          () -> ENGINE.run(ENGINE.sh("true").mount(relabeled)), ErrorKind.UNSUPPORTED, reason);
    }
    RunIT.assertFails(() -> Mount.tmpfs("/d").relabeled(true), ErrorKind.INVALID_INPUT);
  }

  @Test
  void anotherLabelStaysInItsTree() throws IOException {
    HostTools.require(!Selinux.ofThisHost().isEnabled(), "SELinux knows no label of this test");
    HostTools.requireRoot();
    Path tree = Files.createDirectories(directory.resolve("tree/sub")).getParent();
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(tree.resolve("sub/file"), "");
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Path mounted = Files.createDirectory(tree.resolve("mounted"));
    try (PrivilegedHost host = PrivilegedHost.open()) {
      host.mountAgain(outside, mounted); // Of the same file system.
      try {
        Selinux.relabel(tree, "u:r:t:s0");
      } finally {
        host.unmount(mounted);
      }
    }
    try (FileDescriptor root = FileCalls.openDirectory(directory)) {
      for (String name : List.of("tree", "tree/sub", "tree/sub/file", "tree/link")) {
        assertThat(AttributeCalls.get(root, name, "security.selinux"))
            .as(name)
            .hasValueSatisfying(
                value -> assertThat(new String(value, UTF_8)).startsWith("u:r:t:s0"));
      }
      assertThat(AttributeCalls.get(root, "outside", "security.selinux")).isEmpty();
    }
    RunIT.assertFails(() -> Selinux.relabel(Path.of("/etc"), "u:r:t:s0"), ErrorKind.INVALID_INPUT);
    Path link = Files.createSymbolicLink(directory.resolve("etc"), Path.of("/usr"));
    RunIT.assertFails(() -> Selinux.relabel(link, "u:r:t:s0"), ErrorKind.INVALID_INPUT);
  }
}
