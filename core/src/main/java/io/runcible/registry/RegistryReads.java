package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * What a client reads: by {@link Routes#read} what may come from a mirror, and all else at the
 * location alone. The effects are those of the methods of {@link RegistryClient}.
 */
final class RegistryReads {
  private final Routes routes;
  private final ManifestRequests manifests;
  private final BlobRequests blobs;
  private final ListRequests lists;
  private final ReferrerRequests referrers;

  RegistryReads(Routes routes, RegistryRequests requests) {
    this.routes = routes;
    this.manifests = requests.manifests();
    this.blobs = requests.blobs();
    this.lists = requests.lists();
    this.referrers = requests.referrers();
  }

  private Operation pull(String what, ImageReference reference) {
    return routes.location(what, reference, Access.PULL);
  }

  Descriptor resolve(ImageReference reference) {
    return routes.read(
        "resolve " + reference, reference, operation -> manifests.resolve(operation, reference));
  }

  ImageDocument read(ImageReference reference) {
    return manifests.read(pull("read manifest " + reference, reference), reference);
  }

  byte[] manifest(ImageReference reference, Descriptor descriptor) {
    String what = "read manifest " + descriptor.digest() + " of " + reference.name();
    return routes.read(
        what, reference, operation -> manifests.read(operation, reference, descriptor));
  }

  InputStream blob(ImageReference reference, Descriptor descriptor, long from) {
    if (from < 0 || from > descriptor.size()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          descriptor.digest() + " has " + descriptor.size() + " bytes, and no byte " + from);
    }
    if (from > 0 && from == descriptor.size()) {
      return InputStream.nullInputStream();
    }
    String what = "read blob " + descriptor.digest() + " of " + reference.name();
    return routes.read(
        what, reference, operation -> blobs.open(operation, reference, descriptor, from));
  }

  List<String> tags(ImageReference repository) {
    Operation operation = pull("list the tags of " + repository.name(), repository);
    return lists.tags(operation, repository);
  }

  List<String> repositories(String registry) {
    ImageReference any = ImageReference.parse(registry + "/any");
    if (!any.registry().equals(registry)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this is not the name of a registry: " + any.registry());
    }
    Operation operation =
        routes.registry("list the repositories of " + registry, registry, Access.CATALOG);
    return lists
        .repositories(operation)
        .orElseThrow(
            () -> Failures.of(ErrorKind.UNSUPPORTED, operation, registry + " does not list them"));
  }

  /** Of one type, or of all. */
  List<Descriptor> referrers(
      ImageReference repository, Digest subject, Optional<String> artifactType) {
    String what = "list the referrers of " + subject + " in " + repository.name();
    return referrers.list(pull(what, repository), repository, subject, artifactType);
  }

  long blobSize(ImageReference reference, Digest digest) {
    return routes.read(
        "tell the size of " + digest + " of " + reference.name(),
        reference,
        operation -> blobSize(operation, reference, digest));
  }

  private long blobSize(Operation operation, ImageReference reference, Digest digest) {
    String registry = operation.endpoint().name();
    long size =
        blobs
            .size(operation, reference, digest)
            .orElseThrow(
                () -> Failures.of(ErrorKind.NOT_FOUND, operation, registry + " has no such blob"));
    if (size < 0) {
      throw Failures.of(ErrorKind.UNSUPPORTED, operation, registry + " does not tell it");
    }
    return size;
  }

  boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    Digest digest = descriptor.digest();
    Operation operation = pull("look for blob " + digest + " of " + reference.name(), reference);
    Optional<Long> size = blobs.size(operation, reference, digest);
    if (size.isPresent() && size.get() >= 0 && size.get() != descriptor.size()) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          "it has " + size.get() + " bytes there instead of " + descriptor.size());
    }
    return size.isPresent();
  }
}
