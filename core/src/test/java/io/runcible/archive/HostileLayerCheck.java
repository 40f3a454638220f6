package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/**
 * Unpacks hostile layers for one format and one policy for owners, and sees that they do what they
 * should, that nothing outside changes, and that nothing stays open.
 */
public final class HostileLayerCheck {
  public static final ArchiveLimits LIMITS = HostileStreams.LIMITS;

  private static final long SMALL_STACK = 256 * 1024;

  private final Path directory;
  private final LayerFormat format;
  private final Ownership ownership;
  private final List<HostileLayers.Case> cases;
  private final Path outside;
  private final Map<String, String> before;
  private int number;

  HostileLayerCheck(Path directory, LayerFormat format, Ownership ownership) throws IOException {
    this.directory = directory;
    this.format = format;
    this.ownership = ownership;
    outside = Files.createDirectories(directory.resolve("outside"));
    Files.createDirectory(outside.resolve("dir"));
    Files.writeString(outside.resolve("canary"), "alive");
    before = canary(outside);
    cases = cases(outside.toString());
  }

  /** All there are, compressed ones too. */
  public static List<HostileLayers.Case> cases(String outside) {
    List<HostileLayers.Case> all = new ArrayList<>(HostileLayers.all(outside));
    all.addAll(HostileLinks.all(outside));
    all.addAll(HostileStreams.all());
    return all;
  }

  List<HostileLayers.Case> cases() {
    return cases;
  }

  void run(HostileLayers.Case hostile) throws Throwable {
    Path place = Files.createDirectory(directory.resolve("case" + number++));
    try {
      onASmallStack(() -> check(hostile, place));
    } finally {
      assertThat(canary(outside)).isEqualTo(before);
      try (Stream<Path> names = Files.list(directory)) {
        assertThat(names)
            .allMatch(path -> path.getFileName().toString().matches("(case[0-9]+|outside)"));
      }
      assertThat(openBelow(directory)).isEmpty();
      onASmallStack(() -> remove(place));
    }
  }

  /** What a layer asks for must not decide how deep the stack gets. */
  private static void onASmallStack(Executable work) throws Throwable {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable body =
        () -> {
          try {
            work.execute();
          } catch (Throwable e) {
            failure.set(e);
          }
        };
    Thread thread = new Thread(null, body, "small-stack", SMALL_STACK);
    thread.start();
    thread.join();
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw thrown;
    }
  }

  private void check(HostileLayers.Case hostile, Path place) throws IOException {
    List<Path> layers = new ArrayList<>();
    if (hostile.lower() != null) {
      layers.add(unpack(place, "lower", hostile.lower(), List.of()));
    }
    if (hostile.failure() != null) {
      assertThatThrownBy(() -> unpack(place, "layer", hostile.layer(), layers))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(hostile.failure()))
          .hasMessageContaining(hostile.reason());
      if (layers.isEmpty()) {
        discard(place.resolve("layer"));
      }
      return;
    }
    layers.add(unpack(place, "layer", hostile.layer(), layers));
    @Nullable List<String> expected = hostile.lines(format);
    if (expected != null) {
      List<Path> shown = format.isSeparate() ? layers : layers.subList(0, 1);
      assertThat(LayerTree.of(format, shown)).isEqualTo(expected);
    }
  }

  /** Unpacks a layer over others; a plain one into the directory of the first. */
  private Path unpack(Path place, String name, byte[] layer, List<Path> lower) throws IOException {
    Path target = format.isSeparate() || lower.isEmpty() ? place.resolve(name) : lower.get(0);
    Files.createDirectories(target);
    List<Path> topmostFirst = new ArrayList<>(lower);
    Collections.reverse(topmostFirst);
    try (LayerApplier applier =
            LayerApplier.open(target, format, ownership, HostileStreams.LIMITS);
        InputStream tar =
            Decompression.open(new ByteArrayInputStream(layer), HostileStreams.LIMITS)) {
      applier.apply(tar);
      tar.transferTo(OutputStream.nullOutputStream());
      applier.complete(topmostFirst);
    }
    return target;
  }

  private void discard(Path target) throws IOException {
    try (LayerApplier applier =
        LayerApplier.open(target, format, ownership, HostileStreams.LIMITS)) {
      applier.discard();
    }
    assertThat(target).isEmptyDirectory();
  }

  /** By descriptors: JUnit's own clean-up resolves the whole path at each level of a deep tree. */
  private void remove(Path place) {
    try (LayerTarget target =
        new LayerTarget(FileCalls.openDirectory(directory), LayerFormat.PLAIN, ownership)) {
      String name = place.getFileName().toString();
      new TreeRemover(target, new MadeNames())
          .remove(target.root(), 0, name, FileCalls.stat(target.root(), name).orElseThrow());
    }
  }

  /** What this process has open there. */
  private static List<String> openBelow(Path directory) throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (IOException e) {
          // The descriptor of this listing itself.
        }
      }
    }
    open.removeIf(path -> !path.startsWith(directory.toString()));
    return open;
  }

  /** Everything that an escape could change; a change time tells also what was changed back. */
  public static Map<String, String> canary(Path outside) throws IOException {
    Map<String, String> state = FileTree.of(outside);
    for (Map.Entry<String, String> line : state.entrySet()) {
      Path path = outside.resolve(line.getKey().substring(1));
      line.setValue(line.getValue() + Files.readAttributes(path, "unix:nlink,ctime"));
    }
    return state;
  }
}
