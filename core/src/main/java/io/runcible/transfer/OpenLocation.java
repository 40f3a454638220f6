package io.runcible.transfer;

import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A location that has been opened, to be read or to be written.
 *
 * @param <T> {@link ImageSource} or {@link ImageSink}
 */
public final class OpenLocation<T extends AutoCloseable> implements AutoCloseable {
  private final T images;
  private final ImageReference reference;
  private final Runnable closing;
  private final AtomicBoolean closed = new AtomicBoolean();

  OpenLocation(T images, ImageReference reference, Runnable closing) {
    this.images = images;
    this.reference = reference;
    this.closing = closing;
  }

  /** Where the image is or goes; stays this object's. */
  public T images() {
    return images;
  }

  /** How the image is called there. */
  public ImageReference reference() {
    return reference;
  }

  /** Closes what was opened for it, and nothing that the caller had opened. Idempotent. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      closing.run();
    }
  }
}
