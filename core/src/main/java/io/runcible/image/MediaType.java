package io.runcible.image;

import java.util.Set;

/**
 * The media types of OCI images and of Docker's second schema, which are the same documents under
 * other names (OCI image specification, "Media Types" and its compatibility matrix).
 */
public final class MediaType {
  /** An OCI image manifest. */
  public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** An OCI image index. */
  public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";

  /** An OCI image configuration. */
  public static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";

  /** A layer as plain tar. */
  public static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** A layer as tar, compressed with gzip. */
  public static final String OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";

  /** A layer as tar, compressed with zstd. */
  public static final String OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

  /** A layer that should not be pushed, as plain tar; deprecated by the specification. */
  public static final String OCI_NONDISTRIBUTABLE_LAYER =
      "application/vnd.oci.image.layer.nondistributable.v1.tar";

  /** A layer that should not be pushed, compressed with gzip; deprecated by the specification. */
  public static final String OCI_NONDISTRIBUTABLE_LAYER_GZIP =
      "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

  /** A layer that should not be pushed, compressed with zstd; deprecated by the specification. */
  public static final String OCI_NONDISTRIBUTABLE_LAYER_ZSTD =
      "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";

  /** The empty JSON object that stands where an artifact has no configuration. */
  public static final String OCI_EMPTY = "application/vnd.oci.empty.v1+json";

  /** Docker's image manifest. */
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";

  /** Docker's manifest list. */
  public static final String DOCKER_MANIFEST_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";

  /** Docker's image configuration. */
  public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

  /** Docker's layer, compressed with gzip. */
  public static final String DOCKER_LAYER_GZIP =
      "application/vnd.docker.image.rootfs.diff.tar.gzip";

  /** Docker's layer as plain tar. */
  public static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

  /** Docker's layer that should not be pushed, compressed with gzip. */
  public static final String DOCKER_FOREIGN_LAYER_GZIP =
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

  /** Docker's manifest of the first schema, which is not supported. */
  public static final String DOCKER_SCHEMA1 =
      "application/vnd.docker.distribution.manifest.v1+json";

  /** Docker's signed manifest of the first schema, which is not supported. */
  public static final String DOCKER_SCHEMA1_SIGNED =
      "application/vnd.docker.distribution.manifest.v1+prettyjws";

  private static final Set<String> LAYERS =
      Set.of(
          OCI_LAYER,
          OCI_LAYER_GZIP,
          OCI_LAYER_ZSTD,
          OCI_NONDISTRIBUTABLE_LAYER,
          OCI_NONDISTRIBUTABLE_LAYER_GZIP,
          OCI_NONDISTRIBUTABLE_LAYER_ZSTD,
          DOCKER_LAYER,
          DOCKER_LAYER_GZIP,
          DOCKER_FOREIGN_LAYER_GZIP);

  private static final int MAX_PART = 127;

  private MediaType() {}

  /** Whether this is a manifest of one image. */
  public static boolean isManifest(String mediaType) {
    return mediaType.equals(OCI_MANIFEST) || mediaType.equals(DOCKER_MANIFEST);
  }

  /** Whether this is an index, also called a manifest list. */
  public static boolean isIndex(String mediaType) {
    return mediaType.equals(OCI_INDEX) || mediaType.equals(DOCKER_MANIFEST_LIST);
  }

  /** Whether this is the configuration of an image. */
  public static boolean isConfig(String mediaType) {
    return mediaType.equals(OCI_CONFIG) || mediaType.equals(DOCKER_CONFIG);
  }

  /** Whether this is a layer of a file system in a form that can be unpacked. */
  public static boolean isLayer(String mediaType) {
    return LAYERS.contains(mediaType);
  }

  /** Whether this is a manifest of Docker's first schema. */
  static boolean isSchema1(String mediaType) {
    return mediaType.equals(DOCKER_SCHEMA1) || mediaType.equals(DOCKER_SCHEMA1_SIGNED);
  }

  /** Whether the text is {@code type/subtype} of RFC 6838, section 4.2, without parameters. */
  static boolean isWellFormed(String mediaType) {
    int slash = mediaType.indexOf('/');
    return slash > 0
        && isRestrictedName(mediaType, 0, slash)
        && isRestrictedName(mediaType, slash + 1, mediaType.length());
  }

  private static boolean isRestrictedName(String text, int start, int end) {
    if (start >= end || end - start > MAX_PART || !isLetterOrDigit(text.charAt(start))) {
      return false;
    }
    for (int i = start + 1; i < end; i++) {
      char c = text.charAt(i);
      if (!isLetterOrDigit(c) && "!#$&-^_.+".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
