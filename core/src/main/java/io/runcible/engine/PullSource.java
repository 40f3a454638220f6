package io.runcible.engine;

import io.runcible.image.ImageSource;
import io.runcible.registry.RegistryClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where an engine pulls from: what it was given, or a client of its own. That is made when it is
 * first needed, since many a JVM starts what is in the store; the host's settings are read at once,
 * so that a wrong one is heard of when the engine is opened. Thread-safe.
 */
final class PullSource implements AutoCloseable {
  private final RegistryClient.@Nullable Builder own;
  private @Nullable ImageSource source;
  private boolean closed;

  /**
   * Begins one.
   *
   * @param given its caller's to close
   */
  PullSource(@Nullable ImageSource given) {
    source = given;
    own = given == null ? RegistryClient.builder() : null;
  }

  synchronized ImageSource get() {
    ImageSource found = source;
    if (found == null) {
      found = Objects.requireNonNull(own).build();
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
    if (own != null && source != null) {
      source.close();
    }
  }
}
