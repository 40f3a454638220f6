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
import java.util.function.LongFunction;

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
    return store.content().contains(descriptor);
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    put(reference, descriptor, ingest -> drain(ingest.receive(new Unclosed(content))));
  }

  /** Goes on with what an earlier copy or pull left of it. */
  @Override
  public void putBlob(
      ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
    put(reference, descriptor, ingest -> resume(ingest, content));
  }

  /** Fills an ingest. */
  private interface Filling {
    void fill(Ingest ingest) throws IOException;
  }

  private void put(ImageReference reference, Descriptor descriptor, Filling filling) {
    if (hasBlob(reference, descriptor)) {
      return;
    }
    try (Ingest ingest = store.content().ingest(descriptor)) {
      if (!ingest.isPresent()) {
        filling.fill(ingest);
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

  private static void resume(Ingest ingest, LongFunction<InputStream> content) throws IOException {
    try {
      try {
        drain(ingest.resume(content));
      } catch (RuncibleException e) {
        if (e.kind() != ErrorKind.CORRUPT_DATA || !ingest.restart()) {
          throw e;
        }
        // What was left may have been the damaged part.
        drain(ingest.resume(content));
      }
    } catch (IOException e) {
      ingest.keep();
      throw e;
    } catch (RuncibleException e) {
      switch (e.kind()) {
        case UNAVAILABLE, TIMEOUT, CANCELLED -> ingest.keep();
        default -> {}
      }
      throw e;
    }
  }

  private static void drain(InputStream content) throws IOException {
    try (content) {
      content.transferTo(OutputStream.nullOutputStream());
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
