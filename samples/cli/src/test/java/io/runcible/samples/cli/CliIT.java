package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.samples.cli.Sample.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Images, networks, volumes and containers by the command line. */
@Execution(ExecutionMode.CONCURRENT)
class CliIT extends ProgramTests {
  private Ended network(String verb, String... arguments) throws Exception {
    return sub("network", verb, arguments);
  }

  @Test
  void networksComeAndGo() throws Exception {
    assertThat(network("ls", "--json").output().strip()).isEqualTo("[ ]");
    Ended made = network("create", "--internal", "--subnet", "fd00:7:7::/64", "back");
    assertThat(made.output().strip()).isEqualTo("back");
    assertThat(network("ls").output()).contains("back", "fd00:7:7:", "true");
    assertThat(network("ls", "-q").output()).isEqualTo("back\n");
    assertOneLine(network("create", "back"), 125, "back");
    Ended alone = runcible("run", "--network", "back", image, "cat", "/etc/hosts");
    assertThat(alone.output()).contains("fd00:7:7:");
    assertThat(network("rm", "back").code()).isZero();
    assertOneLine(network("rm", "back"), 125, "back");
    assertThat(network("rm", "-f", "back")).isEqualTo(new Ended(0, "", ""));
    assertThat(network("create", "--gateway", "10.9.8.7", "--subnet", "10.9.8.0/24", "y").code())
        .isZero();
    assertThat(network("inspect", "y").output()).contains("10.9.8.7");
    assertThat(network("prune", "-f").output()).isEqualTo("y\n");
  }

  @Test
  void volumesComeAndGo() throws Exception {
    assertThat(sub("volume", "ls", "--json").output().strip()).isEqualTo("[ ]");
    assertThat(sub("volume", "create", "--label", "a=b", "data").output()).isEqualTo("data\n");
    assertOneLine(sub("volume", "create", "data"), 125, "data");
    assertOneLine(sub("volume", "create", "--opt", "o=uid=1", "x"), 125, "uid=1");
    String script = "echo kept >/data/x; echo lost >/over/y; ulimit -n; cat /memory/no /over/in";
    Path host = Files.createDirectory(directory.resolve("host"));
    Files.writeString(host.resolve("in"), "of the host\n");
    Ended ended =
        runcible(
            "run",
            "-v",
            "data:/data",
            "--mount",
            "type=tmpfs,dst=/memory,size=1m,mode=700",
            "-v",
            host + ":/over:O",
            "--ulimit",
            "nofile=99",
            "--shm-size",
            "1m",
            "--read-only",
            image,
            "/bin/sh",
            "-c",
            script);
    assertThat(ended.output()).isEqualTo("99\nof the host\n");
    assertThat(host.toFile().list()).containsExactly("in");
    assertThat(sub("volume", "inspect", "data").output()).contains("\"a\" : \"b\"", "/data\"");
    assertThat(runcible("run", "-v", "data:/d:ro", image, "/bin/cat", "/d/x").output())
        .isEqualTo("kept\n");
    assertOneLine(runcible("run", "-v", "data:/d:wrong", image), 125, "'wrong'");
    assertOneLine(runcible("run", "--mount", "type=no,dst=/d", image), 125, "'no'");
    assertThat(sub("volume", "rm", "data").output()).isEqualTo("data\n");
    assertOneLine(sub("volume", "rm", "data"), 125, "data");
    assertThat(sub("volume", "create", "left").code()).isZero();
    assertThat(sub("volume", "ls", "-q").output()).isEqualTo("left\n");
    assertThat(sub("volume", "prune", "-f").output()).isEqualTo("left\n");
  }

  @Test
  void versionIsThatOfTheLibrary() throws Exception {
    Process process = program(List.of(), List.of("--version")).start();
    assertThat(ended(process, runs).output()).matches("runcible [0-9]+[.][0-9].*\\R");
  }

