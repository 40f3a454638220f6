package io.runcible.image;

import io.runcible.Digest;
import io.runcible.archive.VerifiedInputStream;
import java.io.InputStream;

/** One layer of an image, lying in the source of the image. Immutable. */
public final class Layer {
  private final ImageSource source;
  private final ImageReference reference;
  private final Descriptor descriptor;
  private final Digest diffId;

  Layer(ImageSource source, ImageReference reference, Descriptor descriptor, Digest diffId) {
    this.source = source;
    this.reference = reference;
    this.descriptor = descriptor;
    this.diffId = diffId;
  }

  /** The layer as it is stored, usually compressed. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** The digest of the uncompressed tar. */
  public Digest diffId() {
    return diffId;
  }

  /**
   * Opens the layer as it is stored. Size and digest are checked on the way: a reader that reaches
   * the end without an exception has read the right bytes, and reading fails with CORRUPT_DATA as
   * soon as they cannot be. The diffId is checked by who unpacks the layer. The caller closes the
   * stream.
   *
   * @throws io.runcible.RuncibleException NOT_FOUND when the source does not have it
   */
  public InputStream compressed() {
    return new VerifiedInputStream(
        source.blob(reference, descriptor), descriptor.digest(), descriptor.size());
  }

  /**
   * Opens the rest of the layer as it is stored, for one who has its first bytes and checks both
   * together. It is <em>not</em> verified. The caller closes the stream.
   *
   * @param from the position of the first byte that is wanted, from 0 to the size of the layer
   * @throws io.runcible.RuncibleException NOT_FOUND when the source does not have it
   */
  public InputStream compressed(long from) {
    return source.blob(reference, descriptor, from);
  }

  /** The digest and the reference. */
  @Override
  public String toString() {
    return "layer " + descriptor.digest() + " of " + reference;
  }
}
