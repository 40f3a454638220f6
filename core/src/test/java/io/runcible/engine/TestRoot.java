package io.runcible.engine;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.CgroupManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory for the stores and the runtime states of a test, on a file system that an overlay can
 * lie on. Closing it removes it, and fails if something in it is still mounted.
 */
public final class TestRoot implements AutoCloseable {
  /** As much as a few stores with large images take. */
  private static final long MEMORY = 4L << 30;

  private static final String JOURNAL = "journal/[-0-9a-f]{36}";

  /** The data of an engine that was used, without an image. */
  private static final List<String> EMPTY =
      List.of(
          "",
          "blobs",
          "blobs/sha256",
          "blobs/sha512",
          "containers",
          "images",
          "ingest",
          "journal",
          "leases",
          "locks",
          "locks/store",
          "locks/turnstile",
          "referrers",
          "snapshots");

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

  /** Memory, if there is enough of it and it can be used, otherwise the temporary files. */
  static Path base() throws IOException {
    Path memory = Path.of("/dev/shm");
    if (Files.isDirectory(memory)) {
      FileStore store = Files.getFileStore(memory);
      // The marks of an ordinary user's overlay are user attributes, which newer kernels keep.
      if (store.getUsableSpace() >= MEMORY
          && store.supportsFileAttributeView(UserDefinedFileAttributeView.class)) {
        return memory;
      }
    }
    Path directory = Path.of(System.getProperty("java.io.tmpdir")).toRealPath();
    HostTools.require(
        !Files.getFileStore(directory).type().equals("overlay"),
        "the temporary directory is an overlay: set java.io.tmpdir");
    return directory;
  }

  public Path path() {
    return path;
  }

  Path data() {
    return path.resolve("data");
  }

  /**
   * What there is of the data besides the directories and locks that are always there. The caller
   * has removed all images and containers.
   *
   * @param engines how many are open, each of which has a journal
   */
  List<String> leftInData(int engines) {
    return leftIn(data(), engines);
  }

  /** The same of any data root. */
  static List<String> leftIn(Path data, int engines) {
    List<String> left = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(data)) {
      paths
          .map(path -> data.relativize(path).toString().replaceFirst(JOURNAL, "journal/ID"))
          .sorted()
          .forEach(left::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    EMPTY.forEach(left::remove);
    for (int i = 0; i < engines; i++) {
      left.remove("journal/ID");
      left.remove("journal/ID/lock");
    }
    return left;
  }

  Path state() {
    return path.resolve("state");
  }

  /** An engine of these directories. */
  public EngineBuilder engine() {
    EngineBuilder builder =
        builder().dataRoot(data()).stateRoot(state()).policy(new HostPolicy(List.of()));
    // The same tests with groups of systemd's.
    Optional.ofNullable(System.getProperty("test.cgroups"))
        .ifPresent(name -> builder.cgroupManager(CgroupManager.valueOf(name)));
    return builder;
  }

  /** An engine on the runtime that the tests are run on, also in the JVMs that they start. */
  public static EngineBuilder builder() {
    EngineBuilder builder = ContainerEngine.builder();
    HostTools.chosenRuntime().ifPresent(builder::runtime);
    return builder;
  }

  @Override
  public void close() {
    remove(path);
  }

  /** Removes a tree, of which nothing may be a mount point. */
  static void remove(Path path) {
    // An ordinary user's may have files of its subordinate ids.
    try (PrivilegedHost host = PrivilegedHost.open()) {
      List<String> command =
          host.command(List.of("rm", "-rf", "--one-file-system", path.toString()));
      Process removal = new ProcessBuilder(command).inheritIO().start();
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
