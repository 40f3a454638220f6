package io.runcible.transfer;

import io.runcible.archive.Compression;
import io.runcible.image.MediaType;
import java.util.List;

/** What the media types of layers say of their compression. */
final class LayerTypes {
  /** Each row is one kind of layer: plain, with gzip, with zstd; empty where there is none. */
  private static final List<List<String>> KINDS =
      List.of(
          List.of(MediaType.OCI_LAYER, MediaType.OCI_LAYER_GZIP, MediaType.OCI_LAYER_ZSTD),
          List.of(
              MediaType.OCI_NONDISTRIBUTABLE_LAYER,
              MediaType.OCI_NONDISTRIBUTABLE_LAYER_GZIP,
              MediaType.OCI_NONDISTRIBUTABLE_LAYER_ZSTD),
          List.of(MediaType.DOCKER_LAYER, MediaType.DOCKER_LAYER_GZIP, ""));

  private LayerTypes() {}

  /** Of a type that {@link MediaType#isLayer} knows. */
  static Compression compression(String mediaType) {
    if (mediaType.endsWith("+zstd")) {
      return Compression.ZSTD;
    }
    return mediaType.endsWith("gzip") ? Compression.GZIP : Compression.NONE;
  }

  /** The type of the same layer, compressed otherwise; Docker's only if there is one. */
  static String with(String mediaType, Compression compression) {
    int column =
        switch (compression) {
          case NONE -> 0;
          case GZIP -> 1;
          case ZSTD -> 2;
        };
    for (List<String> kind : KINDS) {
      if (kind.contains(mediaType) && !kind.get(column).isEmpty()) {
        return kind.get(column);
      }
    }
    return with(oci(mediaType), compression);
  }

  /** OCI's name of a type of Docker's. */
  static String oci(String mediaType) {
    return switch (mediaType) {
      case MediaType.DOCKER_LAYER -> MediaType.OCI_LAYER;
      case MediaType.DOCKER_LAYER_GZIP -> MediaType.OCI_LAYER_GZIP;
      case MediaType.DOCKER_FOREIGN_LAYER_GZIP -> MediaType.OCI_NONDISTRIBUTABLE_LAYER_GZIP;
      case MediaType.DOCKER_CONFIG -> MediaType.OCI_CONFIG;
      case MediaType.DOCKER_MANIFEST -> MediaType.OCI_MANIFEST;
      case MediaType.DOCKER_MANIFEST_LIST -> MediaType.OCI_INDEX;
      default -> mediaType;
    };
  }
}
