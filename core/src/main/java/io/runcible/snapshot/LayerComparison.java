package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.ChainId;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.Layer;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** Unpacks the layers of an image anew, beside those that are there, and compares. */
final class LayerComparison {
  private final List<Layer> layers;
  private final List<Digest> chain;
  private final LocalStore store;
  private final LayerDirectories snapshotter;
  private final ArchiveLimits limits;
  private final Executor stages;

  LayerComparison(
      Image image,
      LocalStore store,
      LayerDirectories snapshotter,
      ArchiveLimits limits,
      Executor stages) {
    this.layers = image.layers();
    this.chain = ChainId.of(layers.stream().map(Layer::diffId).toList());
    this.store = store;
    this.snapshotter = snapshotter;
    this.limits = limits;
    this.stages = stages;
  }

  void run(Predicate<Digest> wanted, BiConsumer<Digest, String> differs) {
    List<Path> lower = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Digest id = chain.get(i);
      if (!snapshotter.contains(id)) {
        return; // What lies above could not be completed.
      }
      Path actual = snapshotter.directory(id);
      if (wanted.test(id)) {
        compare(layers.get(i), lower, actual, difference -> differs.accept(id, difference));
      }
      lower.add(0, actual);
    }
  }

  private void compare(
      Layer layer, List<Path> lower, Path actual, java.util.function.Consumer<String> differs) {
    Descriptor blob = layer.descriptor();
    // By itself, as the layers of an image may have been pulled at several times.
    UnpackedLayer.Form form = UnpackedLayer.Form.ofRoot(snapshotter, new ArchiveBudget(limits));
    try (LayerDirectories.Scratch scratch = snapshotter.scratch();
        InputStream compressed =
            new VerifiedInputStream(
                store.content().open(blob.digest()), blob.digest(), blob.size());
        UnpackedLayer expected =
            UnpackedLayer.unpack(compressed, layer.diffId(), scratch.fs(), form, stages)) {
      expected.complete(lower);
      boolean otherForm = form.format() == LayerFormat.COPY && !LayerDirectories.isToCopy(actual);
      TreeComparison.difference(scratch.fs(), actual, otherForm)
          .or(() -> markDifference(scratch.fs(), actual))
          .ifPresent(differs);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read " + layer + ": " + e.getMessage(), e);
    }
  }

  private static Optional<String> markDifference(Path expected, Path actual) {
    boolean hides = UnpackedLayer.isOpaque(expected);
    return hides == UnpackedLayer.isOpaque(actual)
        ? Optional.empty()
        : Optional.of((hides ? "lacks" : "has") + " the mark that hides all layers below");
  }
}
