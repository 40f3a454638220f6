package io.runcible.store;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.InputStream;
import java.util.List;

/** Reads images of the store, and keeps in it what it was asked for. */
final class StoreSource implements ImageSource {
  private final LocalStore store;
  private final Lease lease;

  StoreSource(LocalStore store, Lease lease) {
    this.store = store;
    this.lease = lease;
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    return store.resolve(reference, lease);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    lease.keep(List.of(descriptor.digest()));
    return store.manifest(reference, descriptor);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    lease.keep(List.of(descriptor.digest()));
    return store.blob(reference, descriptor);
  }

  @Override
  public List<String> tags(ImageReference repository) {
    return store.tags(repository);
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    lease.keep(List.of(digest));
    return store.blobSize(reference, digest);
  }

  /** They stay as long as their subject. */
  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    lease.keep(List.of(subject));
    return store.referrers(repository, subject);
  }

  /** Lets what no name reaches go. */
  @Override
  public void close() {
    lease.close();
  }
}
