package io.runcible.serve;

import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs that are being sent to a server. Bounded in number, in the bytes of all together, and
 * in the time that nothing happens to one. Thread-safe; no files are touched under the lock.
 */
final class Uploads {
  static final int MAX_UPLOADS = 1000;
  static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final UploadDirectory directory;
  private final long maxBytes;
  private final LongSupplier nanos;
  private final AtomicLong bytes = new AtomicLong();

  /** By name, the one that was used last at the end; guarded by this. */
  private final Map<String, Entry> uploads = new LinkedHashMap<>();

  /** Those that a request uses; guarded by this. */
  private final Set<String> busy = new HashSet<>();

  private record Entry(Upload upload, long usedAt) {}

  /**
   * Makes room for uploads.
   *
   * @param maxBytes of all uploads together
   * @param nanos the time, as {@link System#nanoTime}
   */
  Uploads(UploadDirectory directory, long maxBytes, LongSupplier nanos) {
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.nanos = nanos;
  }

  /**
   * Begins an upload. When there are too many, one that never got any bytes makes way: to begin
   * uploads costs a client nothing, so that must not keep others from it.
   */
  synchronized Upload begin(ImageReference repository) throws RegistryError {
    if (uploads.size() >= MAX_UPLOADS) {
      Optional<String> empty =
          uploads.values().stream()
              .map(Entry::upload)
              .filter(upload -> upload.taken() == 0 && !busy.contains(upload.id()))
              .map(Upload::id)
              .findFirst();
      uploads.remove(
          empty.orElseThrow(
              () ->
                  new RegistryError(429, "TOOMANYREQUESTS", "there are too many uploads")
                      .header("Retry-After", "60")));
    }
    String id = UUID.randomUUID().toString();
    Upload upload = new Upload(id, repository, directory.file(id));
    uploads.put(id, new Entry(upload, nanos.getAsLong()));
    return upload;
  }

  /** Takes an upload for a request, which has to {@link #release} it. */
  synchronized Upload take(RegistryRoute route) throws RegistryError {
    Upload upload = find(route);
    if (!busy.add(upload.id())) {
      throw new RegistryError(503, "UNAVAILABLE", "another request is busy with this upload")
          .header("Retry-After", "1");
    }
    return upload;
  }

  /** Looks at an upload. */
  synchronized Upload find(RegistryRoute route) throws RegistryError {
    Entry entry = uploads.get(route.upload());
    if (entry == null || !entry.upload().repository().equals(route.reference())) {
      throw new RegistryError(404, route.kind().unknown(), "there is no such upload");
    }
    return entry.upload();
  }

  synchronized void release(Upload upload) {
    busy.remove(upload.id());
    if (uploads.remove(upload.id()) != null) {
      uploads.put(upload.id(), new Entry(upload, nanos.getAsLong()));
    }
  }

  /** Forgets an upload, and what was sent. */
  void remove(Upload upload) {
    synchronized (this) {
      uploads.remove(upload.id());
    }
    drop(upload);
  }

  private void drop(Upload upload) {
    giveBack(upload.taken());
    upload.delete();
  }

  /** Forgets what nobody has gone on with for a long time. */
  void expire() {
    List<Upload> expired = new ArrayList<>();
    synchronized (this) {
      long now = nanos.getAsLong();
      for (Entry entry : List.copyOf(uploads.values())) {
        if (now - entry.usedAt() < IDLE_NANOS) {
          break;
        }
        if (!busy.contains(entry.upload().id())) {
          uploads.remove(entry.upload().id());
          expired.add(entry.upload());
        }
      }
    }
    for (Upload upload : expired) {
      try {
        drop(upload);
      } catch (RuncibleException e) {
        log().warn("Cannot remove an upload that was given up", e);
      }
    }
  }

  /** Counts bytes that come in. */
  void takeRoom(long count) throws RegistryError {
    if (bytes.addAndGet(count) > maxBytes) {
      giveBack(count);
      throw new RegistryError(413, "SIZE_INVALID", "there is no room for so much at once");
    }
  }

  /** Undoes {@link #takeRoom}. */
  void giveBack(long count) {
    bytes.addAndGet(-count);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RegistryServer.class);
  }
}
