package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.samples.cli.Sample.Ended;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What people's fingers know of lists, and of removing, from other engines. */
@Execution(ExecutionMode.CONCURRENT)
class ListFlagsIT extends ProgramTests {
  /** Of a test that fails: they are the host's. */
  @AfterEach
  void removeNetworks() throws Exception {
    Ended pruned = sub("network", "prune");
    assertThat(pruned.code()).as("%s", pruned).isZero();
  }

  @Test
  void imagesAreFoundByTheirNamesAndLabels() throws Exception {
    assertThat(runcible("pull", "-q", image).code()).isZero();
    assertThat(runcible("tag", image, "other.example/tool:2").code()).isZero();
    String format = "{{.Repository}}:{{.Tag}} {{.Size}}";
    String listed = runcible("images", "--format", format).output();
    assertThat(listed.lines().map(line -> line.split(" ")[0]))
        .containsExactlyInAnyOrder(image, "other.example/tool:2");
    assertThat(listed.lines()).allMatch(line -> line.matches("\\S+ [0-9.]+[kM]?B"));
    assertThat(runcible("images", "-q", "tool").output()).isEqualTo("other.example/tool:2\n");
    assertThat(runcible("images", "-a", "-q", "none").output()).isEmpty();
    assertThat(runcible("images", "-q", "-f", "reference=*/tool:*").output())
        .isEqualTo("other.example/tool:2\n");
    assertThat(runcible("images", "-q", "-f", "label=x").output()).isEmpty();
    assertThat(runcible("images", "-q", "-f", "dangling=true").output()).isEmpty();
    assertOneLine(runcible("images", "-f", "x=y"), 125, "'x'");
    assertThat(runcible("images", "--noheading", "tool").output())
        .startsWith("other.example/tool:2 ");
    assertThat(runcible("history", "--format", "{{.Bytes}}", "other.example/tool:2").output())
        .isEqualTo(runcible("images", "--format", "{{.Bytes}}", "tool").output());
    assertOneLine(runcible("history", "none.example/x:1"), 125, "none.example/x:1");
    assertThat(runcible("rmi", "-f", "none.example/x:1")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("rmi").code()).isEqualTo(2);
    assertThat(runcible("rmi", "-a")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("images", "-q").output()).isEmpty();
  }

  @Test
  void volumesAndNetworksAreFoundByTheirNamesAndLabels() throws Exception {
    for (String kind : new String[] {"volume", "network"}) {
      assertThat(sub(kind, "create", "--label", "a=b", "labelled").code()).isZero();
      assertThat(sub(kind, "create", "plain").code()).isZero();
      assertThat(sub(kind, "ls", "-q", "-f", "label=a=b").output()).isEqualTo("labelled\n");
      assertThat(sub(kind, "list", "-q", "-f", "name=lai").output()).isEqualTo("plain\n");
      assertThat(sub(kind, "ls", "-q", "-f", "dangling=false").output()).isEmpty();
      assertThat(sub(kind, "ls", "--format", "{{.Name}} {{.Labels}}", "-f", "label=a").output())
          .isEqualTo("labelled a=b\n");
      assertOneLine(sub(kind, "ls", "-f", "x=y"), 125, "'x'");
      assertThat(sub(kind, "inspect", "-f", "{{.Name}} {{.Labels.a}}", "labelled").output())
          .isEqualTo("labelled b\n");
      assertOneLine(sub(kind, "prune", "--filter", "name=plain"), 125, "'name'");
      assertThat(sub(kind, "prune", "--filter", "label=a").output()).isEqualTo("labelled\n");
      assertThat(sub(kind, "remove", "plain").output()).isEqualTo("plain\n");
    }
    assertOneLine(sub("volume", "create", "-d", "nfs", "x"), 125, "'nfs'");
  }

  @Test
  void containersAreReplacedAndRemovedWithoutAsking() throws Exception {
    Path id = directory.resolve("id");
    String[] create = {"-l", "a=b", "--name", "box", image, "/bin/true"};
    assertThat(runcible("create", create).code()).isZero();
    String[] replace = {
      "--replace", "--cidfile", id.toString(), "--name", "box", "-l", "c=d", image, "/bin/sh"
    };
    assertThat(runcible("create", replace)).isEqualTo(new Ended(0, "box\n", ""));
    assertThat(runcible("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Labels}}").output())
        .isEqualTo("box created c=d\n");
    String[] twice = {"--ignore", "box", "box"};
    assertThat(runcible("rm", twice)).isEqualTo(new Ended(0, "box\n", ""));
    assertThat(runcible("create", "--name", "box", image, "/bin/true").code()).isZero();
    assertThat(runcible("stop", "-i", "nobody")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("rm", "--ignore", "nobody")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("rm", "-f", "nobody")).isEqualTo(new Ended(0, "", ""));
    String none = directory.resolve("none").toString();
    assertOneLine(runcible("rm", "--cidfile", none), 125, "none");
    for (String command : List.of("rm", "stop")) {
      assertThat(runcible(command, "--ignore", "--cidfile", none)).isEqualTo(new Ended(0, "", ""));
    }
    assertThat(runcible("rm", "--cidfile", id.toString()).output()).isEqualTo("box\n");
    assertThat(Files.readString(id)).isEqualTo("box");
    assertThat(runcible("ps", "-aq").output()).isEmpty();
  }

