package io.runcible.serve;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;

/**
 * What a path of the distribution API asks for.
 *
 * @param kind the kind of thing
 * @param name the repository, as it was sent
 * @param reference the repository, with the tag or digest that was asked for
 * @param upload the name of an upload, or nothing
 */
record RegistryRoute(Kind kind, String name, ImageReference reference, String upload) {
  private static final String PREFIX = "/v2/";
  private static final String MANIFESTS = "/manifests/";
  private static final String BLOBS = "/blobs/";
  private static final String REFERRERS = "/referrers/";
  private static final String UPLOADS = "/blobs/uploads/";
  private static final String TAGS = "/tags/list";

  /** The kinds of things there are, and how the API calls the lack of one. */
  enum Kind {
    MANIFEST("MANIFEST_UNKNOWN", "GET, HEAD, PUT, DELETE"),
    BLOB("BLOB_UNKNOWN", "GET, HEAD, DELETE"),
    UPLOADS("NAME_UNKNOWN", "POST"),
    UPLOAD("BLOB_UPLOAD_UNKNOWN", "GET, HEAD, PATCH, PUT, DELETE"),
    REFERRERS("MANIFEST_UNKNOWN", "GET, HEAD"),
    TAGS("NAME_UNKNOWN", "GET, HEAD");

    private final String unknown;
    private final String methods;

    Kind(String unknown, String methods) {
      this.unknown = unknown;
      this.methods = methods;
    }

    String unknown() {
      return unknown;
    }

    /** What can be done with it, where writing is allowed. */
    String methods() {
      return methods;
    }

    boolean isUpload() {
      return this == UPLOADS || this == UPLOAD;
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
      return of(Kind.TAGS, rest.substring(0, rest.length() - TAGS.length()), registry, "");
    }
    int last = rest.lastIndexOf('/');
    String head = last < 0 ? "" : rest.substring(0, last + 1);
    String target = rest.substring(last + 1);
    if (head.endsWith(UPLOADS)) {
      Kind kind = target.isEmpty() ? Kind.UPLOADS : Kind.UPLOAD;
      return of(kind, head.substring(0, head.length() - UPLOADS.length()), registry, target);
    }
    if (rest.endsWith(UPLOADS.substring(0, UPLOADS.length() - 1))) {
      return of(
          Kind.UPLOADS, rest.substring(0, rest.length() - UPLOADS.length() + 1), registry, "");
    }
    if (head.endsWith(MANIFESTS)) {
      RegistryRoute route =
          of(Kind.MANIFEST, head.substring(0, head.length() - MANIFESTS.length()), registry, "");
      return route.at(manifest(route.reference, target));
    }
    if (head.endsWith(BLOBS)) {
      RegistryRoute route =
          of(Kind.BLOB, head.substring(0, head.length() - BLOBS.length()), registry, "");
      return route.at(digest(route.reference, target));
    }
    if (head.endsWith(REFERRERS)) {
      RegistryRoute route =
          of(Kind.REFERRERS, head.substring(0, head.length() - REFERRERS.length()), registry, "");
      return route.at(digest(route.reference, target));
    }
    throw new RegistryError(404, "UNSUPPORTED", "there is nothing at this path");
  }

  private static RegistryRoute of(Kind kind, String name, String registry, String upload)
      throws RegistryError {
    return new RegistryRoute(kind, name, repository(name, registry), upload);
  }

  private RegistryRoute at(ImageReference target) {
    return new RegistryRoute(kind, name, target, upload);
  }

  /** A repository of the source by the name that it has for clients. */
  static ImageReference repository(String name, String registry) throws RegistryError {
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

  /** The reference of the same repository with a digest alone. */
  static ImageReference digest(ImageReference repository, String digest) throws RegistryError {
    try {
      return ImageReference.parse(repository.name() + "@" + Digest.parse(digest));
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

  /** A path below this repository. */
  String path(String rest) {
    return PREFIX + name + rest;
  }
}
