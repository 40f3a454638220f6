package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.runcible.runtime.Cgroups;
import io.runcible.runtime.Selinux;
import io.runcible.samples.cli.Sample.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What people's fingers know of containers from other engines. */
@Execution(ExecutionMode.CONCURRENT)
class ContainerFlagsIT extends ProgramTests {
  @Test
  void startAttachesFromTheStartOn() throws Exception {
    String script = "echo out; echo err >&2; exit 7";
    assertThat(runcible("create", "--name", "box", image, "/bin/sh", "-c", script).code()).isZero();
    // Each time with what that run writes, and no earlier one.
    for (int i = 0; i < 2; i++) {
      assertThat(runcible("start", "-a", "box")).isEqualTo(new Ended(7, "out\n", "err\n"));
    }
    assertThat(runcible("logs", "box")).isEqualTo(new Ended(0, "out\nout\n", "err\nerr\n"));
    assertThat(runcible("create", "--name", "none", image, "/nope").code()).isZero();
    assertOneLine(runcible("start", "--attach", "none"), 127, "/nope");
    assertThat(runcible("start", "-a", "box", "none").code()).isEqualTo(2);
    assertThat(runcible("start").code()).isEqualTo(2);
    assertThat(runcible("rm", "--all").code()).isZero();
  }

  @Test
  void startPassesTheInputOnWithItsEnd() throws Exception {
    Path input = Files.writeString(directory.resolve("input"), "text\n");
    assertThat(runcible("create", "-i", "--name", "box", image, "/bin/cat").code()).isZero();
    Process process = command("start", "-ai", "box").redirectInput(input.toFile()).start();
    assertThat(ended(process, runs)).isEqualTo(new Ended(0, "text\n", ""));
    // One that runs is attached to, and left when the keys are typed.
    String script = "while read -r line; do echo \"got $line\"; done";
    assertThat(runcible("run", "-di", "--name", "shell", image, "/bin/sh", "-c", script).code())
        .isZero();
    Process attached = command("start", "-i", "--detach-keys", "ctrl-p,q", "shell").start();
    int run = runs;
    attached.getOutputStream().write("one\n".getBytes(UTF_8));
    attached.getOutputStream().flush();
    while (!read("out" + run).equals("got one\n")) {
      Thread.sleep(20);
    }
    attached.getOutputStream().write("\u0010q".getBytes(UTF_8));
    assertThat(ended(attached, run).code()).isZero();
    assertThat(runcible("ps", "--format", "{{.Names}} {{.Status}}").output())
        .isEqualTo("shell running\n");
    assertThat(runcible("rm", "-f", "box", "shell").code()).isZero();
  }