  @Test
  void imagesComeAndGo() throws Exception {
    Ended pulled = runcible("pull", image);
    assertThat(pulled.output()).startsWith("sha256:");
    assertThat(pulled.errors()).contains("copied");
    Ended listed = runcible("images", "--json");
    assertThat(listed.output()).contains('"' + image + '"', pulled.output().strip());
    assertThat(runcible("images").output()).startsWith("IMAGE ").contains(image);
    assertThat(runcible("rmi", image).code()).isZero();
    assertOneLine(runcible("rmi", image), 125, image);
    assertThat(runcible("prune").output()).startsWith("4 ");
    assertThat(runcible("images", "--json").output().strip()).isEqualTo("[ ]");
  }

  @Test
  void runPassesStreamsAndCodesThrough() throws Exception {
    Path variables = Files.writeString(directory.resolve("variables"), "A=file\nB=c\n");
    String script =
        "echo $A $B; ulimit -n; while read -r l; do case $l in Groups:*|CapEff:*) echo $l;; esac;"
            + " done </proc/self/status; cat /etc/hosts >&2; exit 7";
    List<String> flags = new ArrayList<>(List.of("--env-file", variables.toString(), "-e", "A=b"));
    String more =
        "--group-add 30 --cap-drop ALL --cap-add CHOWN --ulimit nofile=99 --read-only -l x=y"
            + " --add-host db:10.9.9.9 --stop-timeout 3 --health-cmd true --pull always --rm";
    flags.addAll(List.of(more.split(" ", -1)));
    flags.addAll(List.of(image, "/bin/sh", "-c", script));
    Ended ended = runcible("run", flags.toArray(String[]::new));
    assertThat(ended.code()).as("%s", ended).isEqualTo(7);
    assertThat(ended.output().lines())
        .contains("b c", "99", "CapEff: 0000000000000001")
        .anyMatch(line -> line.matches("Groups:.* 30"));
    assertThat(ended.errors()).contains("10.9.9.9\tdb");
    Path input = Files.writeString(directory.resolve("input"), "text");
    Process process = command("run", "-i", image, "/bin/cat").redirectInput(input.toFile()).start();
    assertThat(ended(process, runs)).isEqualTo(new Ended(0, "text", ""));
  }

  @Test
  void failuresAreOneLineAndHaveTheirCodes() throws Exception {
    assertOneLine(runcible("run", image, "/nope"), 127, "/nope");
    assertOneLine(runcible("run", image, "/bin"), 126, "/bin");
    assertOneLine(runcible("run", registry.host() + "/samples/none:1"), 125, "samples/none:1");
    assertOneLine(runcible("rm", "nobody"), 125, "'nobody'");
    assertOneLine(runcible("run", "--network", "other", image), 125, "other");
    assertThat(runcible("run").code()).isEqualTo(2);
  }

  @Test
  void detachedContainersAreFoundByLaterRuns() throws Exception {
    String script = "echo up; trap 'exit 4' TERM; while :; do /bin/sleep 0.1; done";
    Ended started =
        runcible(
            "run",
            "-d",
            "--restart",
            "on-failure:3",
            "--log-opt",
            "max-size=1m",
            "--log-opt",
            "max-file=2",
            "--name",
            "box",
            "--stop-timeout",
            "30",
            "-l",
            "x=y",
            image,
            "/bin/sh",
            "-c",
            script);
    assertThat(started).isEqualTo(new Ended(0, "box\n", ""));
    assertThat(launched("ps", "-f", "label=x=y", "--format", "{{.ID}} {{.Image}} {{.Status}}"))
        .isEqualTo(new Ended(0, "box " + image + " running\n", ""));
    if (Files.isWritable(Path.of("/sys/fs/cgroup"))) {
      assertThat(runcible("update", "--cpu-shares", "300", "--pids-limit", "99", "box"))
          .isEqualTo(new Ended(0, "box\n", ""));
    }
    assertThat(runcible("exec", "box", "/bin/sh", "-c", "echo in; exit 3"))
        .isEqualTo(new Ended(3, "in\n", ""));
    // A program of its own writes the log, and may have started late.
    for (int i = 0; i < LIMIT_SECONDS * 20 && runcible("logs", "box").output().isEmpty(); i++) {
      Thread.sleep(20);
    }
    assertThat(launched("logs", "box").output()).isEqualTo("up\n");
    assertThat(runcible("logs", "-t", "--tail", "1", "--since", "1h", "box").output())
        .matches("20\\d\\d-\\d\\d-\\d\\dT.*Z up\n");
    assertThat(runcible("logs", "--until", "2020-01-01T00:00:00Z", "box").output()).isEmpty();
    assertOneLine(runcible("rm", "box"), 125, "'box'", "--force");
    assertOneLine(runcible("stop", "-s", "KILL", "box"), 125, "box", "restart policy");
    assertThat(launched("stop", "box").output()).isEqualTo("box\n");
    assertThat(runcible("ps", "-q", "-f", "exited=4").output()).isEqualTo("box\n");
    assertThat(runcible("start", "box").output()).isEqualTo("box\n");
    assertThat(runcible("kill", "box").output()).isEqualTo("box\n");
    assertThat(runcible("wait", "box").output()).isEqualTo("137\n");
    assertThat(
            runcible(
                    "inspect",
                    "-f",
                    "{{.State.Status}} {{.State.ExitCode}} {{.Config.StopTimeout}}",
                    "box")
                .output())
        .isEqualTo("exited 137 30\n");
    assertThat(runcible("rm", "box").output()).isEqualTo("box\n");
    assertOneLine(
        runcible("create", "--cidfile", "/nothing/id", image, "/bin/true"), 125, "/nothing/id");
    assertThat(runcible("create", "--name", "later", image, "/bin/sh", "-c", "exit 7"))
        .isEqualTo(new Ended(0, "later\n", ""));
    assertThat(runcible("start", "later")).isEqualTo(new Ended(0, "later\n", ""));
    assertThat(runcible("rm", "-f", "later").output()).isEqualTo("later\n");
    assertThat(runcible("ps", "-a", "--json").output().strip()).isEqualTo("[ ]");
  }

