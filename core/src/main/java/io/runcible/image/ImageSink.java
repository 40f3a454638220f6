package io.runcible.image;

import java.io.InputStream;

/**
 * Where images go: a registry, a layout directory, the store. First the blobs, then the manifest
 * that names them. All methods block, and may be called from several threads at once.
 */
public interface ImageSink extends AutoCloseable {
  /** Whether the sink has this blob already, so that it need not be sent. */
  boolean hasBlob(ImageReference reference, Descriptor descriptor);

  /**
   * Takes a blob over from another repository of the same sink, without its bytes being sent. The
   * default cannot.
   *
   * @param from where the blob may be
   * @return whether the sink has the blob now
   */
  default boolean mountBlob(ImageReference reference, Descriptor descriptor, ImageReference from) {
    return false;
  }

  /**
   * Stores a blob. Nothing is visible until size and digest have proved right; storing what is
   * there already changes nothing.
   *
   * @param content read to its end but not closed
   * @throws io.runcible.RuncibleException CORRUPT_DATA when the content is not that of the
   *     descriptor
   */
  void putBlob(ImageReference reference, Descriptor descriptor, InputStream content);

  /**
   * Stores a manifest or an index, and points the reference's tag at it when it has one. The
   * manifests that an index names go first, under references with a digest alone. A manifest with a
   * subject is from then on among the referrers of that.
   *
   * @throws io.runcible.RuncibleException CORRUPT_DATA when the bytes are not those of the
   *     descriptor
   */
  void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw);

  /**
   * Completes what was put so far. A sink that is one file, such as an archive, leaves the place as
   * it was until then; for all others each put counts at once, and this does nothing, as the
   * default does. More can be put afterwards, and completed again.
   *
   * @throws io.runcible.RuncibleException when it cannot be completed; then the place is as it was
   */
  default void commit() {}

  /** Releases what the sink holds. What a sink has not completed by then is dropped. Idempotent. */
  @Override
  void close();
}
