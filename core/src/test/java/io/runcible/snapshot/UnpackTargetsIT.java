package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.MemoryDirectories;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerTree;
import io.runcible.archive.RandomLayers;
import io.runcible.engine.Rounds;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.Image;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images of random layers, unpacked to a plain directory, copied together and mounted by the
 * kernel: all show the same.
 */
class UnpackTargetsIT {
  private static final List<String> REFUSED = List.of("refused");

  @TempDir(factory = MemoryDirectories.class)
  Path directory;

  private PrivilegedHost host;

  @BeforeEach
  void open() {
    HostTools.requireRoot();
    host = PrivilegedHost.open();
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void imagesShowTheSameOnEveryWay() throws IOException {
    LocalStore copied = LocalStore.open(directory.resolve("copied"));
    LocalStore stacked = LocalStore.open(directory.resolve("stacked"));
    long seed = Rounds.seed("unpack-targets", 4);
    int count = Rounds.of(50, 1000);
    int refused = 0;
    try (Unpacker copying = unpacker(copied, Snapshotter.copy(copied, host));
        Unpacker stacking = unpacker(stacked, Snapshotter.overlay(stacked, host))) {
      for (int i = 0; i < count; i++) {
        RandomLayers random = new RandomLayers(new Random(seed * 1_000_003 + i));
        List<List<RandomLayers.Entry>> layers =
            i % 2 == 0 ? random.image() : random.imageOverLinks();
        Image image =
            MixedFormsIT.image(
                layers.stream().map(layer -> RandomLayers.tar(layer).bytes()).toList());
        List<String> plain = plain(image);
        assertThat(shown(copying, Snapshotter.copy(copied, host), image))
            .as("%s, copied", layers)
            .isEqualTo(plain);
        assertThat(shown(stacking, Snapshotter.overlay(stacked, host), image))
            .as("%s, as an overlay", layers)
            .isEqualTo(plain);
        refused += plain.equals(REFUSED) ? 1 : 0;
      }
    }
    System.out.println(count + " images, of which " + refused + " were refused");
    assertThat(refused).isBetween(1, count / 2);
  }

  private Unpacker unpacker(LocalStore store, Snapshotter snapshotter) {
    return new Unpacker(store, snapshotter, host, ArchiveLimits.DEFAULT, this::daemon);
  }

  private Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "unpack-targets");
    thread.setDaemon(true);
    return thread;
  }

  private List<String> plain(Image image) {
    Path target = directory.resolve("plain");
    try {
      new PlainUnpacker().unpack(image, target);
      return LayerTree.withModes(target);
    } catch (RuncibleException e) {
      return REFUSED;
    } finally {
      host.removeTree(target);
    }
  }

  private List<String> shown(Unpacker unpacker, Snapshotter snapshotter, Image image)
      throws IOException {
    List<Digest> chain;
    try {
      chain = unpacker.unpack(image, event -> {});
    } catch (RuncibleException e) {
      return REFUSED;
    }
    Path target = Files.createDirectory(directory.resolve("target"));
    try {
      Path place = Files.createDirectory(directory.resolve("place"));
      snapshotter.view(chain, place).mount(target);
      return LayerTree.withModes(target);
    } finally {
      host.unmount(target);
      host.removeTree(target);
      host.removeTree(directory.resolve("place"));
    }
  }
}