  @Test
  void detachedContainersThatAreToGoAreGoneAtTheirEnd() throws Exception {
    String waits = "trap 'exit 4' TERM; while :; do /bin/sleep 0.1; done";
    List<String> run =
        new ArrayList<>(List.of("-d --rm --name box -v /own -v named:/named".split(" ", -1)));
    run.addAll(List.of(image, "/bin/sh", "-c", waits));
    assertThat(runcible("run", run.toArray(String[]::new))).isEqualTo(new Ended(0, "box\n", ""));
    assertThat(runcible("inspect", "-f", "{{.HostConfig.AutoRemove}}", "box").output())
        .isEqualTo("true\n");
    assertThat(sub("volume", "ls", "-q").output().lines()).hasSize(2);
    assertThat(runcible("restart", "-t", "0", "box").output()).isEqualTo("box\n");
    assertThat(runcible("ps", "-q").output()).isEqualTo("box\n");
    assertThat(runcible("stop", "-t", "0", "box")).isEqualTo(new Ended(0, "box\n", ""));
    assertThat(runcible("ps", "-a", "-q").output()).isEmpty();
    assertThat(sub("volume", "ls", "-q").output()).isEqualTo("named\n");
    assertThat(sub("volume", "rm", "named").code()).isZero();
    // Its name is free at once, and of what ends alone the next command finds nothing.
    assertThat(runcible("run", "-d", "--rm", "--name", "box", image, "/bin/sleep", "0").code())
        .isZero();
    for (int i = 0; i < LIMIT_SECONDS && !runcible("ps", "-a", "-q").output().isEmpty(); i++) {
      Thread.sleep(50);
    }
    assertOneLine(runcible("start", "box"), 125, "'box'");
  }

  @Test
  void containersThatAreToGoAreStartedAndAttached() throws Exception {
    String prints = "echo out; echo err >&2; exit 5";
    assertThat(runcible("create", "--rm", "--name", "box", image, "/bin/sh", "-c", prints).code())
        .isZero();
    assertThat(runcible("ps", "-a", "-q").output()).isEqualTo("box\n");
    assertThat(runcible("start", "-a", "box")).isEqualTo(new Ended(5, "out\n", "err\n"));
    assertThat(runcible("ps", "-a", "-q").output()).isEmpty();
    assertOneLine(
        runcible("run", "-d", "--rm", "--restart", "always", image, "/bin/sleep"), 125, "removed");
    assertOneLine(runcible("run", "-d", "--rm", image, "/nope"), 127, "/nope");
    assertThat(runcible("ps", "-a", "-q").output()).isEmpty();
  }

