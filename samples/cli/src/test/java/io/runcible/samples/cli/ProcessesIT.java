package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.samples.cli.Sample.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What people's fingers know of exec, logs, events and cp from other engines. */
@Execution(ExecutionMode.CONCURRENT)
class ProcessesIT extends ProgramTests {
  private void runBox(String script) throws Exception {
    Ended ended = runcible("run", "-d", "--name", "box", image, "/bin/sh", "-c", script);
    assertThat(ended).isEqualTo(new Ended(0, "box\n", ""));
  }

  private Ended inBox(String script) throws Exception {
    return runcible("exec", "box", "/bin/sh", "-c", script);
  }

  @Test
  void execLeavesAProgramToTheContainer() throws Exception {
    runBox("/bin/sleep 600");
    String script = "echo text; echo $A >/begun; until [ -e /end ]; do /bin/sleep 0.1; done; >/f";
    assertThat(runcible("exec", "-d", "-e", "A=b", "box", "/bin/sh", "-c", script))
        .isEqualTo(new Ended(0, "", ""));
    assertThat(inBox("until [ -s /begun ]; do /bin/sleep 0.1; done; cat /begun"))
        .isEqualTo(new Ended(0, "b\n", ""));
    // It goes on though the program that began it is gone.
    assertThat(inBox(">/end; until [ -e /f ]; do /bin/sleep 0.1; done").code()).isZero();
    Ended none = runcible("exec", "--detach", "box", "/no pe");
    assertThat(none).isEqualTo(new Ended(127, "", "there is no '/no pe'\n"));
    assertOneLine(runcible("exec", "-dt", "box", "/bin/true"), 125, "--detach --tty");
    Ended nobody = runcible("exec", "-d", "-u", "nosuch", "box", "/bin/true");
    assertThat(nobody.code()).isNotZero();
    assertThat(nobody.errors()).contains("nosuch").doesNotContain("/bin/sh");
    assertThat(runcible("rm", "-f", "box").code()).isZero();
  }

  /** Of the signals that it ignores, SIGINT and SIGQUIT are the lowest bits but one. */
  @Test
  void programThatIsLeftToTheContainerHasItsSignals() throws Exception {
    runBox("/bin/sleep 600");
    String script = "while read -r a b; do [ $a != SigIgn: ] || echo $b; done </proc/self/status";
    for (String path : List.of("/bin:/usr/bin", "/bin")) {
      String file = "/ignored" + path.length();
      String[] left = {
        "/bin/sh", "-c", script + " >" + file + ".new; cat " + file + ".new >" + file
      };
      List<String> exec = new ArrayList<>(List.of("-d", "-e", "PATH=" + path, "box"));
      exec.addAll(List.of(left));
      assertThat(runcible("exec", exec.toArray(String[]::new))).isEqualTo(new Ended(0, "", ""));
      String read = "until [ -s " + file + " ]; do /bin/sleep 0.1; done; cat " + file;
      assertThat(inBox(read).output()).endsWith(path.equals("/bin") ? "6\n" : "0\n");
    }
    assertThat(runcible("rm", "-f", "box").code()).isZero();
  }

  @Test
  void execLeavesNothingToAContainerWithoutAShell() throws Exception {
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Files.copy(Path.of("/bin/sleep").toRealPath(), programs.resolve("sleep"));
    Sample.tool("chmod", "755", directory, programs, programs.resolve("sleep"));
    String mount = programs + ":/bin";
    String[] run = {"-d", "--name", "box", "-v", mount, image, "/bin/sleep", "600"};
    assertThat(runcible("run", run).code()).isZero();
    assertOneLine(runcible("exec", "-d", "box", "/bin/sleep", "1"), 125, "no /bin/sh");
    assertThat(runcible("rm", "-f", "box").code()).isZero();
  }

  @Test
  void outputsThatAreNotAttachedAreThrownAway() throws Exception {
    String[] end = {image, "/bin/sh", "-c", "echo out; echo err >&2; cat; exit 3"};
    assertThat(run(end, "-a", "stdout")).isEqualTo(new Ended(3, "out\n", ""));
    assertThat(run(end, "-a", "STDERR")).isEqualTo(new Ended(3, "", "err\n"));
    assertThat(run(end, "-a", "stdout", "-a=stderr")).isEqualTo(new Ended(3, "out\n", "err\n"));
    Path input = Files.writeString(directory.resolve("input"), "text\n");
    ProcessBuilder both =
        command("run", "-a", "stdin", "-a", "stdout", end[0], end[1], end[2], end[3]);
    Process process = both.redirectInput(input.toFile()).start();
    assertThat(ended(process, runs)).isEqualTo(new Ended(3, "out\ntext\n", ""));
    assertOneLine(run(end, "-d", "-a", "stdout"), 125, "--attach", "not detached");
    assertThat(run(end, "-a", "other").code()).isEqualTo(2);
  }