  @Test
  void containersAreSorted() throws Exception {
    for (String name : List.of("b", "a", "c")) {
      assertThat(runcible("create", "--name", name, image, "/bin/true").code()).isZero();
    }
    assertThat(runcible("ps", "-aq").output()).isEqualTo("c\na\nb\n");
    assertThat(runcible("ps", "-aq", "--sort", "names").output()).isEqualTo("a\nb\nc\n");
    assertThat(runcible("ps", "-aq", "--sort=created").output()).isEqualTo("b\na\nc\n");
    assertThat(runcible("ps", "-q", "--last", "2", "--sort=id").output()).isEqualTo("a\nc\n");
    assertThat(runcible("ps", "-q", "-n", "-1").output()).isEqualTo("c\na\nb\n");
    assertThat(runcible("ps", "-ql").output()).isEqualTo("c\n");
    assertThat(runcible("ps", "-as", "--format", "{{.ID}} {{.Size}}").output().lines())
        .hasSize(3)
        .allMatch(line -> line.matches("[abc] [0-9.]+k?B \\(virtual [0-9.]+MB\\)"));
    assertThat(runcible("ps", "--size").output()).contains("  PID  SIZE\n");
    assertThat(runcible("rm", "-l").output()).isEqualTo("c\n");
    assertThat(runcible("rm", "--filter", "name=a", "--filter", "status=created").output())
        .isEqualTo("a\n");
    assertOneLine(runcible("rm", "--filter", "x=y"), 125, "'x'");
    assertThat(runcible("rm", "-l", "b").code()).isEqualTo(2);
    assertThat(runcible("rm", "--filter", "name=b", "b").code()).isEqualTo(2);
    assertThat(runcible("stop", "--filter", "name=none")).isEqualTo(new Ended(0, "", ""));
    assertThat(runcible("restart", "--running", "b").output()).isEqualTo("b\n");
    assertThat(runcible("ps", "-q").output()).isEmpty();
    assertThat(runcible("rm", "-l").output()).isEqualTo("b\n");
    assertThat(runcible("rm", "-l")).isEqualTo(new Ended(0, "", ""));
  }

  @Test
  void containerStaysWhereItCannotBeReplaced() throws Exception {
    assertThat(runcible("create", "--name", "box", "-v", "/own", image, "/bin/true").code())
        .isZero();
    String missing = image.replace("shell:1", "none:1");
    String none = directory.resolve("none").toString();
    assertNotReplaced("none:1", missing);
    assertNotReplaced(none, "-v", none + ":/d", image);
    assertNotReplaced("none:1", "--mount", "type=image,source=" + missing + ",target=/d", image);
    assertNotReplaced("'nowhere'", "--network", "nowhere", image);
    assertNotReplaced("'nobody'", "--pid", "container:nobody", image);
    for (String option : List.of("--network", "--ipc", "--pid", "--uts")) {
      assertNotReplaced("shared", option, "container:box", image);
    }
    assertNotReplaced("shared", "--volumes-from", "box:ro", image);
    InetAddress local = InetAddress.getLoopbackAddress();
    try (ServerSocket tcp = new ServerSocket(0, 1, local);
        DatagramSocket udp = new DatagramSocket(0, local)) {
      String port = "127.0.0.1:" + tcp.getLocalPort();
      assertNotReplaced(port, "-p", port + ":80", image);
      port = "127.0.0.1:" + udp.getLocalPort();
      assertNotReplaced(port, "-p", port + ":53/udp", image);
    }
    assertThat(sub("volume", "ls", "-q").output().lines()).hasSize(1);
    assertThat(runcible("rm", "box").code()).isZero();
  }

  private void assertNotReplaced(String reason, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("--replace", "--name", "box"));
    all.addAll(List.of(arguments));
    for (String command : List.of("create", "run")) {
      assertOneLine(runcible(command, all.toArray(String[]::new)), 125, reason);
      assertThat(runcible("ps", "-aq").output()).isEqualTo("box\n");
    }
  }

  @Test
  void containerIsGivenTheTimeToEnd() throws Exception {
    String script =
        "trap 'echo ended >/data/x; exit' TERM; echo up; while :; do /bin/sleep 0.1; done";
    String[] run = {"-d", "--name", "box", "-v", "data:/data", image, "/bin/sh", "-c", script};
    assertThat(runcible("run", run).code()).isZero();
    for (int i = 0; i < LIMIT_SECONDS * 20 && runcible("logs", "box").output().isEmpty(); i++) {
      Thread.sleep(20);
    }
    assertThat(runcible("rm", "-f", "-t", "60", "box").output()).isEqualTo("box\n");
    assertThat(runcible("run", "-v", "data:/data", image, "/bin/cat", "/data/x").output())
        .isEqualTo("ended\n");
  }
}
