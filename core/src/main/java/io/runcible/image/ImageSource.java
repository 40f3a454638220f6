package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.InputStream;
import java.util.List;

/**
 * Where images come from: a registry, a layout directory, the store. All methods block, and may be
 * called from several threads at once. A source delivers; {@link Image} and {@link Layer} check
 * what it delivered.
 */
public interface ImageSource extends AutoCloseable {
  /**
   * Finds what a reference names: the descriptor of a manifest or of an index. A reference with a
   * digest yields content of that digest.
   *
   * @throws RuncibleException NOT_FOUND when there is no such image, with its name
   */
  Descriptor resolve(ImageReference reference);

  /**
   * Reads a manifest or an index, of at most {@link Manifest#MAX_SIZE} bytes, and checks it against
   * the descriptor.
   *
   * @param reference the image it belongs to, which says in which repository to look
   * @throws RuncibleException NOT_FOUND when it is missing, CORRUPT_DATA when the bytes are not
   *     those of the descriptor, INVALID_INPUT when it is too large
   */
  byte[] manifest(ImageReference reference, Descriptor descriptor);

  /**
   * Reads the manifest or the index that a reference names. This is {@link #resolve} and {@link
   * #manifest} after each other, which a source may do at once.
   *
   * @throws RuncibleException as these two
   */
  default ImageDocument read(ImageReference reference) {
    Descriptor descriptor = resolve(reference);
    return ImageDocument.of(descriptor, manifest(reference, descriptor));
  }

  /**
   * Opens a blob as it is stored, that is compressed. The bytes are <em>not</em> verified. The
   * caller closes the stream; its reads fail with {@link java.io.IOException} or {@link
   * RuncibleException}.
   *
   * @param reference the image it belongs to, which says in which repository to look
   * @throws RuncibleException NOT_FOUND when it is missing
   */
  InputStream blob(ImageReference reference, Descriptor descriptor);

  /**
   * Opens the rest of a blob, for one who has its first bytes and checks both together. It is
   * <em>not</em> verified. The default reads the blob and skips.
   *
   * @param from the position of the first byte that is wanted, from 0 to the size of the blob
   * @throws RuncibleException as {@link #blob(ImageReference, Descriptor)}, CORRUPT_DATA when the
   *     source has fewer bytes
   */
  default InputStream blob(ImageReference reference, Descriptor descriptor, long from) {
    return BlobRest.of(blob(reference, descriptor), descriptor, from);
  }

  /**
   * Lists the tags of a repository, sorted; unmodifiable. The reference's own tag and digest do not
   * matter. The default refuses.
   *
   * @throws io.runcible.RuncibleException UNSUPPORTED when the source has no list, NOT_FOUND when
   *     it has no such repository
   */
  default List<String> tags(ImageReference repository) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "this source cannot list the tags of " + repository.name());
  }

  /**
   * Lists the repositories that the source has of a registry, sorted: {@code team/app}, without the
   * registry itself; unmodifiable. The default refuses.
   *
   * @param registry as in {@link ImageReference#registry}
   * @throws RuncibleException UNSUPPORTED when the source has no list
   */
  default List<String> repositories(String registry) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "this source cannot list the repositories of " + registry);
  }

  /**
   * Says how long a blob is, without reading it. The default refuses.
   *
   * @param reference the image it belongs to, which says in which repository to look
   * @return the size in bytes, as the source has it
   * @throws RuncibleException UNSUPPORTED when the source cannot tell, NOT_FOUND when the blob is
   *     missing
   */
  default long blobSize(ImageReference reference, Digest digest) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "this source cannot tell the size of " + digest);
  }

  /**
   * Lists the manifests whose subject is this one: signatures, attestations and other artifacts
   * (OCI distribution specification, "Listing Referrers"). The default knows of none.
   *
   * @param repository where to look; its tag and digest do not matter
   * @param subject the digest of a manifest or an index, which need not be there
   * @return with artifact type and annotations, as far as the source knows them; unmodifiable
   */
  default List<Descriptor> referrers(ImageReference repository, Digest subject) {
    return List.of();
  }

  /** Releases what the source holds. Idempotent. */
  @Override
  void close();
}
