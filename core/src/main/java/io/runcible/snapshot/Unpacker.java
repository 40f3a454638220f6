package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ProgressListener;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.Image;
import io.runcible.store.LocalStore;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Fetches and unpacks the layers of images. Of a layer, the download, the decompression and the
 * writing of files overlap, and the layers of an image are worked on side by side. Thread-safe.
 */
public final class Unpacker implements AutoCloseable {
  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final PrivilegedHost host;
  private final ExecutorService stages;
  private final ExecutorService writers;

  /**
   * An unpacker with threads of its own, which end when it is closed.
   *
   * @param threads makes daemon threads
   */
  @SuppressWarnings("exports")
  public Unpacker(
      LocalStore store, Snapshotter snapshotter, PrivilegedHost host, ThreadFactory threads) {
    this.store = store;
    this.snapshotter = snapshotter;
    this.host = host;
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
   * layers, the layers also unpacked. Durable when it returns; nothing is visible when it throws.
   * The caller holds a lease of the store. Blocks, also while another process fetches the same.
   *
   * @return the chainIds, the lowest first
   * @throws io.runcible.RuncibleException CORRUPT_DATA if content is not what its digest or diffId
   *     says, CANCELLED on interrupt, and what the source or the disk answers; names the layer
   */
  public List<Digest> unpack(Image image, ProgressListener listener) {
    try (ImageTransaction transaction =
        new ImageTransaction(image, store, snapshotter, host, stages, writers, listener)) {
      return transaction.run();
    }
  }

  /** Ends the threads; what is under way fails. */
  @Override
  public void close() {
    stages.shutdownNow();
    writers.shutdownNow();
  }
}
