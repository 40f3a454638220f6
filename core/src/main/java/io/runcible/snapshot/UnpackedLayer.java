package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.LayerApplier;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.LayerResult;
import io.runcible.archive.Ownership;
import io.runcible.archive.Readahead;
import io.runcible.image.Layer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A layer that lies in its directory, but for what depends on the layers below. */
final class UnpackedLayer implements AutoCloseable {
  /** Stands beside the directory of a layer that hides all layers below it. */
  static final String OPAQUE_MARK = "opaque";

  /** In bytes, compressed. */
  private static final int SMALL = 1 << 20;

  private final Path directory;
  private final LayerFormat format;
  private final LayerApplier applier;

  private UnpackedLayer(Path directory, LayerFormat format, LayerApplier applier) {
    this.directory = directory;
    this.format = format;
    this.applier = applier;
  }

  /**
   * How the files of a layer are written.
   *
   * @param format how whiteouts are marked
   * @param ownership what happens to owners
   * @param budget what the layers of an image may amount to
   */
  record Form(LayerFormat format, Ownership ownership, ArchiveBudget budget) {
    static Form ofRoot(Snapshotter snapshotter, ArchiveBudget budget) {
      return new Form(snapshotter.format(), Ownership.EXACT, budget);
    }

    /** For a blob that may have to be read anew. */
    Form part() {
      return new Form(format, ownership, budget.part());
    }

    /** For a blob that was read before. */
    Form again() {
      return new Form(format, ownership, budget.again());
    }
  }

  /** Whether a layer is better fetched whole than in the steps of its unpacking. */
  static boolean isSmall(Layer layer) {
    return layer.descriptor().size() <= SMALL;
  }

  /**
   * Decompresses a layer, checks its diffId and writes its files. Reads the stream to its end. Each
   * has a thread of its own, as decompressing alone takes as long as the other two.
   */
  static UnpackedLayer unpack(
      InputStream compressed, Digest diffId, Path directory, Form form, Executor stages)
      throws IOException {
    return inStages(compressed, diffId, directory, form, stage -> new Readahead(stage, stages));
  }

  /** The same on the calling thread alone, of a layer that is small: it is fetched whole. */
  static UnpackedLayer unpackSmall(InputStream compressed, Layer layer, Path directory, Form form)
      throws IOException {
    // Growing with what comes would split every piece that the registry sends.
    byte[] whole = new byte[(int) layer.descriptor().size()];
    int count = compressed.readNBytes(whole, 0, whole.length);
    // It has proved right only when the stream says that it ends.
    compressed.transferTo(OutputStream.nullOutputStream());
    InputStream held = new ByteArrayInputStream(whole, 0, count);
    return inStages(held, layer.diffId(), directory, form, stage -> stage);
  }

  private static UnpackedLayer inStages(
      InputStream compressed,
      Digest diffId,
      Path directory,
      Form form,
      UnaryOperator<InputStream> ahead)
      throws IOException {
    UnpackedLayer layer = null;
    try (InputStream tar =
        ahead.apply(new LayerTar(() -> ahead.apply(compressed), diffId, form.budget(), ahead))) {
      layer = apply(tar, directory, form);
      return layer;
    } catch (IOException | RuntimeException e) {
      // The stream may fail as it is closed.
      if (layer != null) {
        layer.close();
      }
      throw e;
    }
  }

  /**
   * Writes the files of a layer, from a stream that fails where the layer is not what it should be.
   */
  static UnpackedLayer apply(InputStream tar, Path directory, Form form) throws IOException {
    LayerApplier applier =
        LayerApplier.open(directory, form.format(), form.ownership(), form.budget());
    UnpackedLayer layer = new UnpackedLayer(directory, form.format(), applier);
    try {
      applier.apply(tar);
      tar.transferTo(OutputStream.nullOutputStream());
      return layer;
    } catch (IOException | RuntimeException e) {
      layer.close();
      throw e;
    }
  }

  /** Empties a directory in which unpacking failed. */
  static void discard(Path directory, Form form) {
    try (LayerApplier applier =
        LayerApplier.open(directory, form.format(), form.ownership(), form.budget())) {
      applier.discard();
    }
  }

  /** Does what needs the layers below, the topmost first. */
  LayerResult complete(List<Path> lower) {
    LayerResult result = applier.complete(lower);
    if (result.skippedCount() > 0) {
      log().debug("left out of a layer: {}", result.skipped());
    }
    if (result.opaqueRoot() && format != LayerFormat.PLAIN) {
      markOpaque();
    }
    return result;
  }

  /** Whether an unpacked layer hides all layers below it. */
  static boolean isOpaque(Path directory) {
    return Files.exists(directory.resolveSibling(OPAQUE_MARK));
  }

  /** Beside the directory: the overlay file system has no mark for its root. */
  private void markOpaque() {
    Path mark = directory.resolveSibling(OPAQUE_MARK);
    try {
      Files.createFile(mark);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + mark + "'", e);
    }
  }

  @Override
  public void close() {
    applier.close();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(UnpackedLayer.class);
  }
}
