package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongFunction;

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
   * @throws RuncibleException CORRUPT_DATA when the content is not that of the descriptor
   */
  void putBlob(ImageReference reference, Descriptor descriptor, InputStream content);

  /**
   * Stores a blob that can be opened again, as {@link #putBlob(ImageReference, Descriptor,
   * InputStream)} otherwise. A sink may go on with what an earlier attempt left, and begin anew
   * after a failure. The default opens the content once, at its beginning.
   *
   * @param content opens the blob from a position on, from 0 to its size, as {@link
   *     ImageSource#blob(ImageReference, Descriptor, long)} does; the sink closes what it opens
   * @throws RuncibleException also what opening throws
   */
  default void putBlob(
      ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
    try (InputStream opened = content.apply(0)) {
      putBlob(reference, descriptor, opened);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot close the content of " + descriptor.digest() + ": " + e.getMessage(),
          e);
    }
  }

  /**
   * Stores a manifest or an index, and points the reference's tag at it when it has one. The
   * manifests that an index names go first, under references with a digest alone. A manifest with a
   * subject is from then on among the referrers of that.
   *
   * @throws RuncibleException CORRUPT_DATA when the bytes are not those of the descriptor
   */
  void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw);

  /**
   * Deletes a tag, or else a manifest or an index (OCI distribution specification, "Content
   * Management"). A reference with a digest loses the manifest and all the tags of the repository
   * that point at it; one with a tag alone loses the tag, and the manifest stays under its digest.
   * Blobs stay. The default refuses.
   *
   * @throws RuncibleException UNSUPPORTED when the sink deletes nothing or only manifests,
   *     NOT_FOUND when there is no such tag or manifest, FAILED_PRECONDITION when the sink minds
   *     what else would break or vanish, such as an index that names the manifest
   */
  default void delete(ImageReference reference) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "cannot delete " + reference + ": this sink deletes nothing");
  }

  /**
   * Deletes a blob that no manifest needs any more. The default refuses.
   *
   * @param repository where the blob is; its tag and digest do not matter
   * @throws RuncibleException UNSUPPORTED when the sink deletes no blobs, NOT_FOUND when there is
   *     no such blob, FAILED_PRECONDITION when a manifest still names it and the sink minds
   */
  default void deleteBlob(ImageReference repository, Digest digest) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "cannot delete the blob " + digest + ": this sink deletes none");
  }

  /**
   * Completes what was put so far. A sink that is one file, such as an archive, leaves the place as
   * it was until then; for all others each put counts at once, and this does nothing, as the
   * default does. More can be put afterwards, and completed again.
   *
   * @throws RuncibleException when it cannot be completed; then the place is as it was
   */
  default void commit() {}

  /** Releases what the sink holds. What a sink has not completed by then is dropped. Idempotent. */
  @Override
  void close();
}
