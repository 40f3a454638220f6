package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The volumes that an image names, which is hostile. */
@EnabledOnOs(OS.LINUX)
class RootDirectoriesTest {
  private static final Path MOUNTED = Path.of("/mounted/rootfs");

  @TempDir Path directory;
  private Path root;

  @BeforeEach
  void makeRoot() throws IOException {
    root = Files.createDirectory(directory.resolve("root"));
    Files.createDirectories(root.resolve("var/data"));
    Files.createSymbolicLink(root.resolve("link"), Path.of("/var"));
    Files.createSymbolicLink(root.resolve("outside"), Path.of("../../.."));
    Files.createSymbolicLink(root.resolve("dangling"), Path.of("/nowhere"));
    Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
    Files.createFile(root.resolve("file"));
  }

  /** JUnit warns of links that lead out of its directory. */
  @AfterEach
  void removeLinks() throws IOException {
    Files.delete(root.resolve("link"));
    Files.delete(root.resolve("outside"));
  }

  private List<Path> make(String... volumes) {
    return RootDirectories.make(root, MOUNTED, Set.of(volumes), IdMaps.HOST);
  }

  @Test
  void volumesAreMadeWhereTheyAreMissing() {
    assertThat(make("/var/data", "/new/deep/", "/a/./../b"))
        .containsExactlyInAnyOrder(
            MOUNTED.resolve("var/data"), MOUNTED.resolve("new/deep"), MOUNTED.resolve("b"));
    assertThat(root.resolve("new/deep")).isDirectory();
    assertThat(root.resolve("b")).isDirectory();
  }

  @Test
  void linksLeadNowhereButInside() {
    assertThat(make("/link/data", "/outside/x"))
        .containsExactlyInAnyOrder(MOUNTED.resolve("var/data"), MOUNTED.resolve("x"));
    assertThat(directory).isDirectoryNotContaining(path -> !path.equals(root));
  }

  @Test
  void namesAreNotTheHostsText() {
    assertThat(make("/\u00fc/\u4e2d")).hasSize(1);
    assertThat(root.toFile().list()).hasSize(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/..",
        "relative",
        "/a\0b",
        "/proc/x",
        "/x/../sys",
        "/dev",
        "/file",
        "/file/x",
        "/dangling",
        "/dangling/x",
        "/loop/x"
      })
  void whatCannotBeADirectoryIsLeftOut(String volume) {
    assertThat(make(volume, "/good")).containsExactly(MOUNTED.resolve("good"));
  }

  @Test
  void nameThatIsTooLongIsLeftOut() {
    assertThat(make("/" + "a".repeat(256), "/good")).containsExactly(MOUNTED.resolve("good"));
  }
}
