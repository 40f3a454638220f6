package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeRemovalTest {
  private static final int DEEPER_THAN_A_PATH = 2500;
  private static final long SMALL_STACK = 192 * 1024;

  @TempDir Path directory;
  private Path tree;
  private Path outside;

  @BeforeEach
  void makeTree() throws IOException {
    tree = Files.createDirectory(directory.resolve("tree"));
    outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "kept");
  }

  @Test
  void removesATreeDeeperThanAPathAndAStack() throws Exception {
    FileDescriptor level = FileCalls.openDirectory(tree);
    for (int i = 0; i < DEEPER_THAN_A_PATH; i++) {
      FileCalls.makeDirectory(level, "d", 0755);
      FileCalls.makeSymlink(level, "link", outside.toString());
      FileDescriptor below = FileCalls.openDirectoryInRoot(level, "d");
      level.close();
      level = below;
    }
    level.close();

    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread = new Thread(null, () -> removeTree(tree), "remover", SMALL_STACK);
    thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    thread.start();
    thread.join();

    assertThat(failure).hasNullValue();
    assertThat(directory).isDirectoryNotContaining(path -> path.equals(tree));
    assertThat(outside.resolve("kept")).hasContent("kept");
  }

  @Test
  void removesNothingThroughALink() throws IOException {
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Files.createSymbolicLink(tree.resolve("dangling"), Path.of("nowhere"));
    Files.createDirectories(tree.resolve("a/b/c"));
    Files.writeString(tree.resolve("a/b/file"), "x");

    removeTree(tree);

    assertThat(tree).doesNotExist();
    assertThat(outside.resolve("kept")).hasContent("kept");
  }

  @Test
  void removesMoreNamesThanAreReadAtOnce() throws IOException {
    Path wide = Files.createDirectories(tree.resolve("wide"));
    for (int i = 0; i < 1500; i++) {
      Files.createFile(wide.resolve("file with a long name " + i));
      Files.createFile(tree.resolve("file with a long name " + i));
    }
    try (FileDescriptor opened = FileCalls.openDirectory(wide)) {
      assertThat(FileCalls.listSome(opened)).hasSizeBetween(100, 1000);
      FileContent.seek(opened, 0);
      assertThat(FileCalls.list(opened)).hasSize(1500);
    }

    removeTree(tree);

    assertThat(tree).doesNotExist();
  }

  @Test
  void aTreeThatIsGoneIsNoError() {
    removeTree(tree.resolve("nowhere"));
    assertThat(tree).isEmptyDirectory();
  }

  private static void removeTree(Path tree) {
    new ThisProcess().removeTree(tree);
  }
}