  @Test
  void containerWhoseMonitorWasKilledStaysInTheList() throws Exception {
    runcible("run", "-d", "--name", "box", image, "/bin/sleep", "600");
    List<ProcessHandle> monitors =
        ProcessHandle.allProcesses().filter(process -> isMonitor(process.pid())).toList();
    assertThat(monitors).hasSize(1);
    monitors.forEach(ProcessHandle::destroyForcibly);
    assertOneLine(runcible("stop", "-t", "0", "box"), 125, "not known");
    assertThat(runcible("ps", "-a", "--format", "{{.ID}} {{.Status}}"))
        .isEqualTo(new Ended(0, "box exited (unknown)\n", ""));
    assertThat(runcible("ps", "-q", "-f", "exited=0")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("rm", "box").output()).isEqualTo("box\n");
  }

  private boolean isMonitor(long pid) {
    try {
      String command = Files.readString(Path.of("/proc/" + pid + "/cmdline"), ISO_8859_1);
      return command.contains("runcible-monitor") && command.contains(directory.toString());
    } catch (IOException e) {
      // It has ended.
      return false;
    }
  }

  @Test
  void eventsTellOfDetachedContainersWithIdsOfTheirOwn() throws Exception {
    assertOneLine(runcible("run", "--userns=other", image), 125, "'other'");
    if (!Files.isWritable(Path.of("/sys/fs/cgroup"))) {
      assertOneLine(runcible("run", "--userns=auto", image), 125, "root");
      return;
    }
    assertThat(runcible("run", "--uidmap", "0:700000:10", image, "/bin/cat", "/proc/self/gid_map"))
        .extracting(ended -> ended.output().strip().split(" +", -1))
        .isEqualTo(new String[] {"0", "700000", "10"});
    assertOneLine(runcible("events", "--filter", "x=y"), 125, "x=y");
    Process events = command("events", "--format=json", "--filter", "event=died").start();
    int run = runs;
    Path damaged = directory.resolve("data/containers/damaged");
    try {
      runUntilDied(run, "auto", "--userns=auto");
      // Is said, and keeps it from no other.
      Files.createDirectory(damaged);
      Files.writeString(damaged.resolve("container.json"), "{");
      for (int i = 0; i < LIMIT_SECONDS * 20 && read("err" + run).isEmpty(); i++) {
        Thread.sleep(50); // The next program removes it.
      }
      runUntilDied(run, "late");
    } finally {
      Files.deleteIfExists(damaged.resolve("container.json"));
      Files.deleteIfExists(damaged);
      events.destroy();
      ended(events, run);
    }
    assertThat(read("out" + run))
        .contains("\"event\":\"died\",\"container\":\"auto", "\"exit\":\"4\"");
    assertThat(read("err" + run)).contains("'" + damaged.resolve("container.json") + "'");
    assertThat(read("err" + run).lines()).hasSize(1);
  }

  /** What ends before the program looks is not told. */
  private void runUntilDied(int run, String prefix, String... options) throws Exception {
    List<String> made = new ArrayList<>();
    while (!read("out" + run).contains("\"" + prefix) && made.size() < LIMIT_SECONDS) {
      made.add(prefix + made.size());
      List<String> arguments = new ArrayList<>(List.of(options));
      arguments.addAll(List.of("-d", "--name", made.get(made.size() - 1), image));
      arguments.addAll(List.of("/bin/sh", "-c", "/bin/sleep 0.1; exit 4"));
      assertThat(runcible("run", arguments.toArray(String[]::new)).code()).isZero();
    }
    for (String name : made) {
      assertThat(runcible("rm", "-f", name).code()).isZero();
    }
    assertThat(read("out" + run)).contains("\"" + prefix);
  }

