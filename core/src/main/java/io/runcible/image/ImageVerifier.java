package io.runcible.image;

/**
 * Decides whether an image may be used. Asked after the manifest is known and before any layer is
 * fetched. An engine finds verifiers with {@link java.util.ServiceLoader}, so a provider lists its
 * class in {@code META-INF/services/io.runcible.image.ImageVerifier} (or {@code provides} it) and
 * has a public constructor without parameters; a caller may also pass one. Thread-safe.
 */
@FunctionalInterface
public interface ImageVerifier {
  /**
   * Returns when policy accepts the image.
   *
   * @param reference what the user asked for
   * @param manifest the manifest for the engine's platform; of an index, the one that was chosen
   * @param source where the image comes from, for reading signatures
   * @throws io.runcible.RuncibleException PERMISSION_DENIED when policy refuses the image, with the
   *     rule that does; other kinds when the decision could not be made, which refuses it too
   */
  void verify(ImageReference reference, Descriptor manifest, ImageSource source);
}
