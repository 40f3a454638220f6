package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.Image;
import io.runcible.store.LocalStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches and unpacks the layers of images. Of a layer, the download, the decompression and the
 * writing of files overlap, and the layers of an image are worked on side by side. For an ordinary
 * user all are downloaded before the first is unpacked. Thread-safe.
 */
public final class Unpacker implements AutoCloseable {
  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final PrivilegedHost host;
  private final ArchiveLimits limits;
  private final ExecutorService stages;
  private final ExecutorService writers;

  /**
   * An unpacker with threads of its own, which end when it is closed.
   *
   * @param limits what the layers of an image may amount to, together
   * @param threads makes daemon threads
   */
  @SuppressWarnings("exports")
  public Unpacker(
      LocalStore store,
      Snapshotter snapshotter,
      PrivilegedHost host,
      ArchiveLimits limits,
      ThreadFactory threads) {
    this.store = store;
    this.snapshotter = snapshotter;
    this.host = host;
    this.limits = limits;
    this.stages = Executors.newCachedThreadPool(threads);
    this.writers = Executors.newCachedThreadPool(task -> threads.newThread(withoutUmask(task)));
  }

  /** Files get the mode that the layer says, in one call, whatever the umask of the process. */
  static Runnable withoutUmask(Runnable task) {
    return () -> {
      FileCalls.clearThreadUmask();
      task.run();
    };
  }

  /**
   * Brings all of an image into the store, as far as it is not there: manifest, configuration and
   * layers, the layers also unpacked. The content is durable when it returns, its names are when
   * {@link LocalStore#record} does; nothing is visible when it throws. The caller holds a lease
   * that keeps all of it. Blocks, also while another process fetches the same.
   *
   * <p>A blob of the store that proves damaged on the way is fetched like one that is missing.
   *
   * @return the chainIds, the lowest first
   * @throws io.runcible.RuncibleException CORRUPT_DATA if content is not what its digest or diffId
   *     says, CANCELLED on interrupt, and what the source or the disk answers; names the layer
   */
  public List<Digest> unpack(Image image, ProgressListener listener) {
    RuncibleException failure;
    Set<Digest> damaged;
    try (ImageTransaction transaction = transaction(image, listener)) {
      try {
        return transaction.run(Set.of());
      } catch (RuncibleException e) {
        damaged = ImageTransaction.isOfContent(e) ? transaction.damaged(e) : Set.of();
        if (damaged.isEmpty()) {
          throw e;
        }
        failure = e;
      }
    }
    return unpackAnew(image, damaged, failure, listener);
  }

  /** All locks were let go before, so that these are taken in their order again. */
  private List<Digest> unpackAnew(
      Image image, Set<Digest> damaged, RuncibleException failure, ProgressListener listener) {
    try (ImageTransaction transaction = transaction(image, listener)) {
      try {
        List<Digest> chain = transaction.run(damaged);
        log().warn("damaged in '{}', and replaced: {}", store.root(), damaged);
        return chain;
      } catch (RuncibleException e) {
        e.addSuppressed(failure);
        throw transaction.isOfFetching(e, damaged) ? notFetched(damaged, e) : e;
      }
    }
  }

  private RuncibleException notFetched(Set<Digest> damaged, RuncibleException why) {
    return new RuncibleException(
        ImageTransaction.isOfContent(why) ? ErrorKind.CORRUPT_DATA : why.kind(),
        "blobs in the store '"
            + store.root()
            + "' are damaged, "
            + damaged
            + ", and cannot be fetched anew: "
            + why.getMessage()
            + "; pull the image again from where it is sound, or have Images.repair remove them",
        why);
  }

  private ImageTransaction transaction(Image image, ProgressListener listener) {
    return new ImageTransaction(image, store, snapshotter, host, limits, stages, writers, listener);
  }

  /**
   * Compares the unpacked layers of an image with what their blobs unpack to, now. The caller holds
   * a lease that keeps the image. Blocks for as long as unpacking takes, and needs the space of the
   * largest layer. For an ordinary user a second JVM does it, where the files of other ids can be
   * read.
   *
   * @param wanted which layers to compare, by chainId; those that are not unpacked are left out
   * @return the layers that differ, each with the first difference
   * @throws io.runcible.RuncibleException CORRUPT_DATA or NOT_FOUND if a blob is damaged or
   *     missing; INVALID_INPUT if a layer by itself is over a limit; CANCELLED
   */
  public Map<Digest, String> compare(Image image, Predicate<Digest> wanted) {
    if (!(snapshotter instanceof LayerDirectories directories)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "this snapshotter does not compare layers with their blobs");
    }
    Map<Digest, String> differences = new LinkedHashMap<>();
    TaskGroup task = new TaskGroup(writers);
    LayerComparison comparison =
        new LayerComparison(image, store, directories, host, limits, stages);
    task.start(() -> comparison.run(wanted, differences::put));
    task.await("comparing " + image.reference());
    return differences;
  }

  /** Ends the threads; what is under way fails. */
  @Override
  public void close() {
    stages.shutdownNow();
    writers.shutdownNow();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Unpacker.class);
  }
}
