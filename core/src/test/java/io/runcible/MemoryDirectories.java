package io.runcible;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Temporary directories in memory, if there is some and it can be used, otherwise the usual ones. A
 * disk takes several times as long to make and remove thousands of files.
 */
public final class MemoryDirectories implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long ENOUGH = 1L << 30;

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
      throws IOException {
    return isUsable()
        ? Files.createTempDirectory(MEMORY, "runcible-test-")
        : Files.createTempDirectory("runcible-test-");
  }

  private static boolean isUsable() throws IOException {
    if (!Files.isDirectory(MEMORY) || !Files.isWritable(MEMORY)) {
      return false;
    }
    FileStore store = Files.getFileStore(MEMORY);
    return store.getUsableSpace() >= ENOUGH
        && store.supportsFileAttributeView(UserDefinedFileAttributeView.class);
  }
}
