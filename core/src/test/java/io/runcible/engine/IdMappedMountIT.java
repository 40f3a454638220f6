package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Files of the host that have other owners in a container. */
class IdMappedMountIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final List<IdRange> UIDS = List.of(new IdRange(0, 1000, 1));
  private static final List<IdRange> GIDS = List.of(new IdRange(0, 100, 1));

  @TempDir Path directory;

  @BeforeAll
  static void needRoot() {
    HostTools.requireRoot();
    HostTools.requireProgram("unshare", "util-linux");
  }

  private static void own(Path file, int uid, int gid) throws IOException {
    Files.setAttribute(file, "unix:uid", uid);
    Files.setAttribute(file, "unix:gid", gid);
  }

  private static String owner(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
  }

  @Test
  void rootOfTheContainerWorksOnTheFilesOfAUser() throws IOException {
    assumeTrue(TestHost.kernelIsSince(5, 12), "an older kernel refuses, as the next test shows");
    Path users = Files.createDirectory(directory.resolve("users"));
    own(users, 1000, 100);
    Path file = Files.writeString(users.resolve("file"), "content");
    own(file, 1000, 100);
    Files.writeString(users.resolve("roots"), "x");
    String script =
        """
        cd /d && stat -c %u:%g . file roots /f && cat file && echo more >>file && touch made
        chown 1:1 made 2>/dev/null || echo refused
        su app -s /bin/sh -c 'touch other' 2>/dev/null || echo refused
        stat -c %u:%g /v && touch /v/x
        touch /r/x 2>/dev/null || echo read-only
        """;
    ContainerSpec.Builder spec =
        ENGINE
            .sh(script)
            .mount(Mount.bind(users, "/d").idMapped(UIDS, GIDS))
            .mount(Mount.bind(users, "/r").readOnly().idMapped(UIDS, GIDS))
            .mount(Mount.bind(file, "/f").idMapped(UIDS, GIDS))
            .mount(Mount.volume("mapped", "/v").idMapped(List.of(new IdRange(7, 0, 1)), GIDS));
    assertThat(ENGINE.run(spec).stdout())
        .isEqualTo(
            """
            0:0
            0:0
            65534:65534
            0:0
            content
            """
                    .stripTrailing()
                + "refused\nrefused\n7:65534\nread-only\n");
    assertThat(file).hasContent("contentmore\n");
    assertThat(owner(users.resolve("made"))).isEqualTo("1000:100");
    assertThat(owner(file)).isEqualTo("1000:100");
    assertThat(users.resolve("other")).doesNotExist();
    assertThat(users.resolve("roots")).hasContent("x");
    ENGINE.get().volumes().remove("mapped");
  }

  @Test
  void fileSystemThatTakesNoMappingIsRefused() {
    ContainerSpec.Builder spec =
        ENGINE.sh("true").mount(Mount.bind(Path.of("/proc/1"), "/d").idMapped(UIDS, GIDS));
    assertThatThrownBy(() -> ENGINE.run(spec))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
        .hasMessageContaining("/proc/1")
        .hasMessageContaining(TestHost.kernelIsSince(5, 12) ? "file system" : "Linux 5.12");
  }

  @Test
  void mappingThatIsNoneIsRefused() {
    Mount bind = Mount.bind(directory, "/d");
    List<IdRange> twice = List.of(new IdRange(0, 1000, 2), new IdRange(1, 5, 1));
    for (Runnable wrong :
        List.<Runnable>of(
            () -> bind.idMapped(List.of(), GIDS),
            () -> bind.idMapped(twice, GIDS),
            () -> bind.idMapped(UIDS, twice),
            () -> Mount.tmpfs("/d").idMapped(UIDS, GIDS))) {
      assertThatThrownBy(wrong::run)
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }
  }
}
