package io.runcible.engine;

import io.runcible.HostTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A directory for the stores and the runtime states of a test, on a file system that an overlay can
 * lie on. Closing it removes it, and fails if something in it is still mounted.
 */
public final class TestRoot implements AutoCloseable {
  private final Path path;

  private TestRoot(Path path) {
    this.path = path;
  }

  public static TestRoot create() {
    try {
      return new TestRoot(Files.createTempDirectory(base(), "runcible-it-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The directory of temporary files, or, if that is an overlay itself, memory. */
  private static Path base() throws IOException {
    for (String candidate : List.of(System.getProperty("java.io.tmpdir"), "/dev/shm")) {
      Path directory = Path.of(candidate).toRealPath();
      if (!Files.getFileStore(directory).type().equals("overlay")) {
        return directory;
      }
    }
    HostTools.require(false, "the temporary directory is an overlay: set java.io.tmpdir");
    throw new AssertionError("unreachable");
  }

  public Path path() {
    return path;
  }

  Path data() {
    return path.resolve("data");
  }

  Path state() {
    return path.resolve("state");
  }

  /** An engine of these directories. */
  EngineBuilder engine() {
    return ContainerEngine.builder()
        .dataRoot(data())
        .stateRoot(state())
        .policy(new HostPolicy(List.of()));
  }

  @Override
  public void close() {
    try {
      Process removal =
          new ProcessBuilder("rm", "-rf", "--one-file-system", path.toString()).inheritIO().start();
      if (removal.waitFor() != 0) {
        throw new IllegalStateException("cannot remove '" + path + "'");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
