package io.runcible.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.Map;
import java.util.Optional;

/**
 * A manifest or an index that has a subject.
 *
 * @param subject the digest of that
 * @param descriptor how it is listed among the referrers of that, with artifact type and
 *     annotations
 */
record Referrer(Digest subject, Descriptor descriptor) {
  private static final int MAX_ALGORITHM = 32;
  private static final int MAX_HEX = 64;

  /**
   * Looks for a subject in a document.
   *
   * @throws RuncibleException INVALID_INPUT when there is one in what is no manifest or index
   */
  static Optional<Referrer> of(Descriptor descriptor, byte[] raw) {
    String mediaType = descriptor.mediaType();
    Optional<ObjectNode> document =
        MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)
            ? Json.object(raw).filter(json -> json.hasNonNull("subject"))
            : Optional.empty();
    if (document.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> artifactType = Json.text(document.get(), "artifactType");
    if (MediaType.isIndex(mediaType)) {
      ImageIndex index = ImageIndex.parse(raw, mediaType);
      return index
          .subject()
          .map(to -> listed(to.digest(), descriptor, artifactType, index.annotations()));
    }
    Manifest manifest = Manifest.parse(raw, mediaType);
    Optional<String> type = artifactType.or(() -> Optional.of(manifest.config().mediaType()));
    return manifest
        .subject()
        .map(to -> listed(to.digest(), descriptor, type, manifest.annotations()));
  }

  private static Referrer listed(
      Digest subject,
      Descriptor plain,
      Optional<String> artifactType,
      Map<String, String> annotations) {
    return new Referrer(
        subject,
        new Descriptor(
            plain.mediaType(),
            plain.digest(),
            plain.size(),
            annotations,
            Optional.empty(),
            artifactType));
  }

  /** The tag that stands for the list of referrers where a registry keeps none. */
  static ImageReference fallbackTag(ImageReference repository, Digest subject) {
    return repository.withTag(
        shortened(subject.algorithm(), MAX_ALGORITHM) + "-" + shortened(subject.hex(), MAX_HEX));
  }

  private static String shortened(String text, int length) {
    return text.substring(0, Math.min(text.length(), length));
  }
}
