package io.runcible.network;

import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A network namespace that was made ahead of the container that will have it. Nothing but an open
 * file of this process keeps it, so the kernel takes it away however this process ends.
 * Thread-safe.
 */
final class SpareNamespace implements AutoCloseable {
  private final PrivilegedHost host;
  private @Nullable NetworkNamespace spare;
  private boolean making;
  private boolean closed;

  SpareNamespace(PrivilegedHost host) {
    this.host = host;
  }

  /** One that nobody else has; the caller closes it. */
  NetworkNamespace take() {
    NetworkNamespace taken;
    synchronized (this) {
      taken = spare;
      spare = null;
    }
    return taken != null ? taken : host.createNetworkNamespace();
  }

  /** Makes one if there is none. Where that fails, the container that needs one says why. */
  void fill() {
    synchronized (this) {
      if (closed || making || spare != null) {
        return;
      }
      making = true;
    }
    NetworkNamespace made = null;
    try {
      made = host.createNetworkNamespace();
    } catch (RuncibleException e) {
      log().debug("no network namespace could be made ahead", e);
    }
    synchronized (this) {
      making = false;
      if (!closed) {
        spare = made;
        return;
      }
    }
    if (made != null) {
      made.close();
    }
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    NetworkNamespace last = spare;
    spare = null;
    if (last != null) {
      last.close();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(SpareNamespace.class);
  }
}
