package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The size of writable layers, on file systems with project quotas, which many a kernel of a build
 * host has not. For the guest of {@code src/test/guest}.
 */
class QuotaInGuest {
  private static final String EXT4 = "mkfs.ext4 -q -O quota,project -E quotatype=prjquota";
  private static final String XFS = "mkfs.xfs -q";

  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @BeforeAll
  static void needRoot() {
    HostTools.requireRoot();
    HostTools.requireProgram("mkfs.xfs", "xfsprogs");
  }

  @ParameterizedTest
  @ValueSource(strings = {EXT4, XFS})
  void layerHoldsWhatItMayAndNoMore(String mkfs) throws Exception {
    try (TestRoot root = TestRoot.create()) {
      Path image = root.path().resolve("image");
      Tool.require("truncate", "coreutils").run("-s", "512M", image);
      Tool.require("sh", "dash").run("-c", mkfs + " " + image);
      Files.createDirectory(root.data());
      Tool.require("mount", "mount").run("-o", "loop,prjquota", image, root.data());
      try (ContainerEngine engine = root.engine().build()) {
        if (!TestHost.kernelIsSince(5, 14)) {
          assertRefused(engine);
          return;
        }
        // ext4 says that the quota is exceeded, XFS that no space is left.
        assertThat(run(engine, "16m", 64))
            .containsPattern("quota exceeded|no space left")
            .containsPattern("1[456][+]0 records out");
        assertThat(run(engine, "16m", 8)).contains("8+0 records out").doesNotContain("error");
        assertThat(run(engine, "40m", 32)).contains("32+0 records out").doesNotContain("error");
        // Small files in many directories count, and removing them helps.
        assertThat(
                output(
                    engine,
                    "8m",
                    "for i in 1 2 3 4 5 6 7 8 9; do mkdir /d$i;"
                        + " head -c 1000000 /dev/zero >/d$i/f || { echo full; break; }; done; rm -r /d1 /d2;"
                        + " head -c 1000000 /dev/zero >/again && echo fits"))
            .contains("full", "fits");
        assertThat(engine.list()).isEmpty();
        assertThat(limits(root.data())).isEmpty();
      } finally {
        Tool.require("umount", "mount").run(root.data());
      }
    }
  }

  private static void assertRefused(ContainerEngine engine) {
    RunIT.assertFails(() -> run(engine, "16m", 8), ErrorKind.UNSUPPORTED, "Linux 5.14");
    assertThat(engine.list()).isEmpty();
  }

  private static String run(ContainerEngine engine, String limit, int megabytes) {
    return output(engine, limit, "dd if=/dev/zero of=/big bs=1M count=" + megabytes);
  }

  private static String output(ContainerEngine engine, String limit, String script) {
    try (Container container = engine.run(ENGINE.sh(script).writableLimit(limit).build())) {
      TestEngine.Ended ended = TestEngine.ended(container);
      return (ended.stdout() + ended.stderr()).toLowerCase(Locale.ROOT);
    }
  }

  /** The projects of ours that still have a limit, as another program sees it. */
  private static List<String> limits(Path mounted) throws Exception {
    String python =
        """
        import ctypes, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(sys.argv[1], os.O_RDONLY)
        block, project = ctypes.create_string_buffer(72), 0x52000000
        while True:
            # Q_GETNEXTQUOTA of projects
            if libc.syscall(443, fd, (0x800009 << 8 | 2), project, block) != 0:
                break
            hard, soft, space = struct.unpack_from('QQQ', block, 0)
            found = struct.unpack_from('I', block, 68)[0]
            if hard or soft:
                print(found, hard, soft, space)
            project = found + 1
        """;
    return Tool.require("python3", "python3").run("-c", python, mounted).lines().toList();
  }
}
