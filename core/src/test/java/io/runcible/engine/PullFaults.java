package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FailingCalls;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Lets every system call of a pull fail once, for whoever the engine belongs to. */
@SuppressWarnings("try") // What is open is what is tested.
final class PullFaults {
  private static final String NAME = "registry.example/team/app:1";
  private static final int FEW = 20;

  private final MemoryImageSource registry = new MemoryImageSource();
  private final Path files;
  private final Path data;
  private final ContainerEngine engine;
  private final List<String> before;

  /**
   * Opens the engine.
   *
   * @param files a directory for the layers
   * @param data the data root
   */
  PullFaults(EngineBuilder builder, Path files, Path data) throws IOException {
    this.files = files;
    this.data = data;
    image();
    engine = builder.registry(registry).build();
    // The files of the lock for it stay.
    engine.images().prune();
    before = store();
  }

  void close() {
    engine.close();
  }

  /**
   * Two layers; the upper one hides and replaces, for which the lower one is looked at. The lower
   * one is large enough for several threads, the upper one is left to one.
   */
  private void image() throws IOException {
    byte[] noise = new byte[3 << 19];
    new Random(1).nextBytes(noise);
    List<LayerWriter> writers =
        List.of(
            new LayerWriter()
                .addDirectory("/d", 0750)
                .addFile("/d/one", 0644, new byte[10])
                .addFile("/d/two", 0600, new byte[5000])
                .addFile("/d/noise", 0600, noise)
                .addSymlink("/link", "d/one"),
            new LayerWriter().addWhiteout("/d/one").addFile("/implied/three", 0755, new byte[10]));
    List<Digest> diffIds = new ArrayList<>();
    List<Descriptor> layers = new ArrayList<>();
    for (LayerWriter writer : writers) {
      WrittenLayer layer = writer.writeTo(files.resolve("layer" + layers.size()));
      diffIds.add(layer.diffId());
      layers.add(registry.add(MediaType.OCI_LAYER_GZIP, Files.readAllBytes(layer.file())));
    }
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw();
    Manifest manifest = Manifest.of(registry.add(MediaType.OCI_CONFIG, config), layers, Map.of());
    registry.tag(ImageReference.parse(NAME), registry.add(MediaType.OCI_MANIFEST, manifest.raw()));
  }

  private List<String> store() throws IOException {
    try (Stream<Path> paths = Files.walk(data)) {
      return paths.map(path -> data.relativize(path).toString()).sorted().toList();
    }
  }

  /** The descriptors of this process that lead into the store. */
  private List<String> descriptors() throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : (Iterable<Path>) all::iterator) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (IOException e) {
          // That of this listing.
        }
      }
    }
    return open.stream().filter(path -> path.startsWith(data.toString())).sorted().toList();
  }

  private void forget() throws IOException {
    engine.images().remove(NAME);
    engine.images().prune();
    assertThat(store()).isEqualTo(before);
  }

  private List<String> pulled() throws IOException {
    engine.images().pull(NAME);
    return store();
  }

  /**
   * Pulls, and has one call of every few fail.
   *
   * @param step one call in so many
   * @param next is told each of them before
   * @return how many calls a pull has
   */
  int run(int errno, int step, IntConsumer next) throws IOException {
    List<String> whole = pulled();
    List<String> open = descriptors();
    forget();
    int calls;
    try (FailingCalls all = FailingCalls.none()) {
      engine.images().pull(NAME);
      calls = all.count();
    }
    forget();
    assertThat(calls).isGreaterThan(100);
    int failures = 0;
    Random random = new Random(Rounds.seed("pull-faults"));
    int tried = 0;
    int hit = 0;
    for (int begin = 1; begin <= calls; begin += step) {
      int call = Math.min(calls, begin + random.nextInt(step));
      tried++;
      next.accept(call);
      @Nullable String failed;
      try (FailingCalls failing = FailingCalls.at(call, errno)) {
        try {
          engine.images().pull(NAME);
        } catch (RuncibleException e) {
          failures++;
          assertThat(e.getMessage()).as("%d: %s", call, e).contains(name(errno));
          assertThat(e.kind()).isNotIn(ErrorKind.CORRUPT_DATA, ErrorKind.NOT_FOUND);
        } finally {
          failed = failing.failed();
        }
      }
      hit += failed == null ? 0 : 1;
      String where = "call " + call + " of " + calls + ", " + failed;
      assertThat(descriptors()).as(where).isEqualTo(open);
      assertThat(engine.images().check(!engine.images().list().isEmpty()).problems())
          .as(where)
          .isEmpty();
      // What could not be removed, as removing failed, goes with the next clean-up.
      engine.images().prune();
      if (engine.images().list().isEmpty()) {
        assertThat(store()).as(where).isEqualTo(before);
      }
      assertThat(pulled()).as(where).isEqualTo(whole);
      forget();
    }
    assertThat(hit).isPositive();
    // The others only look, or clean up; more of them are an ordinary user's. A few drawn at
    // random may all be of those.
    if (tried >= FEW) {
      assertThat(failures).isGreaterThan(tried / (NativeAccess.isRoot() ? 2 : 3));
    }
    return calls;
  }

  private static String name(int errno) {
    return switch (errno) {
      case Errno.EIO -> "EIO";
      case Errno.ENOSPC -> "ENOSPC";
      default -> "EMFILE";
    };
  }
}
