package io.runcible.image;

import io.runcible.RuncibleException;

/** A manifest or an index as a source delivered it, with its descriptor. Immutable. */
public final class ImageDocument {
  private final Descriptor descriptor;
  private final byte[] raw;

  private ImageDocument(Descriptor descriptor, byte[] raw) {
    this.descriptor = descriptor;
    this.raw = raw;
  }

  /**
   * Puts a document together.
   *
   * @param raw copied
   * @throws RuncibleException CORRUPT_DATA when the bytes are not those of the descriptor
   */
  public static ImageDocument of(Descriptor descriptor, byte[] raw) {
    byte[] copy = raw.clone();
    descriptor.verify(copy);
    return new ImageDocument(descriptor, copy);
  }

  /** What it is, as the source or another document said. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** A copy of the bytes. */
  public byte[] raw() {
    return raw.clone();
  }

  /** Whether it is an index, and not a manifest. */
  public boolean isIndex() {
    return MediaType.isIndex(descriptor.mediaType());
  }

  /**
   * Reads it as an index.
   *
   * @throws RuncibleException as {@link ImageIndex#parse}
   */
  public ImageIndex index() {
    return ImageIndex.parse(raw, descriptor.mediaType());
  }

  /**
   * Reads it as a manifest.
   *
   * @throws RuncibleException as {@link Manifest#parse}
   */
  public Manifest manifest() {
    return Manifest.parse(raw, descriptor.mediaType());
  }
}
