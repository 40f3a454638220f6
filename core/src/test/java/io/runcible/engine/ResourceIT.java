package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.network.Network;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.Hook;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.IoLimit;
import io.runcible.runtime.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Limits and settings beyond memory, processors and processes; devices and hooks. */
class ResourceIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir Path directory;

  private static String group(String newFile, String oldFile) {
    return "(cat /sys/fs/cgroup/%s 2>/dev/null || cat /sys/fs/cgroup/*/%s) | head -n 1; "
        .formatted(newFile, oldFile);
  }

  private static String ownProcessors() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("Cpus_allowed_list:"))
        .map(line -> line.split("\t")[1])
        .findFirst()
        .orElseThrow();
  }

  @Test
  void settingsAreThoseThatWereAskedFor() throws IOException {
    String script =
        "ulimit -n; ulimit -Ss; ulimit -Hs; ulimit -c; cat /proc/sys/net/core/somaxconn"
            + " /proc/sys/kernel/msgmax /proc/self/oom_score_adj;"
            + " grep -o 'Cpus_allowed_list.*' /proc/self/status | cut -f 2";
    ContainerSpec.Builder spec =
        ENGINE
            .sh("sleep 600")
            // Not two different ones: in some releases of runc the Go runtime raises the soft one.
            .ulimit("nofile", 100, 100)
            .ulimit("stack", 4 << 20, 6 << 20)
            .ulimit("core", 0, 0)
            .sysctl("net.core.somaxconn", "77")
            .sysctl("kernel.msgmax", "4096")
            .oomScoreAdj(321)
            .resources(Resources.builder().cpus("0").memoryNodes("0").build());
    String processors = Differences.hasControlGroups() ? "0" : ownProcessors();
    try (Container container = ENGINE.get().run(spec.build())) {
      // An exec has the same.
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output())
          .isEqualTo("100\n4096\n6144\n0\n77\n4096\n321\n" + processors);
      assertThat(
              TestEngine.ended(container.exec("sh", "-c", "cut -d' ' -f1,4- /proc/1/limits"))
                  .output())
          .contains("Max");
    }
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").sysctl("kernel.panic", "1")),
        ErrorKind.INVALID_INPUT,
        "kernel.panic");
    RunIT.assertFails(
        () ->
            ENGINE.run(ENGINE.sh("true").network(Network.HOST).sysctl("net.core.somaxconn", "77")),
        ErrorKind.INVALID_INPUT,
        "net.core.somaxconn");
    RunIT.assertFails(() -> ENGINE.sh("").ulimit("no", 1, 1), ErrorKind.INVALID_INPUT, "NO");
    RunIT.assertFails(() -> ENGINE.sh("").ulimit("nofile", 2, 1), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> ENGINE.sh("").oomScoreAdj(1001), ErrorKind.INVALID_INPUT, "1001");
  }

  /** The numbers of a block device that something is mounted from. */
  private static String device() throws IOException {
    String device =
        Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
            .map(line -> line.split(" ")[2])
            .filter(number -> Files.exists(Path.of("/sys/dev/block", number)))
            .findFirst()
            .orElse("");
    HostTools.require(!device.isEmpty(), "no block device is mounted");
    return device;
  }

  /** Bytes of memory and swap together, as far as the kernel counts them. */
  private static String swap() {
    return "cat /sys/fs/cgroup/memory.swap.max /sys/fs/cgroup/*/memory.memsw.limit_in_bytes"
        + " 2>/dev/null | head -n 1; ";
  }

  private static String swap(long both, long memory) {
    return String.valueOf(Cgroups.detect().mode() == Cgroups.Mode.V2 ? both - memory : both);
  }

  /** No kernel has to count it. */
  private static boolean countsSwap() {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      return HostLimits.detect(host)
          .clamp(Resources.builder().memory(64 << 20).memoryAndSwap(96 << 20).build())
          .notes()
          .isEmpty();
    }
  }

  @Test
  void groupHasTheLimits() throws IOException {
    Cgroups groups = Cgroups.detect();
    String io = groups.has("io") ? "io" : "blkio";
    for (String controller : new String[] {"memory", "pids", io}) {
      HostTools.require(groups.has(controller), "no " + controller + " control group");
    }
    String[] number = device().split(":", -1);
    Resources resources =
        Resources.builder()
            .memory(64 << 20)
            .memoryAndSwap(96 << 20)
            .memoryReservation(32 << 20)
            .pids(77)
            .ioLimit(new IoLimit(IoLimit.Kind.READ_BYTES, Integer.parseInt(number[0]), 0, 1 << 20))
            .build();
    String script =
        group("memory.max", "memory.limit_in_bytes")
            + group("memory.low", "memory.soft_limit_in_bytes")
            + group("pids.max", "pids.max")
            + group("io.max", "blkio.throttle.read_bps_device");
    String said = ENGINE.run(ENGINE.sh(script).resources(resources)).output();
    assertThat(said.lines().limit(3)).containsExactly("67108864", "33554432", "77");
    assertThat(said.lines().skip(3).findFirst().orElse("")).contains("1048576");
    if (countsSwap()) {
      assertThat(ENGINE.run(ENGINE.sh(swap()).resources(resources)).output())
          .isEqualTo(swap(96 << 20, 64 << 20));
    }
    // What has a method of its own counts more.
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh(
                            group("memory.max", "memory.limit_in_bytes")
                                + group("pids.max", "pids.max"))
                        .resources(resources)
                        .memory("32m")
                        .pids(55))
                .output())
        .isEqualTo("33554432\n55");
  }

  @Test
  void allLimitsChangeWhileItRuns() throws IOException {
    Cgroups groups = Cgroups.detect();
    String io = groups.has("io") ? "io" : "blkio";
    for (String controller : new String[] {"memory", "pids", "cpu", "cpuset", io}) {
      HostTools.require(groups.has(controller), "no " + controller + " control group");
    }
    String[] number = device().split(":", -1);
    String script =
        group("cpuset.cpus", "cpuset.cpus")
            + group("cpuset.mems", "cpuset.mems")
            + group("cpu.weight", "cpu.shares")
            + group("memory.low", "memory.soft_limit_in_bytes")
            + group("memory.max", "memory.limit_in_bytes")
            + group("pids.max", "pids.max")
            + group("io.max", "blkio.throttle.write_bps_device");
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").memory("64m").pids(50).build())) {
      Resources.Builder changed =
          Resources.builder()
              .cpus("0")
              .memoryNodes("0")
              .cpuShares(2048)
              .memory(96 << 20)
              .memoryReservation(48 << 20)
              .pids(60)
              .ioLimit(
                  new IoLimit(IoLimit.Kind.WRITE_BYTES, Integer.parseInt(number[0]), 0, 2 << 20));
      if (countsSwap()) {
        changed.memoryAndSwap(128 << 20);
      }
      container.update(changed.build());
      assertThat(container.inspect().limits().memory()).hasValue(96 << 20);
      String shares = groups.mode() == Cgroups.Mode.V2 ? "79" : "2048";
      for (int i = 0; i < 2; i++) {
        String said = TestEngine.ended(container.exec("sh", "-c", script)).output();
        assertThat(said.lines().limit(6))
            .containsExactly("0", "0", shares, "50331648", "100663296", "60");
        assertThat(said).contains("2097152");
        if (countsSwap()) {
          assertThat(TestEngine.ended(container.exec("sh", "-c", swap())).output())
              .isEqualTo(swap(128 << 20, 96 << 20));
        }
        // The next run has them, too.
        container.restart(Duration.ZERO);
      }
      RunIT.assertFails(
          () -> container.update(Resources.builder().hugePages("3MB", 0).build()),
          ErrorKind.UNSUPPORTED,
          "hugetlb");
    }
  }

  @Test
  void refusedLimitsLeaveAllOfThemAsTheyWere() {
    Cgroups groups = Cgroups.detect();
    for (String controller : new String[] {"memory", "pids", "cpu", "cpuset"}) {
      HostTools.require(groups.has(controller), "no " + controller + " control group");
    }
    String script =
        group("memory.max", "memory.limit_in_bytes")
            + group("cpu.weight", "cpu.shares")
            + group("pids.max", "pids.max");
    ContainerSpec.Builder spec = ENGINE.sh("sleep 600").memory("64m").pids(50);
    try (Container container = ENGINE.get().run(spec.build())) {
      String before = TestEngine.ended(container.exec("sh", "-c", script)).output();
      assertThat(before).startsWith("67108864\n").endsWith("\n50");
      Limits limits = Limits.unchanged().withMemory("96m").withPids(60);
      Resources.Builder others = Resources.builder().cpuShares(2048);
      // This host cannot do the one, and its kernel refuses the other.
      RunIT.assertFails(
          () -> container.update(limits, others.hugePages("3MB", 0).build()),
          ErrorKind.UNSUPPORTED,
          "hugetlb");
      RunIT.assertFails(
          () -> container.update(limits, Resources.builder().cpuShares(2048).cpus("99999").build()),
          ErrorKind.PERMISSION_DENIED,
          "cpuset");
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output()).isEqualTo(before);
      assertThat(container.inspect().limits().pids()).hasValue(50);
      container.update(limits, Resources.builder().cpuShares(2048).build());
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output())
          .startsWith("100663296\n")
          .endsWith("\n60");
      assertThat(container.inspect().limits().memory()).hasValue(96 << 20);
    }
  }

  @Test
  void deviceCanBeUsedAsItWasGiven() {
    Path device = Path.of("/dev/fuse");
    HostTools.require(Files.exists(device), "there is no " + device);
    String script =
        "stat -c '%t %T %A' /dev/own; (: </dev/own) && echo read; (: >/dev/own) && echo written";
    TestEngine.Ended ended =
        ENGINE.run(ENGINE.sh(script).device(Device.of(device).at("/dev/own").access("r")));
    assertThat(ended.stdout()).matches("a e5 crw-.*\nread\n");
    assertThat(ended.stderr()).contains("/dev/own: Operation not permitted");
    // Nobody else gets it, also not who can make such a file.
    assertThat(
            ENGINE
                .run(ENGINE.sh("mknod /tmp/x c 10 229; cat /tmp/x").addCapability("MKNOD"))
                .stderr())
        .contains("Operation not permitted");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").device(Device.of(Path.of("/dev/no-such")))),
        ErrorKind.NOT_FOUND,
        "/dev/no-such");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").device(Device.of(directory))),
        ErrorKind.INVALID_INPUT,
        "no device");
    RunIT.assertFails(() -> Device.of(device).at("x"), ErrorKind.INVALID_INPUT, "'x'");
    for (String access : new String[] {"", "x", "rr", "wr"}) {
      RunIT.assertFails(() -> Device.of(device).access(access), ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void hooksRunAtTheirMoments() {
    Path created = directory.resolve("created");
    Path stopped = directory.resolve("stopped");
    ContainerSpec.Builder spec =
        ENGINE
            .sh("cat /tmp/started")
            .name("hooked")
            .hook(Hook.of(Hook.Stage.CREATE_RUNTIME, "/bin/sh", "-c", "cat >" + created))
            .hook(Hook.of(Hook.Stage.START_CONTAINER, "/bin/sh", "-c", "echo in >/tmp/started"))
            .hook(Hook.of(Hook.Stage.POSTSTOP, "/bin/sh", "-c", "cat >" + stopped));
    assertThat(ENGINE.run(spec).output()).isEqualTo("in");
    assertThat(created).content().contains("\"id\":\"hooked\"", "\"pid\":");
    assertThat(stopped).content().contains("\"id\":\"hooked\"");
    RunIT.assertFails(
        () ->
            ENGINE.run(
                ENGINE
                    .sh("true")
                    .hook(Hook.of(Hook.Stage.CREATE_RUNTIME, "/bin/sh", "-c", "exit 3"))),
        ErrorKind.INTERNAL);
    RunIT.assertFails(
        () -> Hook.of(Hook.Stage.POSTSTART, "sh"), ErrorKind.INVALID_INPUT, "absolute");
  }
}
