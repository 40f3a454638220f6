package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerApplier;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.LayerResult;
import io.runcible.archive.Ownership;
import io.runcible.archive.ProgressInputStream;
import io.runcible.archive.Readahead;
import io.runcible.archive.SkippedEntry;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.Image;
import io.runcible.image.Layer;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unpacks an image to a directory, as a plain root file system: all layers merged, whiteouts gone.
 * Needs no store, no mount and no other program.
 *
 * <pre>{@code
 * UnpackedImage unpacked = new PlainUnpacker().unpack(image, Path.of("rootfs"));
 * }</pre>
 *
 * <p>Root gets the owners and devices that the image says. An ordinary user owns all files; what
 * the owners should be is recorded in attributes (see {@link Ownership#RECORD}), and devices are
 * left out and reported. Download, decompression, digest and writing overlap. Nothing is synced.
 *
 * <p>Not thread-safe; can be used again.
 */
public final class PlainUnpacker {
  /** Of a compressed layer; takes as long to decompress as what is read ahead of the next one. */
  private static final int LITTLE = 8 << 20;

  /** Of what a layer decompresses to. */
  private static final int MOST_AHEAD = 16 << 20;

  private @Nullable Ownership ownership;
  private ArchiveLimits limits = ArchiveLimits.DEFAULT;
  private ProgressListener listener = event -> {};

  /** An unpacker with the defaults. */
  public PlainUnpacker() {}

  /** Sets what becomes of owners. Default: EXACT for root, RECORD for others. */
  public PlainUnpacker ownership(Ownership wanted) {
    ownership = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Sets what the layers of an image may amount to, together. Default: {@link
   * ArchiveLimits#DEFAULT}.
   */
  public PlainUnpacker limits(ArchiveLimits wanted) {
    limits = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Sets who hears of the layers that are read. Several threads may call it at once: the next layer
   * is read ahead. What is left out is in the result and not told here.
   */
  public PlainUnpacker progress(ProgressListener wanted) {
    listener = Objects.requireNonNull(wanted, "wanted");
    return this;
  }

  /**
   * Unpacks an image. Blocks.
   *
   * @param image its source stays open
   * @param directory made if it is missing, with mode 0755; otherwise empty. After a failure it is
   *     gone or empty again
   * @throws RuncibleException FAILED_PRECONDITION if the directory is not empty or its parent is
   *     missing, CORRUPT_DATA if content is not what its digest or diffId says, INVALID_INPUT if a
   *     layer is over a limit, UNAVAILABLE when the disk is full, CANCELLED on interrupt,
   *     UNSUPPORTED where native calls cannot be made, and what the source throws
   */
  public UnpackedImage unpack(Image image, Path directory) {
    NativeAccess.whyUnavailable()
        .ifPresent(
            why -> {
              throw new RuncibleException(ErrorKind.UNSUPPORTED, "cannot unpack here: " + why);
            });
    boolean made = prepare(directory);
    try {
      if (made) {
        openToAll(directory);
      }
      return unpackInto(image, directory);
    } catch (RuntimeException | Error e) {
      clean(directory, made, e);
      throw e;
    }
  }

  private static boolean prepare(Path directory) {
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
        if (!entries.iterator().hasNext()) {
          return false;
        }
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot list '" + directory + "': " + e.getMessage(), e);
      }
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot unpack to '" + directory + "': it is not empty; name a new directory");
    }
    try {
      Files.createDirectory(directory);
      return true;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "cannot make '" + directory + "': " + e, e);
    }
  }

  private static void openToAll(Path directory) {
    try (FileDescriptor open = FileCalls.openDirectory(directory)) {
      FileCalls.chmod(open, 0755);
    }
  }

  private UnpackedImage unpackInto(Image image, Path directory) {
    ThreadFactory threads =
        task -> {
          Thread thread = new Thread(task, "runcible-unpack");
          thread.setDaemon(true);
          return thread;
        };
    ExecutorService stages = Executors.newCachedThreadPool(threads);
    ExecutorService writer =
        Executors.newSingleThreadExecutor(task -> threads.newThread(Unpacker.withoutUmask(task)));
    try {
      Sum sum = new Sum(new ArchiveBudget(limits));
      TaskGroup tasks = new TaskGroup(writer);
      tasks.start(() -> apply(image.layers(), directory, stages, sum));
      tasks.await("unpacking " + image.reference());
      return new UnpackedImage(sum.entries, sum.bytes, sum.skipped, sum.skippedCount);
    } finally {
      writer.shutdownNow();
      stages.shutdownNow();
    }
  }

  private void apply(List<Layer> layers, Path directory, ExecutorService stages, Sum sum) {
    @Nullable Reading ahead = null;
    try {
      for (int i = 0; i < layers.size(); i++) {
        Reading now = ahead != null ? ahead : read(layers.get(i), null, stages, sum);
        try (InputStream tar = now.tar) {
          ahead = i + 1 < layers.size() ? read(layers.get(i + 1), now, stages, sum) : null;
          apply(layers.get(i), tar, directory, sum);
        }
        now.nearEnd.countDown();
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot close a layer: " + e.getMessage(), e);
    } finally {
      abandon(ahead);
    }
  }

  private static void abandon(@Nullable Reading ahead) {
    if (ahead != null) {
      try {
        ahead.tar.close();
      } catch (IOException e) {
        log().debug("a layer that is not wanted could not be closed", e);
      }
    }
  }

  /** A layer that is being read, and whether little of it is left to be read. */
  private record Reading(InputStream tar, CountDownLatch nearEnd) {}

  /**
   * Reads a layer while the one before it is written: a small one at once, a large one when little
   * of that is left, as it would keep its source waiting with a connection open otherwise.
   */
  private Reading read(Layer layer, @Nullable Reading before, ExecutorService stages, Sum sum) {
    ArchiveBudget budget =
        sum.read.add(layer.descriptor().digest()) ? sum.budget : sum.budget.again();
    CountDownLatch nearEnd = new CountDownLatch(1);
    InputStream tar;
    if (UnpackedLayer.isSmall(layer)) {
      // One thread is enough for it.
      UnaryOperator<InputStream> within = UnaryOperator.identity();
      LayerTar.Source source = () -> compressed(layer, nearEnd);
      tar = new Readahead(new LayerTar(source, layer.diffId(), budget, within), stages);
    } else {
      UnaryOperator<InputStream> within = stage -> new Readahead(stage, stages);
      // Not the other one as a whole, with its buffers.
      @Nullable CountDownLatch turn = before == null ? null : before.nearEnd;
      LayerTar.Source source =
          () -> {
            awaitTurn(turn);
            return within.apply(compressed(layer, nearEnd));
          };
      LayerTar content = new LayerTar(source, layer.diffId(), budget, within);
      tar =
          before == null
              ? new Readahead(content, stages)
              : new Readahead(content, stages, MOST_AHEAD);
    }
    return new Reading(tar, nearEnd);
  }

  private static void awaitTurn(@Nullable CountDownLatch turn) throws IOException {
    if (turn == null) {
      return;
    }
    try {
      turn.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the layer below");
    }
  }

  private InputStream compressed(Layer layer, CountDownLatch nearEnd) {
    long size = layer.descriptor().size();
    InputStream content =
        new ProgressInputStream(layer.compressed(), layer.descriptor().digest(), size, listener);
    return new NearingStream(content, size - LITTLE, nearEnd::countDown);
  }

  private void apply(Layer layer, InputStream tar, Path directory, Sum sum) {
    UnpackedLayer.Form form = new UnpackedLayer.Form(LayerFormat.PLAIN, ownership(), sum.budget);
    try (UnpackedLayer unpacked = UnpackedLayer.apply(tar, directory, form)) {
      sum.add(unpacked.complete(List.of()));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot unpack " + layer + ": " + e.getMessage(), e);
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), "cannot unpack " + layer + ": " + e.getMessage(), e);
    }
  }

  private Ownership ownership() {
    return ownership != null
        ? ownership
        : NativeAccess.effectiveUid() == 0 ? Ownership.EXACT : Ownership.RECORD;
  }

  private void clean(Path directory, boolean made, Throwable failure) {
    try (LayerApplier applier =
        LayerApplier.open(directory, LayerFormat.PLAIN, ownership(), limits)) {
      applier.discard();
      if (made) {
        Files.delete(directory);
      }
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Of all layers. */
  private static final class Sum {
    private final ArchiveBudget budget;
    private final Set<Digest> read = new HashSet<>();
    private final List<SkippedEntry> skipped = new ArrayList<>();
    private long entries;
    private long bytes;
    private long skippedCount;

    Sum(ArchiveBudget budget) {
      this.budget = budget;
    }

    void add(LayerResult result) {
      entries += result.entries();
      bytes += result.bytes();
      skippedCount += result.skippedCount();
      skipped.addAll(result.skipped());
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(PlainUnpacker.class);
  }
}
