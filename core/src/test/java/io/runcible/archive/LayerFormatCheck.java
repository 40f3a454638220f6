package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.RuncibleException;
import io.runcible.archive.RandomLayers.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Unpacks layers made at random in each format, and sees that the same comes of them. */
final class LayerFormatCheck {
  static final long USUAL_SEED = 4;

  private static final String REFUSED = "refused";

  private final Path directory;
  private final List<LayerFormat> formats;
  private final Ownership ownership;
  private int refused;

  LayerFormatCheck(Path directory, List<LayerFormat> formats, Ownership ownership) {
    this.directory = directory;
    this.formats = formats;
    this.ownership = ownership;
  }

  /**
   * Makes and unpacks this many images.
   *
   * @return how many of them were refused, in all formats
   */
  int run(long seed, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      RandomLayers random = new RandomLayers(new Random(seed * 1_000_003 + i));
      check(i % 2 == 0 ? random.image() : random.imageOverLinks());
    }
    return refused;
  }

  private void check(List<List<Entry>> layers) throws IOException {
    List<String> expected = unpacked(layers, formats.get(0));
    for (LayerFormat format : formats.subList(1, formats.size())) {
      assertThat(unpacked(layers, format))
          .as("%s and %s of %s", format, formats.get(0), layers)
          .isEqualTo(expected);
    }
    if (expected.equals(List.of(REFUSED))) {
      refused++;
    }
  }

  /** What the layers show together, or why they were refused. */
  private List<String> unpacked(List<List<Entry>> layers, LayerFormat format) throws IOException {
    List<Path> topmostFirst = new ArrayList<>();
    try {
      for (List<Entry> entries : layers) {
        unpack(entries, format, topmostFirst);
      }
      List<Path> lowestFirst = new ArrayList<>();
      topmostFirst.forEach(layer -> lowestFirst.add(0, layer));
      return LayerTree.withModes(format, lowestFirst);
    } catch (RuncibleException e) {
      return List.of(REFUSED);
    } finally {
      clean();
    }
  }

  private void unpack(List<Entry> entries, LayerFormat format, List<Path> topmostFirst)
      throws IOException {
    boolean onTop = format.isSeparate() || topmostFirst.isEmpty();
    Path layer =
        onTop
            ? Files.createDirectory(directory.resolve("layer" + topmostFirst.size()))
            : topmostFirst.get(0);
    try (LayerApplier applier =
        LayerApplier.open(layer, format, ownership, ArchiveLimits.DEFAULT)) {
      applier.apply(RandomLayers.tar(entries).stream());
      applier.complete(List.copyOf(topmostFirst));
    }
    if (onTop) {
      topmostFirst.add(0, layer);
    }
  }

  /** Also where directories are closed to this user. */
  private void clean() {
    try (LayerApplier all =
        LayerApplier.open(directory, LayerFormat.PLAIN, ownership, ArchiveLimits.DEFAULT)) {
      all.discard();
    }
  }
}
