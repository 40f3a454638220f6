package io.runcible.engine;

import io.runcible.image.ImageSource;
import io.runcible.registry.RegistryClient;
import org.jspecify.annotations.Nullable;

/**
 * Where an engine pulls from: what it was given, or a client of its own. That is made when it is
 * first needed, with the host's settings, since many a JVM starts what is in the store.
 * Thread-safe.
 */
final class PullSource implements AutoCloseable {
  private final boolean own;
  private @Nullable ImageSource source;
  private boolean closed;

  /**
   * Begins one.
   *
   * @param given its caller's to close
   */
  PullSource(@Nullable ImageSource given) {
    source = given;
    own = given == null;
  }

  synchronized ImageSource get() {
    ImageSource found = source;
    if (found == null) {
      found = RegistryClient.builder().build();
      source = found;
      if (closed) {
        found.close();
      }
    }
    return found;
  }

  synchronized boolean is(ImageSource other) {
    return source == other;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (own && source != null) {
      source.close();
    }
  }
}
