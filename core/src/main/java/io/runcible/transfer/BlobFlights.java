package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/** What copies to one sink have sent or are sending, so that none sends or asks it again. */
final class BlobFlights {
  private static final int MAX_REMEMBERED = 200_000;

  private final Map<String, CompletableFuture<Boolean>> flights = new ConcurrentHashMap<>();
  private final Map<String, ImageReference> places = new ConcurrentHashMap<>();
  private final Map<String, Descriptor> recompressed = new ConcurrentHashMap<>();

  /** Something that brings a blob to the sink. */
  interface Sending {
    void run() throws Exception;
  }

  /**
   * Brings a blob to a repository, unless another copy has done it or does it now and succeeds.
   *
   * @return whether it was done here
   */
  boolean once(ImageReference to, Descriptor blob, Sending sending) throws Exception {
    String key = to.name() + "@" + blob.digest();
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> other = flights.putIfAbsent(key, mine);
    if (other != null && succeeds(other, blob)) {
      return false;
    }
    boolean done = false;
    try {
      sending.run();
      done = true;
    } finally {
      if (done && flights.size() < MAX_REMEMBERED) {
        places.put(place(to, blob), to);
      } else {
        flights.remove(key, mine);
      }
      mine.complete(done);
    }
    return true;
  }

  private static boolean succeeds(CompletableFuture<Boolean> other, Descriptor blob) {
    try {
      return other.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while another copy sends " + blob.digest(), e);
    } catch (ExecutionException e) {
      return false;
    }
  }

  /** Another repository of the same registry that has the blob. */
  Optional<ImageReference> elsewhere(ImageReference to, Descriptor blob) {
    return Optional.ofNullable(places.get(place(to, blob)))
        .filter(place -> !place.name().equals(to.name()));
  }

  /** What a layer became that was compressed again, and had this content. */
  Optional<Descriptor> recompressed(Digest layer, Digest diffId) {
    return Optional.ofNullable(recompressed.get(layer + " " + diffId));
  }

  void recompressed(Digest layer, Digest diffId, Descriptor made) {
    if (recompressed.size() < MAX_REMEMBERED) {
      recompressed.put(layer + " " + diffId, made);
    }
  }

  private static String place(ImageReference to, Descriptor blob) {
    return to.registry() + "@" + blob.digest();
  }
}
