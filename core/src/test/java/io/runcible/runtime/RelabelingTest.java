package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The label is a name in a list here, so that this needs no SELinux. */
class RelabelingTest {
  @TempDir Path directory;

  private Path tree;
  private Path outside;
  private final List<String> labeled = new ArrayList<>();

  /** What somebody else does just after something got its label. */
  private interface Change {
    void after(String path) throws IOException;
  }

  @BeforeEach
  void make() throws IOException {
    directory = directory.toRealPath();
    tree = Files.createDirectories(directory.resolve("tree/a/b")).getParent().getParent();
    outside = Files.createDirectories(directory.resolve("outside/b/c")).getParent().getParent();
    Files.createFile(tree.resolve("a/b/file"));
    Files.createFile(outside.resolve("b/secret"));
  }

  private void relabel(Change change) {
    try (FileDescriptor top = FileCalls.openDirectory(tree)) {
      Relabeling.run(
          top,
          entry -> {
            try {
              Path path = Files.readSymbolicLink(Path.of(entry.procPath()));
              labeled.add(directory.relativize(path).toString());
              change.after(labeled.get(labeled.size() - 1));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  @Test
  void allOfTheTreeIsLabeledAndLinksThemselves() throws IOException {
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Files.createSymbolicLink(tree.resolve("a/none"), Path.of("/nowhere"));
    relabel(path -> {});
    assertThat(labeled)
        .containsExactlyInAnyOrder(
            "tree", "tree/a", "tree/a/b", "tree/a/b/file", "tree/a/none", "tree/link");
  }

  @Test
  void directoryThatBecomesALinkIsNotLeftThroughIt() {
    relabel(
        path -> {
          if (path.equals("tree/a/b")) {
            Files.move(tree.resolve("a"), tree.resolve("moved"));
            Files.createSymbolicLink(tree.resolve("a"), Path.of("../outside"));
          }
        });
    assertThat(labeled).contains("tree/a/b").noneMatch(path -> path.startsWith("outside"));
  }

  @Test
  void directoryThatIsReplacedByALinkAtOnceIsNotLeftThroughIt() {
    relabel(
        path -> {
          if (path.equals("tree/a")) {
            Files.move(tree.resolve("a"), tree.resolve("moved"));
            Files.createSymbolicLink(tree.resolve("a"), outside);
          }
        });
    assertThat(labeled).contains("tree/a").noneMatch(path -> path.startsWith("outside"));
  }

  @Test
  void whatVanishesIsPassedOver() throws IOException {
    Path busy = Files.createDirectory(tree.resolve("busy"));
    Files.createDirectory(busy.resolve("one"));
    Files.createDirectory(busy.resolve("two"));
    relabel(
        path -> {
          if (path.startsWith("tree/busy/")) {
            // Its brother, which is listed already, itself, and the directory that is being read.
            Files.deleteIfExists(busy.resolve("one"));
            Files.deleteIfExists(busy.resolve("two"));
            Files.delete(busy);
          }
        });
    assertThat(labeled)
        .contains("tree", "tree/busy", "tree/a/b/file")
        .filteredOn(path -> path.startsWith("tree/busy/"))
        .hasSize(1);
  }
}