  private Ended run(String[] end, String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of(end));
    return runcible("run", all.toArray(String[]::new));
  }

  @Test
  void endOfALogWithoutTimesIsThatOfEachOutput() throws Exception {
    runBox("echo 1; echo 2; echo 3 >&2; echo 4 >&2; printf 5");
    assertThat(runcible("wait", "box").output()).isEqualTo("0\n");
    for (String[] form : new String[][] {{"box"}, {"-f", "box"}}) {
      assertThat(logs(form, "1")).isEqualTo(new Ended(0, "5", "4\n"));
      assertThat(logs(form, "2")).isEqualTo(new Ended(0, "2\n5", "3\n4\n"));
      assertThat(logs(form, "0")).isEqualTo(new Ended(0, "", ""));
      for (String all : new String[] {"9", "-1", "all"}) {
        assertThat(logs(form, all)).isEqualTo(new Ended(0, "1\n2\n5", "3\n4\n"));
      }
      assertOneLine(logs(form, "x"), 125, "'x'");
    }
    for (String option : new String[] {"--since=1h", "--until=1h", "-t"}) {
      assertOneLine(runcible("logs", option, "box"), 125, "--log-driver k8s-file", "no times");
    }
    assertThat(runcible("rm", "box").code()).isZero();
  }

  private Ended logs(String[] form, String lines) throws Exception {
    String[] all = new String[form.length + 2];
    all[0] = "--tail";
    all[1] = lines;
    System.arraycopy(form, 0, all, 2, form.length);
    return runcible("logs", all);
  }

  @Test
  void bothOutputsAreFollowed() throws Exception {
    runBox("echo old; until [ -e /go ]; do /bin/sleep 0.1; done; echo new >&2; /bin/sleep 600");
    Process logs = command("logs", "-f", "box").start();
    int run = runs;
    try {
      awaitText("out" + run, "old\n");
      assertThat(inBox(">/go").code()).isZero();
      awaitText("err" + run, "new\n");
      assertThat(read("out" + run)).isEqualTo("old\n");
      assertThat(runcible("rm", "-f", "box").code()).isZero();
    } finally {
      logs.destroy();
      ended(logs, run);
    }
  }

  private void awaitText(String file, String text) throws Exception {
    for (int i = 0; i < LIMIT_SECONDS * 50 && !read(file).equals(text); i++) {
      Thread.sleep(20);
    }
    assertThat(read(file)).isEqualTo(text);
  }

  @Test
  void eventsAreNotKeptAndEndWhenAsked() throws Exception {
    assertOneLine(runcible("events", "--since", "1h"), 125, "events --since", "no daemon");
    assertThat(runcible("events", "--until", "2026-01-02T00:00:00Z"))
        .isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("events", "--until", "1s")).isEqualTo(new Ended(0, "", ""));
  }

  @Test
  void copiesHaveTheOwnersAndFilesThatAreAsked() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "text\n");
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
    if (Files.isWritable(Path.of("/etc"))) {
      Files.setAttribute(file, "unix:uid", 1234);
    }
    runBox("/bin/sleep 600");
    assertThat(runcible("cp", "-q", file.toString(), "box:/plain").code()).isZero();
    assertThat(runcible("cp", "-aL", link.toString(), "box:/followed").code()).isZero();
    assertThat(runcible("cp", link.toString(), "box:/link").code()).isZero();
    assertThat(inBox("[ -O /plain ] && [ ! -O /followed ] && [ -L /link ] && cat /followed"))
        .isEqualTo(new Ended(0, "text\n", ""));
    Path tree = Files.createDirectory(directory.resolve("tree"));
    Files.writeString(tree.resolve("in"), "inside\n");
    Path linked = Files.createSymbolicLink(directory.resolve("linked"), Path.of("tree"));
    assertThat(inBox("cd / && >/new && > bin/x").code()).isZero();
    for (int i = 0; i < 2; i++) {
      // Also where they are already, as a directory or a file.
      assertThat(runcible("cp", "-L", link.toString(), "box:/bin/").code()).isZero();
      assertThat(runcible("cp", "-L", linked.toString(), "box:/bin").code()).isZero();
      assertThat(runcible("cp", "-L", linked.toString(), "box:/tree2").code()).isZero();
    }
    assertThat(runcible("cp", "-L", link.toString(), "box:/new").code()).isZero();
    assertThat(inBox("cat /bin/link /bin/linked/in /tree2/in /tree2/linked/in /new").output())
        .isEqualTo("text\ninside\ninside\ninside\ntext\n");
    assertThat(inBox("[ -e /bin/file ] || [ -e /bin/tree ] || [ -e /tree2/tree ]").code())
        .isEqualTo(1);
    assertThat(runcible("cp", "-L", link.toString(), "box:/none/").code()).isEqualTo(125);
    String out = directory.resolve("out").toString();
    assertThat(runcible("cp", "box:/followed", out).code()).isZero();
    assertThat(Files.getAttribute(Path.of(out), "unix:uid"))
        .isEqualTo(Files.getAttribute(directory, "unix:uid"));
    assertThat(runcible("cp", "-a", "box:/followed", out).code()).isZero();
    assertThat(Files.getAttribute(Path.of(out), "unix:uid"))
        .isEqualTo(Files.getAttribute(file, "unix:uid"));
    assertOneLine(runcible("cp", "-L", "box:/plain", out), 125, "cp --follow-link");
    assertThat(runcible("rm", "-f", "box").code()).isZero();
  }
}