  @Test
  void attachReachesADetachedContainer() throws Exception {
    String script = "while read -r line; do echo \"got $line\"; done; exit 6";
    assertThat(runcible("run", "-di", "--name", "box", image, "/bin/sh", "-c", script).output())
        .isEqualTo("box\n");
    // Detached by keys, in the middle of what is typed.
    Process process = command("attach", "--detach-keys", "ctrl-p,q", "box").start();
    int run = runs;
    process.getOutputStream().write("one\ntwo\n".getBytes(UTF_8));
    process.getOutputStream().flush();
    while (!read("out" + run).equals("got one\ngot two\n")) {
      Thread.sleep(20);
    }
    process.getOutputStream().write("\u0010q never\n".getBytes(UTF_8));
    assertThat(ended(process, run).code()).isZero();
    assertThat(runcible("ps").output()).contains("box", "running");
    assertThat(runcible("stop", "-t", "0", "box").code()).isZero();
    assertOneLine(runcible("attach", "box"), 125, "does not run");
    assertThat(runcible("rm", "box").code()).isZero();
    // A terminal, whose output is in the log.
    String typed = "read -r line; echo \"got $line\"; exit 5";
    assertThat(runcible("run", "-dt", "--name", "shell", image, "/bin/sh", "-c", typed).code())
        .isZero();
    Path keys = Files.writeString(directory.resolve("keys"), "hello\n");
    Process attached = command("attach", "shell").redirectInput(keys.toFile()).start();
    Ended ended = ended(attached, runs);
    assertThat(ended.code()).as("%s", ended).isEqualTo(5);
    // The runtime leaves carriage returns to the terminal outside.
    assertThat(runcible("logs", "shell").output()).isEqualTo("hello\ngot hello\n");
    assertThat(runcible("rm", "shell").code()).isZero();
  }

  @Test
  void copiesToTheStoreRunAndCanBeReadWithoutAnEngine() throws Exception {
    String root = directory.resolve("data").toString();
    Ended copied = runcible("copy", "docker://" + image, "store:other.example/shell:2");
    assertThat(copied.code()).as("%s", copied).isZero();
    assertThat(runcible("run", "other.example/shell:2", "/bin/sh", "-c", "echo up"))
        .isEqualTo(new Ended(0, "up\n", ""));
    String stored = "store:other.example/shell:2";
    assertThat(Sample.runcible("inspect", "--root", root, stored).output())
        .contains(copied.output().strip());
    assertThat(Sample.runcible("tags", "--root", root, stored).output()).isEqualTo("TAG\n2\n");
    Path target = directory.resolve("rootfs");
    assertThat(Sample.runcible("unpack", "--root", root, stored, target).code()).isZero();
    assertThat(target.resolve("bin/sh")).isExecutable();
    Path layout = directory.resolve("copy");
    assertThat(Sample.runcible("copy", "--root", root, stored, "oci:" + layout + ":x").output())
        .isEqualTo(copied.output());
    assertOneLine(runcible("copy", "oci:" + directory.resolve("none"), stored), 125, "none");
  }

  @Test
  void anOrdinaryUserCanUnpack() throws Exception {
    Path open = Files.createDirectory(Path.of("/tmp", "runcible-cli-" + System.nanoTime()));
    try {
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
      List<String> user =
          Files.isWritable(Path.of("/etc"))
              ? List.of(
                  "setpriv",
                  "--reuid=65534",
                  "--regid=65534",
                  "--clear-groups",
                  "env",
                  "HOME=" + open)
              : List.of();
      Path target = open.resolve("rootfs");
      List<String> unpack = List.of("unpack", image, target.toString());
      Ended ended = ended(program(user, unpack).start(), runs);
      assertThat(ended.code()).as("%s", ended).isZero();
      assertThat(target.resolve("bin/sh")).isExecutable();
      assertOneLine(ended(program(user, unpack).start(), runs), 125, "not empty");
      List<String> hidden = List.of("unpack", image, "/root-of-nobody/rootfs");
      assertOneLine(ended(program(user, hidden).start(), runs), 125, "/root-of-nobody");
    } finally {
      Sample.tool("rm", "-r", open);
    }
  }

  @Test
  void aSignalEndsTheContainer() throws Exception {
    assertThat(runcible("pull", image).code()).isZero();
    String script = "trap 'exit 9' TERM; echo up; while :; do /bin/sleep 0.1; done";
    Process process = command("run", image, "/bin/sh", "-c", script).start();
    int run = runs;
    while (!read("out" + run).contains("up")) {
      Thread.sleep(20);
    }
    process.destroy();
    assertThat(ended(process, run).code()).isEqualTo(9);
    assertThat(directory.resolve("data/containers")).isEmptyDirectory();
  }
}
