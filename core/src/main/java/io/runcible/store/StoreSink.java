package io.runcible.store;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Takes images into the store, blob by blob. */
final class StoreSink implements ImageSink {
  private final LocalStore store;
  private final Lease lease;

  StoreSink(LocalStore store, Lease lease) {
    this.store = store;
    this.lease = lease;
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    lease.keep(List.of(descriptor.digest()));
    return store.content().contains(descriptor.digest());
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    if (hasBlob(reference, descriptor)) {
      return;
    }
    try (Ingest ingest = store.content().ingest(descriptor)) {
      if (!ingest.isPresent()) {
        try (InputStream kept = ingest.receive(new Unclosed(content))) {
          kept.transferTo(OutputStream.nullOutputStream());
        }
        ingest.sync();
        ingest.commit();
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot store the blob " + descriptor.digest() + ": " + e.getMessage(),
          e);
    }
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    descriptor.verify(raw);
    if (raw.length > Manifest.MAX_SIZE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          descriptor.digest() + " is larger than " + Manifest.MAX_SIZE + " bytes");
    }
    putBlob(reference, descriptor, new ByteArrayInputStream(raw));
    if (reference.tag().isPresent()) {
      store.record(reference, descriptor, false);
    } else {
      ReachableContent.of(store.content(), descriptor);
    }
    store.recordSubject(descriptor, raw);
  }

  /** Lets what no name reaches go. */
  @Override
  public void close() {
    lease.close();
  }

  /** The caller's stream, which the caller closes. */
  private static final class Unclosed extends FilterInputStream {
    Unclosed(InputStream content) {
      super(content);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return in.read(buffer, offset, length);
    }

    @Override
    public void close() {}
  }
}
