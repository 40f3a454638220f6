package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.NativeAccess;
import io.runcible.runtime.CgroupManager;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.ResourceUsage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Control groups on cgroup v2 with systemd, of root or of an ordinary user, whoever runs this. For
 * the guest of {@code src/test/guest}: what the name of a test class usually ends with would have
 * it run elsewhere.
 */
class CgroupsInGuest {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final boolean ROOT = NativeAccess.isRoot();

  @BeforeAll
  static void needUnifiedTree() {
    HostTools.require(Cgroups.detect().mode() == Cgroups.Mode.V2, "this host has no cgroup v2");
    HostTools.require(
        Files.isDirectory(Path.of("/run/systemd/system")), "systemd does not run here");
  }

  @ParameterizedTest
  @CsvSource({"runc,SYSTEMD", "crun,SYSTEMD", "runc,CGROUPFS", "crun,CGROUPFS"})
  void containersAreLimitedMeasuredAndStopped(String runtime, CgroupManager manager) {
    try (ContainerEngine engine =
        ENGINE.root().engine().runtime(runtime).cgroupManager(manager).build()) {
      try (Container container =
          engine.run(ENGINE.sh("sleep 600").memory("64m").pids(50).cpus(0.5).build())) {
        ResourceUsage usage = container.stats().usage();
        assertThat(usage.memoryLimit()).hasValue(64 << 20);
        assertThat(usage.processLimit()).hasValue(50);
        assertThat(usage.cpuTime().orElseThrow()).isPositive();
        assertThat(container.top()).hasSize(1);
        assertThat(group(container).toString().endsWith(".scope"))
            .isEqualTo(manager == CgroupManager.SYSTEMD);
        container.pause();
        assertThat(container.isPaused()).isTrue();
        container.resume();
        assertThat(container.isPaused()).isFalse();
        container.update(Limits.unchanged().withMemory("128m").withPids(9).withCpus(0.25));
        if (manager == CgroupManager.SYSTEMD) {
          systemctl("daemon-reload");
        }
        assertThat(container.stats().usage().memoryLimit()).hasValue(128 << 20);
        assertThat(container.stats().usage().processLimit()).hasValue(9);
        assertThat(container.exec("sh", "-c", "exit 3").waitFor().code()).isEqualTo(3);
        container.restart(Duration.ZERO);
        assertThat(container.stats().usage().memoryLimit()).hasValue(128 << 20);
      }
      memoryRunsOut(engine);
    }
    assertThat(units()).isEmpty();
  }

  private static void memoryRunsOut(ContainerEngine engine) {
    try (Container container =
        engine.run(ENGINE.sh("tail /dev/zero; exit 3").memory("16m").build())) {
      assertThat(container.waitFor(TestEngine.LIMIT))
          .contains(ExitStatus.ofExit(3).withOutOfMemory(true));
      assertThat(container.stats().usage().oomKills()).hasValue(1);
    }
    try (Container container = engine.run(ENGINE.sh("sleep 600").memory("16m").build())) {
      container.kill("KILL");
      assertThat(container.waitFor().outOfMemory()).isFalse();
    }
  }

  @Test
  void containersEndWithAKilledEngine() throws Exception {
    String reference = ENGINE.reference("busybox");
    try (ChildJvm jvm =
        ChildJvm.start(EngineProgram.class, "run-and-wait", ENGINE.root().path(), reference)) {
      assertThat(jvm.line()).isEqualTo("running");
      jvm.kill();
    }
    ENGINE.open().close();
    assertThat(units()).isEmpty();
  }

  @Test
  void theHostSaysWhatItOffers() {
    Capabilities capabilities = Capabilities.ofThisHost();
    assertThat(capabilities.has("cgroups")).isTrue();
    assertThat(capabilities.toString())
        .contains(
            ROOT ? "by CGROUPFS" : "by SYSTEMD below /user.slice/", "V2 [", " memory, ", " pids");
  }

  @Test
  void privateGroupsAreSeenInside() {
    assertThat(ENGINE.run(ENGINE.sh("cat /proc/self/cgroup")).output()).isEqualTo("0::/");
    assertThat(ENGINE.run(ENGINE.sh("mkdir /sys/fs/cgroup/x")).stderr())
        .contains("Read-only file system");
  }

  private static Path group(Container container) {
    try {
      String line = Files.readString(Path.of("/proc/" + container.pid().orElseThrow() + "/cgroup"));
      Path path = Path.of(line.strip().substring("0::".length()));
      return path;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> units() {
    return systemctl("list-units", "--all", "--plain", "--no-legend", "runcible-*")
        .lines()
        .toList();
  }

  private static String systemctl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("systemctl", ROOT ? "--system" : "--user"));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor()).as(said).isZero();
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
