package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The engine of an ordinary user, who is made for the test: that needs root. */
class RootlessIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @BeforeAll
  static void needPrograms() {
    TestUser.needPrograms();
  }

  private static Map<String, String> run(boolean withRange) throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), withRange)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      Map<String, String> said;
      try (ChildJvm jvm =
          withRange
              ? user.jvmWithLetters(RootlessProgram.class, registry())
              : user.jvm(RootlessProgram.class, registry())) {
        said =
            jvm.rest().stream()
                .map(line -> line.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        assertThat(jvm.waitFor()).as("%s", said).isZero();
      }
      leaks.verify();
      Path data = below(root.path().resolve("home"), ".local/share", withRange);
      assertThat(data.resolve("containers")).isEmptyDirectory();
      assertThat(data.resolve("journal")).isEmptyDirectory();
      assertThat(data.resolve("ingest")).isEmptyDirectory();
      assertThat(below(root.path().resolve("run"), "", withRange)).isDirectory();
      return said;
    }
  }

  /** Found by what is in it: this JVM may have a locale without the letters. */
  private static Path below(Path place, String usual, boolean withLetters) throws IOException {
    if (!withLetters) {
      return place.resolve(usual).resolve("runcible");
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(place, "*-*")) {
      return found.iterator().next().resolve("runcible");
    }
  }

  private static String registry() {
    String reference = ENGINE.reference("busybox");
    return reference.substring(0, reference.indexOf('/'));
  }

  private static void assertCommon(Map<String, String> said) {
    assertThat(said)
        .containsEntry("exit", "42")
        .containsEntry("ids", "0 0")
        .containsEntry("network", "lo")
        .containsEntry("confined", "NoNewPrivs:\t1 Seccomp:\t2")
        .containsEntry("memory", "fine")
        .containsEntry("readonly", "1")
        .containsEntry("removal", "0")
        .containsEntry("exec", "3")
        .containsEntry("killed", "true 137")
        .containsEntry("bridge", "NOT_FOUND")
        .containsEntry("unmounted at once", "fine")
        .containsEntry("detached", "5 7 up")
        .containsEntry("paused", "UNSUPPORTED")
        .containsEntry("stats", "UNSUPPORTED")
        .containsEntry("limited", "UNSUPPORTED")
        .containsEntry("top", "[root, root]")
        .containsEntry("out", "x")
        .containsEntry("in", "0 600")
        .containsEntry("missing", "NOT_FOUND")
        .containsEntry("layers", "2")
        .containsEntry("committed", "x")
        .containsEntry("restarted", "x")
        .containsEntry("terminal", "9 8")
        .containsEntry("terminated", "8")
        .containsEntry("healthy", "HEALTHY")
        .containsEntry("again", "")
        .containsEntry("empty", "")
        .containsEntry("anonymous", "app")
        .containsEntry("volumes", "[own]")
        .containsEntry("unused", "true")
        .containsEntry("primed", "640 kept x y")
        .containsEntry("image", "1 app")
        .containsEntry("overlay", TestHost.kernelIsSince(5, 11) ? "hostchanged" : "UNSUPPORTED")
        .containsEntry("kept", "host")
        .containsEntry("mapped", "UNSUPPORTED")
        .containsEntry("slave", "UNSUPPORTED")
        .containsEntry("userns", "UNSUPPORTED")
        .containsEntry("sized", "8192")
        .containsEntry("device", "9")
        .containsEntry("whole", "true")
        .containsEntry("damaged", "[]")
        .containsEntry("count", "0")
        .containsEntry("left", "0");
    assertThat(said.get("diff")).contains("A /d", "A /d/x", "D /etc/group", "A /in/x");
    assertThat(said.get("limits"))
        .startsWith("INVALID_INPUT cannot unpack layer sha256:")
        .contains("ArchiveLimits")
        .endsWith("[]");
    assertThat(said.get("left out"))
        .isEqualTo(
            "[dev/zéro\\x1b[1m: device 0:0: an overlay would take it for a whiteout,"
                + " dev/null: CHARACTER_DEVICE 1:3: not permitted]");
    assertThat(said)
        .containsEntry("files", "[]")
        .containsEntry("files damaged", "1 DAMAGED_LAYER")
        .containsEntry("files how", "'./etc/passwd' has other content")
        .containsEntry("files repaired", "[]");
    assertThat(said.get("closed")).contains("PERMISSION_DENIED", "/root/runcible", "another");
  }

  @Test
  void userWithARangeHasManyIds() throws Exception {
    Map<String, String> said = run(true);
    assertCommon(said);
    assertThat(said)
        .containsEntry("owners", "42 4755:/usr/bin/passwd")
        .containsEntry("chown", "33:44")
        .containsEntry("user", "33")
        .containsEntry("volume", "0:755 1000:755")
        .containsEntry("primed owner", "1000:1000")
        .containsEntry("archive", "12:34")
        .containsEntry("stopped", "137")
        .containsEntry("kept id", "true")
        .containsEntry("kept made", "true")
        .containsEntry("kept root", "0 me 4755:0:0 640:0:42 33:44")
        .containsEntry("kept by root", "true")
        .containsEntry("kept diff", "[C /root, A /root/x]")
        .containsEntry("kept commit", "2 33:44 0:0 0:0 4755")
        .containsEntry("kept place", "1")
        .containsEntry("kept place after", "0")
        .containsEntry("kept primed", "UNSUPPORTED")
        .containsEntry("kept copy", "33:44")
        .containsEntry("kept again", "33:44")
        .containsEntry("kept other", "7 7 user")
        .containsEntry("kept named", "0")
        .containsEntry("kept volume", "UNSUPPORTED");
  }

  @Test
  void userWithoutARangeHasOneId() throws Exception {
    Map<String, String> said = run(false);
    assertCommon(said);
    assertThat(said)
        .containsEntry("owners", "0 4755:/usr/bin/passwd")
        .containsEntry("archive", "0:0")
        .containsEntry("volume", "0:755 0:755")
        .containsEntry("user", "UNSUPPORTED")
        .containsEntry("stopped", "UNSUPPORTED");
    assertThat(said.get("chown")).contains("Invalid argument");
    assertThat(said.get("kept id")).contains("needs subordinate ids");
  }
}