  @Test
  void terminalHasTheSizeOfTheUsersAlsoWithoutInput() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "no script");
    String script = "trap 'exit 3' WINCH; echo up; while :; do /bin/sleep 0.1; done";
    String[] run = {"-dt", "--name", "box", image, "/bin/sh", "-c", script};
    assertThat(runcible("run", run).code()).isZero();
    while (!runcible("logs", "box").output().contains("up")) {
      Thread.sleep(20);
    }
    ProcessBuilder attach = command("attach", "--no-stdin", "box");
    String line = "stty rows 33 cols 77; " + String.join(" ", attach.command());
    Process process = attach.command("/usr/bin/script", "-qec", line, "/dev/null").start();
    assertThat(ended(process, runs).code()).isEqualTo(3);
  }

  @Test
  void signalReachesWhatWasStartedWithAttach() throws Exception {
    String script = "trap 'exit 9' TERM; echo up; while :; do /bin/sleep 0.1; done";
    assertThat(runcible("create", "--name", "box", image, "/bin/sh", "-c", script).code()).isZero();
    Process process = command("start", "-a", "box").start();
    int run = runs;
    while (!read("out" + run).contains("up")) {
      Thread.sleep(20);
    }
    process.destroy();
    assertThat(ended(process, run).code()).isEqualTo(9);
    assertThat(runcible("rm", "box").code()).isZero();
  }

  @Test
  void volumesAreThoseOfAnother() throws Exception {
    Path host = Files.createDirectory(directory.resolve("host"));
    Files.writeString(host.resolve("file"), "of the host\n");
    List<String> mounts = List.of("-v", "data:/data", "-v", "/own", "-v", host + ":/host:ro");
    List<String> first = new ArrayList<>(List.of("--name", "first"));
    first.addAll(mounts);
    first.addAll(List.of("--tmpfs", "/memory", image, "/bin/true"));
    assertThat(runcible("create", first.toArray(String[]::new)).code()).isZero();
    String script = "echo a >/data/x; echo b >/own/x; cat /host/file; : >/host/x || exit 5";
    Ended writing =
        runcible("run", "--volumes-from", "first", image, "/bin/sh", "-c", script + " 2>&1");
    assertThat(writing.output()).startsWith("of the host\n");
    assertThat(writing.code()).isNotZero();
    assertThat(host.toFile().list()).containsExactly("file");
    // What is asked for by itself comes first; without a name or not, a volume stays while it is
    // used.
    assertThat(
            runcible(
                    "create",
                    "--name",
                    "second",
                    "--volumes-from",
                    "first:ro",
                    "-v",
                    "other:/data",
                    image,
                    "/bin/sh",
                    "-c",
                    "cat /data/x /own/x; : >/own/y")
                .code())
        .isZero();
    assertThat(runcible("rm", "first").code()).isZero();
    Ended reading = runcible("start", "-a", "second");
    assertThat(reading.output()).isEqualTo("b\n");
    assertThat(reading.errors()).contains("/data/x", "/own/y");
    assertThat(sub("volume", "ls", "-q").output().lines()).hasSize(3);
    assertThat(runcible("rm", "second").code()).isZero();
    assertThat(sub("volume", "ls", "-q").output()).isEqualTo("data\nother\n");
    assertOneLine(runcible("run", "--volumes-from", "none", image, "/bin/true"), 125, "'none'");
    assertThat(sub("volume", "prune").output()).isEqualTo("data\nother\n");
  }

  @Test
  void whatOnlyTheOtherContainerCanHaveIsSaid() throws Exception {
    Path host = Files.createDirectory(directory.resolve("host"));
    assertThat(runcible("create", "--name", "box", "-v", host + ":/d:O", image, "/bin/true").code())
        .isZero();
    assertOneLine(runcible("run", "--volumes-from", "box", image, "/bin/true"), 125, "box", "'/d'");
    assertThat(runcible("rm", "box").code()).isZero();
  }

  @Test
  void logsAreKeptAsTheDriverSays() throws Exception {
    String script = "echo up";
    String[] command = {image, "/bin/sh", "-c", script};
    assertOneLine(
        runcible("run", "-d", "--log-driver", "journald", image), 125, "--log-driver journald");
    assertThat(runcible("run", "--log-driver=none", image, "/bin/sh", "-c", script))
        .isEqualTo(new Ended(0, "up\n", ""));
    for (String driver : List.of("k8s-file", "json-file", "none")) {
      List<String> arguments =
          new ArrayList<>(List.of("-d", "--name", driver, "--log-driver", driver));
      arguments.addAll(List.of(command));
      assertThat(runcible("run", arguments.toArray(String[]::new)).code()).isZero();
      assertThat(launched("wait", driver).output()).isEqualTo("0\n");
    }
    assertThat(runcible("logs", "-t", "k8s-file").output()).matches("20\\d\\d-.*Z up\n");
    assertThat(runcible("logs", "-t", "json-file").output()).matches("20\\d\\d-.*Z up\n");
    assertOneLine(runcible("logs", "none"), 125, "none", "no log");
    assertOneLine(runcible("logs", "-f", "none"), 125, "none", "no log");
    String[] quiet = {"--name", "quiet", "--log-driver", "none", image, "/bin/sleep", "600"};
    assertThat(runcible("create", quiet).code()).isZero();
    for (String name : List.of("none", "quiet")) {
      assertOneLine(runcible("start", "-a", name), 125, name, "thrown away");
    }
    assertThat(runcible("ps", "-a", "--format", "{{.State}}", "-f", "name=quiet").output())
        .isEqualTo("created\n");
    assertThat(runcible("rm", "-f", "--all").code()).isZero();
  }

  @Test
  void committedImageSaysWhoMadeItAndWhy() throws Exception {
    assertThat(
            runcible("create", "--name", "box", "-l", "x=y", image, "/bin/sh", "-c", "echo hi >/f")
                .code())
        .isZero();
    assertThat(runcible("start", "-a", "box").code()).isZero();
    String name = "registry.example/made:1";
    Ended made =
        runcible(
            "commit",
            "-a",
            "Some One <one@site.example>",
            "-m",
            "because",
            "--change",
            "CMD [\"/bin/cat\", \"/f\"]",
            "-c",
            "ENV A=b \"C=d e\"",
            "-c",
            "LABEL a='b c'",
            "-p",
            "-q",
            "box",
            name);
    assertThat(made.output()).startsWith("sha256:");
    assertThat(runcible("inspect", "--config", "store:" + name).output())
        .contains("\"author\":\"Some One <one@site.example>\"", "\"comment\":\"because\"");
    assertThat(runcible("inspect", "-f", "{{json .environment}}", "store:" + name).output())
        .contains("\"A=b\"", "\"C=d e\"");
    assertThat(runcible("run", name)).isEqualTo(new Ended(0, "hi\n", ""));
    assertOneLine(runcible("commit", "-c", "RUN x", "box", name), 125, "RUN");
    assertOneLine(runcible("commit", "--pause=false", "box", name), 125, "--pause=false");
    assertThat(runcible("rm", "box").code()).isZero();
  }

  @Test
  void labelOfAHostWithoutLabelsIsPassedOver() throws Exception {
    assumeFalse(Selinux.ofThisHost().isEnabled(), "this host has SELinux");
    Path host = Files.createDirectory(directory.resolve("host"));
    Files.writeString(host.resolve("file"), "text\n");
    for (String option : List.of("z", "Z", "ro,Z")) {
      assertThat(runcible("run", "-v", host + ":/d:" + option, image, "/bin/cat", "/d/file"))
          .isEqualTo(new Ended(0, "text\n", ""));
    }
    assertThat(runcible("run", "--security-opt", "label=disable", image, "/bin/true").code())
        .isEqualTo(127);
  }

  @Test
  void limitsAndPolicyChangeTogetherOrNotAtAll() throws Exception {
    assumeTrue(
        Cgroups.detect().has("pids") && Files.isWritable(Path.of("/sys/fs/cgroup")),
        "no control groups");
    assertThat(
            runcible(
                    "run",
                    "-d",
                    "--name",
                    "box",
                    "--restart",
                    "on-failure:3",
                    "--pids-limit",
                    "50",
                    image,
                    "/bin/sleep",
                    "600")
                .code())
        .isZero();
    String format =
        "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}"
            + " {{.HostConfig.PidsLimit}}";
    assertOneLine(
        runcible("update", "--restart=no", "--pids-limit", "77", "--cpuset-cpus", "99999", "box"),
        125,
        "cpuset");
    assertThat(runcible("inspect", "-f", format, "box").output()).isEqualTo("on-failure:3 50\n");
    assertThat(runcible("update", "--restart=no", "--pids-limit", "77", "box"))
        .isEqualTo(new Ended(0, "box\n", ""));
    assertThat(runcible("inspect", "-f", format, "box").output()).isEqualTo("no:0 77\n");
    assertThat(runcible("rm", "-f", "box").code()).isZero();
  }
}
