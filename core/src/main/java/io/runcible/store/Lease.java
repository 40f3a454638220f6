package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.state.LockFile;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Keeps content of the store in place until it is closed or its process ends in whatever way: a
 * file that says what, with a lock that the kernel drops. Thread-safe.
 */
public final class Lease implements AutoCloseable {
  private final StoreLock store;
  private final LockFile lock;
  private final Path file;
  private final Set<Digest> kept = new HashSet<>();
  private boolean closed;

  private Lease(StoreLock store, LockFile lock, Path file) {
    this.store = store;
    this.lock = lock;
    this.file = file;
  }

  /** A new lease; between its making and its lock no clean-up looks. */
  static Lease open(StoreLock store, Path file) {
    return store.whileShared(
        () -> {
          LockFile lock =
              LockFile.tryAcquire(file, true)
                  .orElseThrow(
                      () -> new RuncibleException(ErrorKind.INTERNAL, "'" + file + "' is taken"));
          return new Lease(store, lock, file);
        });
  }

  /**
   * Keeps these blobs and layers, too, whether they are in the store by now or not. What is found
   * there after this call stays there; what was found before may be gone. Blocks while a clean-up
   * looks around, usually for milliseconds.
   *
   * @param content digests of blobs and chainIds of layers
   * @throws RuncibleException FAILED_PRECONDITION if the lease is closed, CANCELLED on interrupt
   */
  public synchronized void keep(Collection<Digest> content) {
    if (closed) {
      throw new RuncibleException(ErrorKind.FAILED_PRECONDITION, "the lease is closed");
    }
    StringBuilder lines = new StringBuilder();
    for (Digest digest : content) {
      if (kept.add(digest)) {
        lines.append(digest).append('\n');
      }
    }
    if (lines.isEmpty()) {
      return;
    }
    store.whileShared(() -> write(lines.toString()));
  }

  /** Not synced: a power cut ends the process, too. */
  private boolean write(String lines) {
    try (FileOutputStream stream = new FileOutputStream(file.toFile(), true)) {
      stream.write(lines.getBytes(StandardCharsets.US_ASCII));
      return true;
    } catch (IOException e) {
      lock.closeAndRemove();
      closed = true;
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write the lease '" + file + "': " + e.getMessage(), e);
    }
  }

  /** Lets the content go. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      lock.closeAndRemove();
    }
  }
}
