package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import io.runcible.runtime.CgroupManager;
import io.runcible.runtime.CgroupPlace;
import io.runcible.runtime.Cgroups.OwnGroup;
import io.runcible.runtime.HostLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What it does while its engine lives; the rest is seen by {@link KillIT}. */
class WatchdogIT {
  @TempDir Path directory;

  private String movedBy(String line) throws IOException {
    Path members = members();
    try (PrivilegedHost host = PrivilegedHost.open();
        Watchdog watchdog = start(host, line, members)) {
      watchdog.runtimeStarts();
    }
    return Files.readString(members).strip();
  }

  private Path members() throws IOException {
    HostTools.requireContainers();
    return Files.writeString(directory.resolve("members"), "nobody");
  }

  private Watchdog start(PrivilegedHost host, String line, Path members) {
    return Watchdog.start(
        host,
        Path.of("/bin/false"),
        directory,
        directory,
        HostLimits.detect(host).place(),
        Optional.of(new OwnGroup(line, members)));
  }

  private Watchdog start(PrivilegedHost host, CgroupPlace place, Path states, String runtime)
      throws IOException {
    Path program = Files.writeString(directory.resolve("runtime"), runtime);
    assertThat(program.toFile().setExecutable(true)).isTrue();
    return Watchdog.start(host, program, states, directory, place, Optional.empty());
  }

  private static ContainerRecord record() {
    ContainerSpec spec = ContainerSpec.builder("registry.example/box:1").build();
    ImageConfig image = ImageConfig.builder(Platform.host()).build();
    return new ContainerRecord(
        "box",
        ContainerFactory.randomId(),
        "box",
        spec.image().toString(),
        List.of(),
        "",
        Signals.TERM,
        false,
        0,
        List.of(),
        ContainerOptions.of(spec, image, Map.of()),
        ContainerStorage.NONE,
        IdMaps.HOST);
  }

  private OptionalLong shell() {
    return ProcessHandle.allProcesses()
        .mapToLong(ProcessHandle::pid)
        .filter(pid -> HostResources.commandLine(pid).contains("runcible-watchdog"))
        .filter(pid -> HostResources.commandLine(pid).contains(directory.toString()))
        .findFirst();
  }

  private static int run(String script) throws IOException, InterruptedException {
    return new ProcessBuilder("sh", "-c", script).inheritIO().start().waitFor();
  }

  @Test
  void movesItselfToWhereItIs() throws IOException {
    assertThat(movedBy(Files.readAllLines(Path.of("/proc/self/cgroup")).get(0))).isEqualTo("0");
  }

  @Test
  void doesNotMoveBackWhenSomebodyHasMovedIt() throws IOException {
    assertThat(movedBy("1:cpu:/where/it/was")).isEqualTo("nobody");
  }

  private void end(ContainerRecord record) throws IOException {
    try (PrivilegedHost host = PrivilegedHost.open();
        Watchdog watchdog =
            start(host, HostLimits.detect(host).place(), directory.resolve("none"), "#!/bin/sh")) {
      watchdog.add(record);
    }
  }

  @Test
  void containerThatNamesTheTokenOfAnEarlierOneStays() throws IOException {
    HostTools.requireContainers();
    ContainerRecord record = record();
    Path container = Files.createDirectories(directory.resolve("box"));
    record.write(new ContainerDirectory(container));
    String text = Files.readString(container.resolve("container.json"));
    Path file = container.resolve("container.json");
    Files.writeString(
        file, text.replace("\"token\":\"" + record.token(), "\"before\":\"" + record.token()));
    end(record);
    assertThat(file).exists();
    Files.writeString(file, text);
    end(record);
    assertThat(container).doesNotExist();
  }

  @Test
  void whatIsMountedBelowAContainerIsNotDeleted() throws Exception {
    HostTools.requireRoot();
    ContainerRecord record = record();
    Path container = Files.createDirectories(directory.resolve("box"));
    record.write(new ContainerDirectory(container));
    Path theirs = Files.createDirectory(directory.resolve("theirs"));
    Files.writeString(theirs.resolve("canary"), "");
    Path below = Files.createDirectories(container.resolve("upper/theirs"));
    assertThat(run("mount --bind " + theirs + " " + below)).isZero();
    try {
      end(record);
      assertThat(theirs.resolve("canary")).exists();
    } finally {
      assertThat(run("umount " + below)).isZero();
    }
    end(record);
    assertThat(container).doesNotExist();
  }

  /** A start goes on when the shell does not read; what it is told of containers waits. */
  @Test
  void fullPipeKeepsNobodyWaitingWhoOnlyHints() throws Exception {
    Path members = members();
    String line = Files.readAllLines(Path.of("/proc/self/cgroup")).get(0);
    try (PrivilegedHost host = PrivilegedHost.open();
        Watchdog watchdog = start(host, line, members)) {
      // While the kernel is still loading it, it has no command line.
      RestartIT.await(() -> shell().isPresent());
      long shell = shell().orElseThrow();
      assertThat(run("kill -STOP " + shell)).isZero();
      try {
        String fill =
            "dd if=/dev/zero bs=4096 oflag=nonblock conv=notrunc of=/proc/" + shell + "/fd/0";
        // It ends when the pipe is full.
        assertThat(run("LC_ALL=C " + fill + " 2>&1 | grep -q 'temporarily unavailable'")).isZero();
        assertTimeoutPreemptively(TestEngine.LIMIT, watchdog::runtimeStarts);
      } finally {
        run("kill -CONT " + shell);
      }
    }
    assertThat(members).hasContent("nobody");
  }

  /** As one that the kernel keeps for a moment after its last process, or makes late. */
  @Test
  void groupThatIsThereAfterTheFirstLookGoesToo() throws IOException {
    HostTools.requireContainers();
    ContainerRecord record = record();
    try (PrivilegedHost host = PrivilegedHost.open()) {
      CgroupPlace place = HostLimits.detect(host).place();
      HostTools.require(place.available(), "there is no place for control groups here");
      String name =
          place.manager() == CgroupManager.SYSTEMD
              ? record.token() + ".slice"
              : record.id() + "-" + record.token();
      Path group = Path.of(place.prefixes().get(0) + name);
      Path container = Files.createDirectories(directory.resolve("box"));
      record.write(new ContainerDirectory(container));
      Path state = Files.createDirectories(directory.resolve("state/box"));
      String runtime =
          """
          #!/bin/sh
          if [ -e "$2/$5/again" ]; then mkdir -p '%s' && rm -r "$2/$5"; else : >"$2/$5/again"; fi
          """;
      try (Watchdog watchdog = start(host, place, state.getParent(), runtime.formatted(group))) {
        watchdog.add(record);
      }
      assertThat(state).doesNotExist();
      assertThat(container).doesNotExist();
      assertThat(group).doesNotExist();
    }
  }
}
