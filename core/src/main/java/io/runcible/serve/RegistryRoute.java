package io.runcible.serve;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;

/**
 * What a path of the distribution API asks for.
 *
 * @param kind the kind of thing
 * @param reference the repository, with the tag or digest that was asked for
 */
record RegistryRoute(Kind kind, ImageReference reference) {
  private static final String PREFIX = "/v2/";
  private static final String MANIFESTS = "/manifests/";
  private static final String BLOBS = "/blobs/";
  private static final String TAGS = "/tags/list";

  /** The kinds of things there are, and how the API calls the lack of one. */
  enum Kind {
    MANIFEST("MANIFEST_UNKNOWN"),
    BLOB("BLOB_UNKNOWN"),
    TAGS("NAME_UNKNOWN");

    private final String unknown;

    Kind(String unknown) {
      this.unknown = unknown;
    }

    String unknown() {
      return unknown;
    }
  }

  /**
   * Reads a path below {@code /v2/}.
   *
   * @param registry the registry in the source that is served
   */
  static RegistryRoute parse(String path, String registry) throws RegistryError {
    String rest = path.startsWith(PREFIX) ? path.substring(PREFIX.length()) : "";
    if (rest.endsWith(TAGS)) {
      String name = rest.substring(0, rest.length() - TAGS.length());
      return new RegistryRoute(Kind.TAGS, repository(name, registry));
    }
    int last = rest.lastIndexOf('/');
    String head = last < 0 ? "" : rest.substring(0, last + 1);
    String target = rest.substring(last + 1);
    if (head.endsWith(MANIFESTS)) {
      String name = head.substring(0, head.length() - MANIFESTS.length());
      return new RegistryRoute(Kind.MANIFEST, manifest(repository(name, registry), target));
    }
    if (head.endsWith(BLOBS)) {
      String name = head.substring(0, head.length() - BLOBS.length());
      return new RegistryRoute(Kind.BLOB, digest(repository(name, registry), target));
    }
    throw new RegistryError(404, "UNSUPPORTED", "there is nothing at this path");
  }

  /** The repository in a path that asks for tags, as it was sent. */
  static String tagsName(String path) {
    return path.substring(PREFIX.length(), path.length() - TAGS.length());
  }

  private static ImageReference repository(String name, String registry) throws RegistryError {
    try {
      ImageReference reference = ImageReference.parse(registry + "/" + name);
      if (name.indexOf(':') < 0 && name.indexOf('@') < 0) {
        return reference;
      }
    } catch (RuncibleException e) {
      // Answered below; the reason would repeat what the client sent.
    }
    throw new RegistryError(400, "NAME_INVALID", "the name of the repository is invalid");
  }

  private static ImageReference manifest(ImageReference repository, String target)
      throws RegistryError {
    if (target.indexOf(':') >= 0) {
      return digest(repository, target);
    }
    try {
      return repository.withTag(target);
    } catch (RuncibleException e) {
      throw new RegistryError(404, Kind.MANIFEST.unknown(), "there can be no such tag");
    }
  }

  private static ImageReference digest(ImageReference repository, String target)
      throws RegistryError {
    try {
      return ImageReference.parse(repository.name() + "@" + Digest.parse(target));
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.INVALID_INPUT) {
        throw e;
      }
      throw new RegistryError(400, "DIGEST_INVALID", "the digest is invalid");
    }
  }

  Digest digest() {
    return reference.digest().orElseThrow();
  }
}
