package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ProgressInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Sends blobs, some at once; all or a failure. */
final class BlobTransfer {
  private final ImageSource source;
  private final ImageSink sink;
  private final ImageReference from;
  private final ImageReference to;
  private final ProgressListener listener;
  private final AtomicInteger copied = new AtomicInteger();
  private final AtomicInteger present = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  BlobTransfer(
      ImageSource source,
      ImageSink sink,
      ImageReference from,
      ImageReference to,
      ProgressListener listener) {
    this.source = source;
    this.sink = sink;
    this.from = from;
    this.to = to;
    this.listener = listener;
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

  /** Returns when no thread works on it any more. */
  void run(List<Descriptor> blobs, int parallel) {
    if (blobs.isEmpty()) {
      return;
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(Math.min(parallel, blobs.size()), BlobTransfer::thread);
    CompletionService<Digest> sent = new ExecutorCompletionService<>(threads);
    try {
      blobs.forEach(blob -> sent.submit(() -> send(blob)));
      for (int i = 0; i < blobs.size(); i++) {
        sent.take().get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while copying " + from, e);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } finally {
      threads.shutdownNow();
      awaitEnd(threads);
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "runcible-copy");
    thread.setDaemon(true);
    return thread;
  }

  private RuntimeException failure(Throwable cause) {
    return cause instanceof RuncibleException known
        ? new RuncibleException(known.kind(), "cannot copy " + from + ": " + known.getMessage(), known)
        : new RuncibleException(ErrorKind.INTERNAL, "cannot copy " + from, cause);
  }

  private static void awaitEnd(ExecutorService threads) {
    boolean interrupted = Thread.interrupted();
    while (!threads.isTerminated()) {
      try {
        threads.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Digest send(Descriptor blob) throws IOException {
    if (sink.hasBlob(to, blob)) {
      present.incrementAndGet();
      ProgressInputStream.tell(listener, new ProgressEvent.Skipped(blob.digest(), blob.size()));
      return blob.digest();
    }
    // The sink verifies it.
    try (InputStream content =
        new ProgressInputStream(source.blob(from, blob), blob.digest(), blob.size(), listener)) {
      sink.putBlob(to, blob, content);
    }
    copied.incrementAndGet();
    bytes.addAndGet(blob.size());
    return blob.digest();
  }
}
