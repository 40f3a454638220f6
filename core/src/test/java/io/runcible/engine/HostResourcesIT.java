package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whose processes are whose. */
class HostResourcesIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** It has what was mounted when it was made, for as long as it is there. */
  @Test
  void mountNamespaceOfAnotherIsNotTheEnginesAndThatOfAContainerIs() throws Exception {
    HostTools.requireRoot();
    HostTools.requireProgram("unshare", "util-linux");
    try (Container container = ENGINE.get().run(ENGINE.sh("exec sleep 600").detached().build())) {
      long other = startInAnotherMountNamespace();
      try {
        assertThat(Files.readString(Path.of("/proc/" + other + "/mountinfo")))
            .contains(ENGINE.directory(container).toString());
        assertThat(HostResources.processesOf(List.of(ENGINE.root().path())))
            .contains("process " + container.pid().orElseThrow())
            .doesNotContain("process " + other);
      } finally {
        ProcessHandle.of(other).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  /** What a test of an ordinary user mounted on the host. */
  @Test
  void mountNamespaceOfAnotherIsNotThatOfAnOrdinaryUser() throws Exception {
    HostTools.requireRoot();
    HostTools.requireProgram("unshare", "util-linux");
    Tool umount = Tool.require("umount", "mount");
    try (TestRoot root = TestRoot.create()) {
      Path home = Files.createDirectories(root.path().resolve("home"));
      Files.setAttribute(home, "unix:uid", 1);
      Path data = Files.createDirectory(home.resolve("data"));
      Tool.require("mount", "mount").run("-t", "tmpfs", "tmpfs", data);
      long other = -1;
      try {
        other = startInAnotherMountNamespace();
        assertThat(Files.readString(Path.of("/proc/" + other + "/mountinfo")))
            .contains(data.toString());
        assertThat(HostResources.processesOf(List.of(root.path())))
            .doesNotContain("process " + other);
      } finally {
        umount.run(data);
        ProcessHandle.of(other).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  /** It is no descendant of this JVM. */
  private static long startInAnotherMountNamespace() throws Exception {
    String script =
        "unshare --mount --propagation private sleep 600 </dev/null >/dev/null 2>&1 & echo $!";
    long other = Long.parseLong(Tool.require("sh", "dash").run("-c", script).strip());
    RestartIT.await(() -> HostResources.commandLine(other).equals("sleep 600"));
    return other;
  }

  /** Who looks at a test that takes long does not make it fail. */
  @Test
  void socketOfAToolThatLooksIntoTheJvmIsNotTheTests() throws Exception {
    String jcmd = System.getProperty("java.home") + "/bin/jcmd";
    HostTools.requireFile(jcmd, "openjdk-17-jdk-headless");
    LeakCheck leaks = new LeakCheck(List::of);
    leaks.begin();
    Process tool =
        new ProcessBuilder(jcmd, "" + ProcessHandle.current().pid(), "VM.version")
            .redirectErrorStream(true)
            .start();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tool.waitFor()).as(said).isZero();
    // That to the tool has the same name, and is closed a little after the tool has ended.
    RestartIT.await(
        () ->
            HostResources.of(List.of()).stream().filter(HostResources::isOfAttaching).count() == 1);
    leaks.verify();
  }

  /** A test beside this one may keep its network for longer than a check waits. */
  @Test
  void networkOfAnotherTestIsNotTheEngines() throws Exception {
    HostTools.requireRoot();
    Tool ip = Tool.require("ip", "iproute2");
    String device = "rcbi%011x".formatted(ProcessHandle.current().pid());
    String found = "network device " + device;
    List<Path> roots = List.of(ENGINE.root().path());
    try (TestRoot other = TestRoot.create()) {
      Path record =
          Files.createDirectories(other.data().resolve("networks/some")).resolve("network.json");
      Files.writeString(record, "{\"device\":\"" + device + "\"}");
      ip.run("link", "add", device, "type", "bridge");
      try {
        assertThat(HostResources.of(roots)).doesNotContain(found);
        assertThat(HostResources.of(List.of(other.path()))).contains(found);
      } finally {
        ip.run("link", "delete", device);
      }
    }
  }
}
