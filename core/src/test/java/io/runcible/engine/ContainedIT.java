package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Engines in a container that has no rights on the host, which runc makes. */
class ContainedIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String CONFIG =
      """
      {"ociVersion": "1.0.2", "root": {"path": "root"}, "process": {
          "args": ["sleep", "600"], "cwd": "/", "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
          "user": {"uid": 0, "gid": 0}, "noNewPrivileges": %1$s,
          "capabilities": {"bounding": [%2$s], "effective": [%2$s], "permitted": [%2$s]}},
       "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
          {"destination": "/dev", "type": "bind", "source": "/dev", "options": ["%6$s"]},
          {"destination": "/dev/shm", "type": "bind", "source": "/dev/shm", "options": ["%6$s"]},
          {"destination": "/root", "type": "tmpfs", "source": "tmpfs"},
          {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind"]},
          {"destination": "/tmp", "type": "bind", "source": "/tmp", "options": ["%6$s"]}],
       "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}%3$s],
          "maskedPaths": [%4$s], "uidMappings": [%5$s], "gidMappings": [%5$s]}}
      """;

  /** Those that docker gives. */
  private static final List<String> USUAL =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "FSETID",
          "FOWNER",
          "MKNOD",
          "NET_RAW",
          "SETGID",
          "SETUID",
          "SETFCAP",
          "SETPCAP",
          "NET_BIND_SERVICE",
          "SYS_CHROOT",
          "KILL",
          "AUDIT_WRITE");

  private boolean gainsNothing;
  private List<String> capabilities = USUAL;
  private String masked = "";
  private boolean ownUsers;

  @BeforeAll
  static void needPrograms() {
    HostTools.requireRoot();
    HostTools.requireProgram("runc", "runc");
    HostTools.requireProgram("unshare", "util-linux");
  }

  private String config() {
    String words =
        capabilities.stream().map(c -> "\"CAP_" + c + "\"").collect(Collectors.joining(","));
    return CONFIG.formatted(
        gainsNothing,
        words,
        ownUsers ? ",{\"type\": \"user\"}" : "",
        masked,
        ownUsers ? "{\"containerID\": 0, \"hostID\": 700000, \"size\": 65536}" : "",
        // What is mounted below cannot be left out by whoever did not mount it.
        ownUsers ? "rbind" : "bind");
  }

  /** What an engine says there. */
  private Map<String, String> said(int uid) throws Exception {
    Tool runc = Tool.require("runc", "runc");
    try (TestRoot root = TestRoot.create()) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      Path bundle = Files.createDirectories(root.path().resolve("bundle/root")).getParent();
      Files.writeString(bundle.resolve("config.json"), config());
      Path home = Files.createDirectory(root.path().resolve("home"));
      int owner = ownUsers ? 700_000 + uid : uid;
      Tool.require("chmod", "coreutils").run("755", root.path());
      Tool.require("chown", "coreutils").run(owner + ":" + owner, home);
      String id = "runcible-" + UUID.randomUUID();
      // The host does not see the mount.
      String start =
          "mount --bind / root && runc run --detach " + id + " </dev/null >log 2>&1 || ! cat log";
      Tool.require("unshare", "util-linux")
          .run("--mount", "sh", "-c", "cd " + bundle + " && " + start);
      List<String> enter =
          new ArrayList<>(List.of("runc", "exec", "--user", uid + ":" + uid, "--env"));
      enter.addAll(List.of("HOME=" + home, id));
      try (ChildJvm jvm =
          ChildJvm.start(enter, ContainedProgram.class, home, ENGINE.reference("busybox"))) {
        List<String> lines = jvm.rest();
        // Anything else is how it failed, and all of it is told.
        assertThat(lines).allMatch(line -> line.contains("="), "answer");
        return lines.stream()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
      } finally {
        runc.run("delete", "--force", id);
        leaks.verify();
      }
    }
  }

  private static void assertRuns(Map<String, String> said, String output, String privileges) {
    assertThat(said)
        .containsEntry("output", output)
        .containsEntry("exec", "3 inside")
        .containsEntry("stop", "137")
        .containsEntry("groups", "[]")
        .containsEntry("privileges", "true " + privileges);
    if (TestHost.kernelIsSince(5, 11)) {
      assertThat(said).containsEntry("layer", "0").doesNotContainKey("failed");
      assertThat(said.get("overlay")).startsWith("true");
      return;
    }
    assertThat(said.get("overlay")).startsWith("false").contains("5.11", "copied");
    assertThat(said.get("failed")).startsWith("UNSUPPORTED").contains("below", "Linux 5.11");
  }

  @Test
  void rootGivesItsContainersAllIds() throws Exception {
    Map<String, String> said = said(0);
    assertRuns(said, "33:44 0 up", "root of a container has a user namespace with a range of ids");
    assertThat(said.get("subordinate-ids")).startsWith("true not needed");
  }

  @Test
  void rootOfAUserNamespaceDoesSo() throws Exception {
    ownUsers = true;
    capabilities = new ArrayList<>(USUAL);
    capabilities.add("SYS_ADMIN");
    assertRuns(
        said(0), "33:44 0 up", "root of a container has a user namespace with a range of ids");
  }

  @Test
  void userHasOneIdWhereNothingGainsPrivileges() throws Exception {
    gainsNothing = true;
    Map<String, String> said = said(4711);
    assertRuns(
        said, "0:0 0 up", "a user namespace with a single id: files of images all belong to it");
    assertThat(said.get("subordinate-ids")).startsWith("false");
  }

  @Test
  void hiddenPartsOfProcAreNamed() throws Exception {
    masked = "\"/proc/keys\"";
    Map<String, String> said = said(0);
    assertThat(said.get("privileges")).startsWith("false").contains("/proc", "unmask=ALL");
    assertThat(said.get("failed")).startsWith("UNSUPPORTED").contains("/proc", "capabilities()");
  }

  @Test
  void capabilitiesThatAreMissingAreNamed() throws Exception {
    capabilities = List.of();
    Map<String, String> said = said(0);
    assertThat(said.get("privileges")).startsWith("false").contains("CAP_SETFCAP");
    assertThat(said.get("failed")).startsWith("UNSUPPORTED").contains("CAP_SETFCAP");
  }
}
