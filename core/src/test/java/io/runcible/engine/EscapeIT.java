package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerWriter;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.runtime.SeccompProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Ways out of a container, or to the host's harm, each tried and refused. */
class EscapeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** None of them succeeds in a container with more rights than usual. */
  private static final List<String> ATTEMPTS =
      List.of(
          // Writes to the kernel.
          "echo x >/proc/sys/kernel/core_pattern",
          "echo x >/proc/sys/kernel/modprobe",
          "echo x >/proc/sys/kernel/hostname",
          "echo 1 >/proc/sys/vm/drop_caches",
          "echo h >/proc/sysrq-trigger",
          "echo 1 >/proc/irq/default_smp_affinity",
          "echo x >/sys/kernel/uevent_helper",
          "echo 0 >/sys/kernel/profiling",
          "echo change >/sys/class/mem/null/uevent",
          "echo /tmp/x >/sys/fs/cgroup/release_agent",
          "echo /tmp/x >/sys/fs/cgroup/*/release_agent",
          "echo 1 >/sys/fs/cgroup/notify_on_release",
          "mkdir /sys/fs/cgroup/x",
          "mkdir /sys/fs/cgroup/pids/x",
          "echo -1000 >/proc/self/oom_score_adj",
          // Mounts.
          "mount -t proc proc /mnt",
          "mount -t sysfs sysfs /mnt",
          "mount -t cgroup -o memory cgroup /mnt",
          "mount -t cgroup2 cgroup2 /mnt",
          "mount -t devtmpfs dev /mnt",
          "mount -o bind / /mnt",
          "mount -o remount,rw /proc/sys",
          "mount -o remount,rw /sys",
          "umount /proc/sys",
          "umount -l /proc/kcore",
          "umount /sys/fs/cgroup",
          "umount /dev/shm",
          "pivot_root / /mnt",
          // Other namespaces, and more capabilities.
          "unshare -r true",
          "unshare -m true",
          "unshare -n true",
          "unshare -p true",
          "nsenter -t 1 -m true",
          "nsenter -t 1 -n true",
          "setpriv --ambient-caps +net_raw grep -q 'CapAmb.*[1-9a-f]' /proc/self/status",
          "su -c 'mount -t tmpfs x /mnt'",
          // Devices.
          "mknod /tmp/disk b 7 0",
          "mknod /tmp/mem c 1 1",
          "mknod /tmp/kmsg c 1 11",
          "cat /dev/mem",
          "cat /dev/kmsg",
          "cat /dev/sda",
          "cat /dev/vda",
          "cat /dev/loop0",
          "cat /proc/kcore | grep -q .",
          "cat /proc/keys | grep -q .",
          "ls -A /sys/firmware | grep -q .",
          // The host's clock, name, memory and modules.
          "date -s 2000-01-01; date | grep -q ' 2000$'",
          "hostname other",
          "swapon /etc/passwd",
          "rmmod loop",
          "echo x >/tmp/x.ko; insmod /tmp/x.ko",
          "reboot -f -n",
          "dmesg",
          "renice -n -5 1",
          "ip link set lo mtu 1000",
          "ip addr add 192.0.2.1/32 dev lo",
          // What the engine has open, and what it is.
          "ls /proc/1/fd/3",
          "ls /proc/self/fd/5",
          "cat /proc/1/environ | tr '\\0' '\\n' | grep -qv -E '^(PATH|HOSTNAME|HOME|SHLVL|PWD)='",
          "ls /proc/[0-9]*/root" + "%1$s",
          "ls /proc/1/cwd/../../../..%1$s",
          "ls ../../../../../..%1$s",
          "ls %1$s");

  /**
   * Those that harm nobody in a user namespace of the container's own: there all of them succeed,
   * and are seen to.
   */
  private static final List<String> HARMLESS =
      List.of(
          "mount -o bind / /mnt",
          "umount /dev/shm",
          "unshare -m true",
          "unshare -n true",
          "unshare -p true",
          "hostname other",
          "ip link set lo mtu 1000",
          "ip addr add 192.0.2.1/32 dev lo");

  /** What is seen is seen in the same way where it is allowed. */
  private static final List<String> ALLOWED =
      List.of(
          "echo x >/proc/self/comm",
          "echo 1000 >/proc/self/oom_score_adj",
          "mkdir /tmp/x",
          "mknod /tmp/fifo p",
          "cat /dev/zero | head -c 1",
          "cat /proc/version | grep -q .",
          "ls -A /sys/class | grep -q .",
          "ls /proc/1/fd/2",
          "ls /proc/1/cwd/../../../../etc",
          "ls ../../../../../../etc",
          "chroot / true",
          "date | grep -q ' 20[0-9][0-9]$'",
          "A=b sh -c 'cat /proc/self/environ' | tr '\\0' '\\n' | grep -qv -E '^(PATH|HOME)='");

  /** What a shell or a program says that has tried nothing. */
  private static final Pattern NO_ATTEMPT =
      Pattern.compile("code 127|not found|[Uu]sage:|unrecognized|invalid option|syntax error");

  @TempDir Path directory;

  /** What each of these says that was refused, and nothing for one that was not. */
  private static Map<String, String> tried(Container container, List<String> attempts) {
    String host = ENGINE.root().path().toString();
    StringBuilder script = new StringBuilder();
    for (int i = 0; i < attempts.size(); i++) {
      String attempt = attempts.get(i).replace("%1$s", host);
      script.append(
          "if e=$( { (%s) </dev/null >/dev/null; } 2>&1 ); then echo '%d '; else echo %d code $? $e; fi\n"
              .formatted(attempt, i, i));
    }
    script.append("echo end");
    List<String> lines = sh(container, script.toString()).lines().toList();
    assertThat(lines).hasSize(attempts.size() + 1).endsWith("end");
    Map<String, String> said = new LinkedHashMap<>();
    for (int i = 0; i < attempts.size(); i++) {
      assertThat(lines.get(i)).startsWith(i + " ");
      said.put(attempts.get(i), lines.get(i).substring((i + " ").length()));
    }
    return said;
  }

  /** Otherwise that nothing was possible would say nothing. */
  @Test
  void attemptThatSucceedsIsSeen() {
    String host = ENGINE.root().path().toString();
    ContainerSpec.Builder spec =
        ENGINE
            .sh("sleep 600")
            .userNamespace(UserNamespace.auto())
            .addCapability("SYS_ADMIN")
            .addCapability("NET_ADMIN")
            .seccomp(SeccompProfile.unconfined())
            .mount(Mount.volume("/mnt"));
    try (Container container = ENGINE.get().run(spec.build())) {
      tried(container, HARMLESS)
          .forEach((attempt, words) -> assertThat(words).as(attempt).isEmpty());
      assertThat(ATTEMPTS).containsAll(HARMLESS);
    }
    spec = ENGINE.sh("sleep 600").mount(Mount.bind(ENGINE.root().path(), host).readOnly());
    try (Container container = ENGINE.get().run(spec.build())) {
      tried(container, ALLOWED)
          .forEach((attempt, words) -> assertThat(words).as(attempt).isEmpty());
      List<String> places =
          ATTEMPTS.stream().filter(one -> one.startsWith("ls ") && one.endsWith("%1$s")).toList();
      assertThat(places).hasSize(4);
      tried(container, places).forEach((attempt, words) -> assertThat(words).as(attempt).isEmpty());
    }
  }

  private static String sh(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).stdout();
  }

  @Test
  void attemptsAreRefused() {
    ContainerSpec spec = ENGINE.sh("sleep 600").mount(Mount.volume("/mnt")).build();
    try (Container container = ENGINE.get().run(spec)) {
      Map<String, String> said = tried(container, ATTEMPTS);
      assertThat(said).doesNotContainValue("");
      // An attempt that failed for another reason than a refusal says nothing.
      assertThat(said.values()).noneMatch(words -> NO_ATTEMPT.matcher(words).find());
      assertThat(sh(container, "ls /proc/1/fd")).isEqualTo("0\n1\n2\n");
      // Of what is executed beside that, too, whichever way its streams go.
      assertThat(sh(container, "ls /proc/$$/fd; :")).isEqualTo("0\n1\n2\n");
      ExecSpec piped = ExecSpec.builder("sh", "-c", "ls /proc/$$/fd; :").stdio(Stdio.PIPED).build();
      assertThat(container.exec(piped).stdout()).hasContent("0\n1\n2");
    }
  }

  @Test
  void bombsAreContained() {
    ContainerSpec spec =
        ENGINE
            .sh("sleep 600")
            .memory("48m")
            .pids(48)
            .mount(Mount.tmpfs("/fill").size("1m"))
            .build();
    try (Container container = ENGINE.get().run(spec)) {
      String fill = "dd if=/dev/zero of=/fill/x bs=64k count=64; stat -c %s /fill/x";
      assertThat(sh(container, fill)).isEqualTo("1048576\n");
      ExitStatus starved = container.exec("tail", "/dev/zero").waitFor();
      assertThat(starved.signal()).hasValue(9);
      assertThat(container.isRunning()).isTrue();

      // Every one of them makes two, and none waits for another.
      container.exec("sh", "-c", "b() { b & b & sleep 600; }; b").close();
      LeakCheck.pause();
      assertThat(container.stats().usage().processes().orElse(0)).isBetween(1L, 48L);
      assertThat(container.kill("KILL")).isTrue();
      container.waitFor();
    }
  }

  /** Neither the disk, nor the memory of this JVM, nor the end of the container. */
  @Test
  void outputFloodTakesNothing() throws IOException {
    int limit = 64 << 10;
    long before = heapInUse();
    ContainerSpec.Builder flood = ENGINE.spec("busybox").command("yes");
    try (Container logged = ENGINE.get().run(flood.log(LogPolicy.cri(limit, 2)).build());
        Container piped = ENGINE.get().run(flood.stdio(Stdio.PIPED).build());
        ContainerProcess exec = logged.exec(ExecSpec.builder("yes").stdio(Stdio.PIPED).build())) {
      Path log = ENGINE.directory(logged).resolve("log");
      // 32 MiB of it, of which two files are left.
      RestartIT.await(() -> newest(log) > 512);
      // The flood goes on while it is measured.
      RestartIT.await(() -> heapInUse() - before < 16 << 20);
      assertThat(piped.isRunning()).isTrue();
      assertThat(exec.isAlive()).isTrue();
      assertThat(logged.stop(Duration.ZERO)).isEqualTo(ExitStatus.ofSignal(9));
      try (Stream<Path> files = Files.list(log)) {
        assertThat(files.toList())
            .hasSize(2)
            .allSatisfy(file -> assertThat(Files.size(file)).isLessThanOrEqualTo(limit));
      }
    }
  }

  private static long newest(Path log) {
    try {
      return new CriLog(log).end().file();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long heapInUse() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** A container that is started in a directory of the host would see what is there. */
  @Test
  void workingDirectoryIsInside() {
    String host = ENGINE.root().path().toString();
    String look = "ls ../../../../../../../..%s".formatted(host);
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      for (int number = 3; number < 12; number++) {
        ExecSpec spec =
            ExecSpec.builder("sh", "-c", look).workingDirectory("/proc/self/fd/" + number).build();
        try {
          assertThat(TestEngine.ended(container.exec(spec)).status().code()).isNotZero();
        } catch (RuncibleException e) {
          assertThat(e.kind()).isNotEqualTo(ErrorKind.TIMEOUT);
        }
      }
    }
    String outside = "escape." + ENGINE.root().path().getFileName();
    load(
        new LayerWriter().addSymlink("work", "../../../../../../../tmp/" + outside),
        config -> config.workingDirectory("/work/sub").command("pwd"));
    String said = runLoaded();
    assertThat(Path.of("/tmp", outside)).doesNotExist();
    String inside = "/tmp/" + outside + "/sub";
    assertThat(said).isIn(inside, "INTERNAL", "NOT_FOUND", "INVALID_INPUT", "FAILED_PRECONDITION");
  }

  /** Runs the loaded image; tells what it says, or how it fails. */
  private static String runLoaded() {
    try (Container container =
        ENGINE.get().run(ContainerSpec.builder("registry.example/hostile:1").build())) {
      return TestEngine.ended(container).stdout().strip();
    } catch (RuncibleException e) {
      return e.kind().toString();
    }
  }

  private void load(LayerWriter layer, Consumer<ImageConfig.Builder> config) {
    try {
      layer.addFile("bin/busybox", 0755, Path.of("/bin/busybox"));
      for (String name : List.of("sh", "id", "env", "pwd")) {
        layer.addSymlink("bin/" + name, "busybox");
      }
      ImageReference name = ImageReference.parse("registry.example/hostile:1");
      Path made = Files.createTempDirectory(directory, "image");
      ImageLayout layout = ImageLayout.create(made.resolve("layout"));
      ImageAssembly.builder(Platform.host())
          .layer(layer.writeTo(made.resolve("layer")))
          .config(config)
          .build()
          .writeTo(layout, name);
      ENGINE.get().images().load(layout, name, name, ProgressListener.NONE);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void linkInThePlaceOfAKernelFileSystemIsRefused() {
    for (String name : List.of("dev", "proc", "sys")) {
      load(
          new LayerWriter().addDirectory("tmp", 0755).addSymlink(name, "/tmp"),
          config -> config.command("pwd"));
      assertThat(runLoaded()).as(name).isEqualTo("INVALID_INPUT");
    }
  }

  @Test
  void userIsNeverRootByOverflow() {
    for (String user :
        List.of("4294967296", "2147483648", "18446744073709551616", "0:4294967296", "-1", "0x0")) {
      load(new LayerWriter(), config -> config.user(user).command("id", "-u"));
      assertThat(runLoaded()).as(user).isIn("INVALID_INPUT", "NOT_FOUND");
    }
    byte[] passwd =
        ("evil:x:4294967296:0::/:/bin/sh\nevil:x:-1:0::/:/bin/sh\nbig:x:1000:4294967296::/:\n"
                + "x".repeat(5 << 20))
            .getBytes(StandardCharsets.UTF_8);
    byte[] group =
        ("many:x:4294967297:big\n" + "g:x:7:big,\n".repeat(100_000))
            .getBytes(StandardCharsets.UTF_8);
    for (String user : List.of("evil", "big:none")) {
      load(
          new LayerWriter().addFile("etc/passwd", 0644, passwd).addFile("etc/group", 0644, group),
          config -> config.user(user).command("id"));
      assertThat(runLoaded()).as(user).isEqualTo("NOT_FOUND");
    }
  }

  @Test
  void environmentIsTheImagesAndTheCallers() {
    assertThat(System.getenv("PATH")).isNotNull();
    load(
        new LayerWriter(),
        config ->
            config
                .environment(List.of("JAVA_HOME", "=x", "A=b\nINJECTED=1", "PATH=/bin", "A=c\nD=e"))
                .command("/bin/sh", "-c", "env -u HOSTNAME | sort; echo [$INJECTED$D$JAVA_HOME]"));
    assertThat(runLoaded().lines())
        .contains("A=c", "PATH=/bin", "[]")
        .noneMatch(line -> line.startsWith("JAVA_HOME"));
    load(new LayerWriter(), config -> config.environment(List.of("A=b\0C=d")).command("/bin/env"));
    assertThat(runLoaded()).isEqualTo("INVALID_INPUT");
    for (String name : List.of("", "A=B", "A\0B")) {
      RunIT.assertFails(() -> ENGINE.sh("").environment(name, "x"), ErrorKind.INVALID_INPUT);
    }
    RunIT.assertFails(() -> ENGINE.sh("").environment("A", "x\0y"), ErrorKind.INVALID_INPUT);
    assertThat(ENGINE.run(ENGINE.sh("echo [$B]; echo \"$A\"").environment("A", "x\nB=y")).output())
        .isEqualTo("[]\nx\nB=y");
  }
}
