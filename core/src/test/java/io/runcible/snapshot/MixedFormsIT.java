package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.TarBytes;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.ChainId;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers of an overlay where layers are copied, and the other way round. */
class MixedFormsIT {
  private static final ImageReference NAME = ImageReference.parse("registry.example/mixed:1");

  /** Each deletes something of the one before, in all ways. */
  private static final List<byte[]> LAYERS =
      List.of(
          new TarBytes()
              .directory("hidden")
              .file("hidden/old", "low")
              .file("gone", "low")
              .file("tree/a", "low")
              .file("linked", "low")
              .bytes(),
          new TarBytes()
              .directory("hidden")
              .file("hidden/.wh..wh..opq", "")
              .file("hidden/new", "high")
              .file(".wh.gone", "")
              .file(".wh.tree", "")
              .file("tree/b", "high")
              .hardLink("link", "linked")
              .bytes(),
          new TarBytes().file(".wh.gone", "").file(".wh.hidden", "").file("top", "x").bytes(),
          new TarBytes().file(".wh..wh..opq", "").file("last", "x").bytes());

  @TempDir Path root;
  private PrivilegedHost host;
  private Image image;
  private List<Digest> chain;

  @BeforeEach
  void open() {
    HostTools.requireRoot();
    host = PrivilegedHost.open();
    image = image(LAYERS);
    chain = ChainId.of(LAYERS.stream().map(Digest::sha256).toList());
  }

  @AfterEach
  void close() {
    host.close();
  }

  /** Of these layers, as they are. */
  static Image image(List<byte[]> layers) {
    MemoryImageSource source = new MemoryImageSource();
    List<Digest> diffIds = layers.stream().map(Digest::sha256).toList();
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw();
    Manifest manifest =
        Manifest.of(
            source.add(MediaType.OCI_CONFIG, config),
            layers.stream().map(layer -> source.add(MediaType.OCI_LAYER, layer)).toList(),
            Map.of());
    source.tag(NAME, source.add(MediaType.OCI_MANIFEST, manifest.raw()));
    return Image.resolve(source, NAME, Platform.host());
  }

  private LocalStore store() {
    return LocalStore.open(root.resolve("store"));
  }

  private Snapshotter copying() {
    return Snapshotter.copy(store(), host);
  }

  private Snapshotter stacking() {
    return Snapshotter.overlay(store(), host);
  }

