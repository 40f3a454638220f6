package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ProgressInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Sends the blobs that a sink lacks. */
final class BlobTransfer {
  private final ImageSource source;
  private final ImageSink sink;
  private final ImageReference from;
  private final ImageReference to;
  private final ProgressListener listener;
  private final BlobFlights flights;
  private final boolean sameRepository;
  private final boolean mounting;
  private final AtomicInteger copied = new AtomicInteger();
  private final AtomicInteger present = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  BlobTransfer(CopySettings settings, ImageReference from, ImageReference to) {
    this.source = settings.source();
    this.sink = settings.sink();
    this.from = from;
    this.to = to;
    this.listener = settings.listener();
    this.flights = settings.flights();
    boolean same = settings.source() == (Object) settings.sink();
    this.sameRepository = same && from.name().equals(to.name());
    this.mounting = same && !sameRepository && from.registry().equals(to.registry());
  }

  /** Whether what the source has is in its place already. */
  boolean isSameRepository() {
    return sameRepository;
  }

  int copied() {
    return copied.get();
  }

  int present() {
    return present.get();
  }

  long bytes() {
    return bytes.get();
  }

  void run(Collection<Descriptor> blobs, int parallel) {
    List<Callable<Descriptor>> work =
        blobs.stream().<Callable<Descriptor>>map(blob -> () -> copy(blob)).toList();
    Tasks.run("copying " + from + " to " + to, parallel, work);
  }

  private Descriptor copy(Descriptor blob) throws Exception {
    if (sameRepository) {
      skipped(blob);
    } else {
      bring(blob, mounting, position -> source.blob(from, blob, position));
    }
    return blob;
  }

  /** Opens the content of a blob from a position on. */
  interface Opener {
    InputStream open(long position) throws IOException;
  }

  /**
   * Has a blob be in the sink.
   *
   * @param atSource whether it may be mounted from where the source has it
   */
  void bring(Descriptor blob, boolean atSource, Opener content) throws Exception {
    if (!flights.once(to, blob, () -> sendIfMissing(blob, atSource, content))) {
      skipped(blob);
    }
  }

  private void sendIfMissing(Descriptor blob, boolean atSource, Opener content) {
    if (atSource && sink.mountBlob(to, blob, from)) {
      skipped(blob);
    } else if (!skipIfPresent(blob)) {
      try {
        send(blob, content);
      } catch (RuncibleException e) {
        if (e.kind() != ErrorKind.NOT_FOUND || !isElsewhere(blob)) {
          throw e;
        }
      }
    }
  }

  /** Layers of others, which a registry need not have; nor does the target, then. */
  private static boolean isElsewhere(Descriptor blob) {
    return blob.mediaType().startsWith(MediaType.OCI_NONDISTRIBUTABLE_LAYER)
        || blob.mediaType().equals(MediaType.DOCKER_FOREIGN_LAYER_GZIP);
  }

  boolean skipIfPresent(Descriptor blob) {
    boolean there =
        sink.hasBlob(to, blob)
            || flights
                .elsewhere(to, blob)
                .filter(other -> sink.mountBlob(to, blob, other))
                .isPresent();
    if (there) {
      skipped(blob);
    }
    return there;
  }

  private void skipped(Descriptor blob) {
    present.incrementAndGet();
    ProgressInputStream.tell(listener, new ProgressEvent.Skipped(blob.digest(), blob.size()));
  }

  /** Sends content, which the sink verifies. */
  private void send(Descriptor blob, Opener content) {
    ProgressInputStream.tell(listener, new ProgressEvent.Started(blob.digest(), blob.size()));
    sink.putBlob(to, blob, position -> told(blob, content, position));
    ProgressInputStream.tell(listener, new ProgressEvent.Finished(blob.digest(), blob.size()));
    copied.incrementAndGet();
    bytes.addAndGet(blob.size());
  }

  private InputStream told(Descriptor blob, Opener content, long position) {
    try {
      return new ProgressInputStream(
          content.open(position), position, blob.digest(), blob.size(), this::tellIfAdvanced);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot open the content of " + blob.digest() + ": " + e.getMessage(),
          e);
    }
  }

  /** It can be opened several times, and reading to the end is not yet to be stored. */
  private void tellIfAdvanced(ProgressEvent event) {
    if (event instanceof ProgressEvent.Advanced) {
      listener.onProgress(event);
    }
  }
}
