package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.MemoryDirectories;
import io.runcible.RuncibleException;
import io.runcible.archive.Decompression;
import io.runcible.archive.HostileLayerCheck;
import io.runcible.archive.HostileLayers;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.LayerTree;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.store.LocalStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The hostile layers on the whole way of a pull, and then copied together. */
class HostilePullIT {
  private static final ImageReference NAME = ImageReference.parse("registry.example/hostile:1");

  @TempDir(factory = MemoryDirectories.class)
  Path directory;

  private PrivilegedHost host;
  private LocalStore store;
  private Snapshotter snapshotter;
  private Unpacker unpacker;

  @BeforeEach
  void open() {
    HostTools.requireRoot();
    host = PrivilegedHost.open();
    store = LocalStore.open(directory.resolve("store"));
    snapshotter = Snapshotter.copy(store, host);
    unpacker = new Unpacker(store, snapshotter, host, HostileLayerCheck.LIMITS, this::daemon);
  }

  private Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "hostile-pull");
    thread.setDaemon(true);
    return thread;
  }

  @AfterEach
  void close() {
    unpacker.close();
    host.removeTree(store.root());
    host.close();
  }

  @TestFactory
  Stream<DynamicTest> pullsDoWhatTheyShouldAndNothingOutside() throws IOException {
    Path outside = Files.createDirectories(directory.resolve("outside/dir")).getParent();
    Files.writeString(outside.resolve("canary"), "alive");
    Map<String, String> before = HostileLayerCheck.canary(outside);
    return HostileLayerCheck.cases(outside.toString()).stream()
        .map(
            hostile ->
                DynamicTest.dynamicTest(
                    hostile.name(),
                    () -> {
                      check(hostile);
                      assertThat(HostileLayerCheck.canary(outside)).isEqualTo(before);
                    }));
  }

  private void check(HostileLayers.Case hostile) throws IOException {
    List<byte[]> layers =
        Stream.of(hostile.lower(), hostile.layer()).filter(Objects::nonNull).toList();
    Image image = image(layers);
    List<Digest> there = snapshotter.list();
    if (hostile.failure() != null) {
      assertThatThrownBy(() -> unpacker.unpack(image, event -> {}))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(hostile.failure()))
          .hasMessageContaining(hostile.reason());
      assertThat(snapshotter.list()).hasSameElementsAs(there);
      return;
    }
    List<Digest> chain = unpacker.unpack(image, event -> {});
    Path target = Files.createDirectory(directory.resolve("target"));
    try {
      snapshotter.view(chain, target).mount(target);
      List<String> expected = hostile.lines(LayerFormat.COPY);
      if (expected != null) {
        assertThat(names(LayerTree.of(target))).isEqualTo(names(expected));
      }
    } finally {
      host.removeTree(target);
    }
  }

  /** Without the number of links, of which a layer by itself has those that others hide. */
  private static List<String> names(List<String> lines) {
    return lines.stream().map(line -> line.replaceFirst(" \\(\\d+\\)$", "")).toList();
  }

  private static Image image(List<byte[]> layers) {
    MemoryImageSource source = new MemoryImageSource();
    byte[] config =
        ImageConfig.builder(Platform.host())
            .diffIds(layers.stream().map(HostilePullIT::diffId).toList())
            .build()
            .raw();
    Manifest manifest =
        Manifest.of(
            source.add(MediaType.OCI_CONFIG, config),
            layers.stream().map(layer -> source.add(MediaType.OCI_LAYER_GZIP, layer)).toList(),
            Map.of());
    source.tag(NAME, source.add(MediaType.OCI_MANIFEST, manifest.raw()));
    return Image.resolve(source, NAME, Platform.host());
  }

  /** Of a damaged layer, any. */
  private static Digest diffId(byte[] layer) {
    try (InputStream tar = Decompression.open(new ByteArrayInputStream(layer))) {
      return Digest.sha256(tar.readAllBytes());
    } catch (IOException | RuncibleException e) {
      return Digest.sha256(layer);
    }
  }
}