  private Unpacker unpacker(LocalStore store, Snapshotter snapshotter, ArchiveLimits limits) {
    return new Unpacker(store, snapshotter, host, limits, MixedFormsIT::daemon);
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "mixed-forms");
    thread.setDaemon(true);
    return thread;
  }

  private void unpack(LocalStore store, Snapshotter snapshotter) {
    try (Unpacker unpacker = unpacker(store, snapshotter, ArchiveLimits.DEFAULT)) {
      assertThat(unpacker.unpack(image, event -> {})).isEqualTo(chain);
    }
  }

  private Map<Digest, String> compare(LocalStore store, Snapshotter snapshotter) {
    try (Unpacker unpacker = unpacker(store, snapshotter, ArchiveLimits.DEFAULT)) {
      return unpacker.compare(image, layer -> true);
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void layersOfAnOverlayAreComparedWhereLayersAreCopied() throws IOException {
    unpack(store(), stacking());
    assertThat(copying().directory(chain.get(1))).endsWithRaw(Path.of("fs"));
    assertThat(compare(store(), stacking())).isEmpty();
    assertThat(compare(store(), copying())).isEmpty();
    // Layers of one's own between those of an additional store.
    LocalStore own = LocalStore.open(root.resolve("own"), List.of(root.resolve("store")));
    for (int hidden : List.of(1, 2, 3)) {
      Snapshotter copying = Snapshotter.copy(own, host);
      Path away = root.resolve("away");
      Path layer = root.resolve("store/snapshots/" + chain.get(hidden).hex());
      Files.move(layer, away);
      unpack(own, copying);
      Files.move(away, layer);
      assertThat(copying.directory(chain.get(hidden))).endsWithRaw(Path.of("copy"));
      assertThat(compare(own, copying)).isEmpty();
    }
  }

  @Test
  void whatLayersOfAnOverlayLostIsFoundWhereLayersAreCopied() throws IOException {
    unpack(store(), stacking());
    Path layer = stacking().directory(chain.get(1));
    Files.delete(layer.resolve("gone"));
    assertThat(compare(store(), copying())).containsKey(chain.get(1));
    try (FileDescriptor opened = FileCalls.openDirectory(layer)) {
      Files.createSymbolicLink(layer.resolve("gone"), Path.of("low"));
      assertThat(compare(store(), copying())).containsKey(chain.get(1));
      Files.delete(layer.resolve("gone"));
      FileCalls.makeNode(opened, "gone", 0020000, 0, 0);
      assertThat(compare(store(), copying())).isEmpty();
      AttributeCalls.remove(opened, "hidden", "trusted.overlay.opaque");
      assertThat(compare(store(), copying()).get(chain.get(1))).contains("hidden");
    }
  }

  @Test
  void linkThatALayerOfAnOverlayHasIsNoWhiteoutWhereLayersAreCopied() throws IOException {
    Path layer = Files.createDirectories(root.resolve("layer/fs"));
    Files.createSymbolicLink(layer.resolve("link"), Path.of(".wh..wh..gone"));
    Path merged = Files.createDirectory(root.resolve("merged"));
    LayerMerge.merge(List.of(layer), merged, true);
    assertThat(names(merged)).containsExactly("link");
  }

  @Test
  void formOfAnOverlayIsMadeBesideTheOneThatOthersRead() throws IOException {
    unpack(store(), copying());
    Path snapshots = root.resolve("store/snapshots");
    Path last = snapshots.resolve(chain.get(3).hex());
    Map<Digest, SnapshotUsage> before =
        chain.stream().collect(Collectors.toMap(id -> id, stacking()::usage));
    Files.delete(last.resolve("opaque"));
    try (FileDescriptor reading = FileCalls.openDirectory(copying().directory(chain.get(0)))) {
      unpack(store(), stacking());
      assertThat(FileCalls.stat(reading, "gone")).isPresent();
    }
    assertThat(names(snapshots)).containsExactlyElementsOf(hexes());
    assertThat(names(last)).containsExactly("copy", "fs", "opaque");
    assertThat(copying().directory(chain.get(3))).endsWithRaw(Path.of("copy"));
    assertThat(stacking().directory(chain.get(3))).endsWithRaw(Path.of("fs"));
    for (Snapshotter snapshotter : List.of(copying(), stacking())) {
      assertThat(compare(store(), snapshotter)).isEmpty();
      assertThat(snapshotter.list()).containsExactlyInAnyOrderElementsOf(chain);
      for (Digest id : chain) {
        long inodes = names(stacking().directory(id)).size() + before.get(id).inodes();
        assertThat(snapshotter.usage(id).bytes()).isEqualTo(2 * before.get(id).bytes());
        assertThat(snapshotter.usage(id).inodes()).isGreaterThanOrEqualTo(inodes);
      }
    }
    stacking().remove(chain.get(3));
    assertThat(copying().contains(chain.get(3))).isFalse();
    copying().clean();
    assertThat(names(snapshots)).hasSize(3).doesNotContain(chain.get(3).hex());
  }

  @Test
  void layersAreComparedEachWithinTheLimits() {
    ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxEntries(8);
    for (int count = 1; count <= LAYERS.size(); count++) { // As a pull that finds the lower ones.
      try (Unpacker unpacker = unpacker(store(), stacking(), limits)) {
        unpacker.unpack(image(LAYERS.subList(0, count)), event -> {});
      }
    }
    try (Unpacker unpacker = unpacker(store(), stacking(), limits)) {
      assertThat(unpacker.compare(image, layer -> true)).isEmpty();
    }
  }

  private List<String> hexes() {
    return chain.stream().map(Digest::hex).sorted().toList();
  }
}
