package io.runcible.store;

import io.runcible.Digest;
import io.runcible.state.LockFile;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A clean-up of the store: while it is open nobody begins to use content, so that what is used by
 * neither a name nor a lease can be removed. Others wait meanwhile. One thread at a time.
 */
public final class Sweep implements AutoCloseable {
  private final LocalStore store;
  private final LockFile lock;
  private final List<ImageRecord> names;
  private final Set<Digest> leased;

  Sweep(LocalStore store, LockFile lock, Leases leases) {
    this.store = store;
    this.lock = lock;
    // In this order: a lease is let go when what it keeps has its name.
    this.leased = leases.kept();
    this.names = store.images().sweep();
  }

  /** The names of the store itself; unmodifiable. */
  public List<ImageRecord> names() {
    return List.copyOf(names);
  }

  /** Forgets a name of the store itself. */
  public void remove(ImageRecord name) {
    store.images().removeWithRepository(name.reference());
    names.remove(name);
  }

  /** Blobs and layers that a lease of a living process keeps. */
  public Set<Digest> leased() {
    return Set.copyOf(leased);
  }

  /**
   * Blobs and layers that a name keeps, or a lease of a living process, with what refers to them:
   * signatures and other artifacts.
   */
  public Set<Digest> used() {
    Set<Digest> used = new HashSet<>(leased);
    for (ImageRecord name : names) {
      used.addAll(name.blobs());
      used.addAll(name.layers());
    }
    store.keepReferrers(used);
    return used;
  }

  /**
   * Removes blobs that are not used, and what is left of ingests that broke off.
   *
   * @return how many bytes that had
   */
  public long removeBlobs(Collection<Digest> unused) {
    long bytes = store.content().removePartials();
    store.content().removeIdleLocks();
    for (Digest digest : unused) {
      bytes += store.content().size(digest);
      store.content().remove(digest);
    }
    return bytes;
  }

  /** Lets others go on. Idempotent. */
  @Override
  public void close() {
    lock.close();
  }
}
