package io.runcible.store;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.time.Instant;
import java.util.Set;

/**
 * A name in the store.
 *
 * @param reference the name
 * @param manifest the manifest for the platform that was pulled; of a copied image the manifest or
 *     the index that was copied
 * @param created when the name was last set, to within a minute if it was set to what it was
 * @param pinned whether rules of a clean-up spare the name
 * @param blobs the blobs that the name keeps in the store
 * @param layers the chainIds of the layers that the name keeps, where they are unpacked
 * @param unpacked whether they were unpacked when the name was set
 */
public record ImageRecord(
    ImageReference reference,
    Descriptor manifest,
    Instant created,
    boolean pinned,
    Set<Digest> blobs,
    Set<Digest> layers,
    boolean unpacked) {
  /** Copies the sets. */
  public ImageRecord {
    blobs = Set.copyOf(blobs);
    layers = Set.copyOf(layers);
  }

  /** The same content by another name. */
  ImageRecord named(ImageReference name) {
    return new ImageRecord(name, manifest, Instant.now(), false, blobs, layers, unpacked);
  }

  ImageRecord withPinned(boolean value) {
    return new ImageRecord(reference, manifest, created, value, blobs, layers, unpacked);
  }

  /** Whether it stands for the same content in the same way, since whenever. */
  public boolean isLike(ImageRecord other) {
    return manifest.digest().equals(other.manifest.digest())
        && pinned == other.pinned
        && unpacked == other.unpacked
        && blobs.equals(other.blobs)
        && layers.equals(other.layers);
  }
}
