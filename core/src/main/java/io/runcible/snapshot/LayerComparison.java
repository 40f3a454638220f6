package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.ffi.PrivilegedHost;
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
  private final PrivilegedHost host;
  private final ArchiveLimits limits;
  private final Executor stages;

  LayerComparison(
      Image image,
      LocalStore store,
      LayerDirectories snapshotter,
      PrivilegedHost host,
      ArchiveLimits limits,
      Executor stages) {
    this.layers = image.layers();
    this.chain = ChainId.of(layers.stream().map(Layer::diffId).toList());
    this.store = store;
    this.snapshotter = snapshotter;
    this.host = host;
    this.limits = limits;
    this.stages = stages;
  }

  void run(Predicate<Digest> wanted, BiConsumer<Digest, String> differs) {
    List<Path> lower = new ArrayList<>();
    List<Asked> asked = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Digest id = chain.get(i);
      if (!snapshotter.contains(id)) {
        break; // What lies above could not be completed.
      }
      Path actual = snapshotter.directory(id);
      if (wanted.test(id)) {
        asked.add(new Asked(id, layers.get(i), List.copyOf(lower), actual));
      }
      lower.add(0, actual);
    }
    if (host.rootless()) {
      compareInside(asked, differs);
    } else {
      asked.forEach(one -> compare(one).ifPresent(how -> differs.accept(one.id, how)));
    }
  }

  /**
   * A layer to compare.
   *
   * @param lower the layers below, the topmost first
   */
  private record Asked(Digest id, Layer layer, List<Path> lower, Path actual) {}

  private Optional<String> compare(Asked asked) {
    Descriptor blob = asked.layer.descriptor();
    // By itself, as the layers of an image may have been pulled at several times.
    UnpackedLayer.Form form = UnpackedLayer.Form.ofRoot(snapshotter, new ArchiveBudget(limits));
    try (LayerDirectories.Scratch scratch = snapshotter.scratch();
        InputStream compressed =
            new VerifiedInputStream(
                store.content().open(blob.digest()), blob.digest(), blob.size())) {
      return difference(
          compressed, asked.layer.diffId(), scratch.fs(), asked.lower, asked.actual, form, stages);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read " + asked.layer + ": " + e.getMessage(), e);
    }
  }

  /** Where the files of other ids can be read: all by one worker, one after the other. */
  private void compareInside(List<Asked> asked, BiConsumer<Digest, String> differs) {
    List<LayerDirectories.Scratch> scratches = new ArrayList<>();
    try {
      List<RootlessUnpack.Comparison> comparisons = new ArrayList<>();
      for (Asked one : asked) {
        scratches.add(snapshotter.scratch());
        comparisons.add(comparison(one, scratches.get(scratches.size() - 1).fs()));
      }
      RootlessUnpack.compare(host, snapshotter.format(), limits, comparisons)
          .forEach(found -> differs.accept(asked.get(found.layer()).id, found.how()));
    } finally {
      scratches.forEach(LayerDirectories.Scratch::close);
    }
  }

  private RootlessUnpack.Comparison comparison(Asked asked, Path directory) {
    Descriptor blob = asked.layer.descriptor();
    if (!store.content().contains(blob.digest())) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the blob " + blob.digest() + " is not in the store");
    }
    return new RootlessUnpack.Comparison(
        new RootlessUnpack.Layer(
            store.content().path(blob.digest()).toString(),
            asked.layer.diffId().toString(),
            directory.toString(),
            asked.lower.stream().map(Path::toString).toList()),
        blob.digest().toString(),
        blob.size(),
        asked.actual.toString());
  }

  /**
   * Unpacks a layer, and says how what there is of it differs.
   *
   * @param compressed is verified as it is read
   * @param directory where to; empty
   */
  static Optional<String> difference(
      InputStream compressed,
      Digest diffId,
      Path directory,
      List<Path> lower,
      Path actual,
      UnpackedLayer.Form form,
      Executor stages)
      throws IOException {
    try (UnpackedLayer expected =
        UnpackedLayer.unpack(compressed, diffId, directory, form, stages)) {
      expected.complete(lower);
      boolean otherForm = form.format() == LayerFormat.COPY && !LayerDirectories.isToCopy(actual);
      return TreeComparison.difference(directory, actual, otherForm)
          .or(() -> markDifference(directory, actual));
    }
  }

  private static Optional<String> markDifference(Path expected, Path actual) {
    boolean hides = UnpackedLayer.isOpaque(expected);
    return hides == UnpackedLayer.isOpaque(actual)
        ? Optional.empty()
        : Optional.of((hides ? "lacks" : "has") + " the mark that hides all layers below");
  }
}
