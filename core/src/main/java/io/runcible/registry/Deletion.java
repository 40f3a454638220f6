package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Deletes manifests, tags and blobs (distribution specification, "Content Management"), and looks
 * first at which tags would vanish with a manifest.
 */
final class Deletion {
  /** How many tags are looked at before one is deleted, with a request for each. */
  private static final int MAX_TAGS = 20_000;

  private static final int REQUESTS_AT_ONCE = 8;
  private static final int MAX_SHOWN = 20;

  private final Routes routes;
  private final RegistryRequests requests;
  private final ManifestRequests manifests;

  Deletion(Routes routes, RegistryRequests requests) {
    this.routes = routes;
    this.requests = requests;
    this.manifests = requests.manifests();
  }

  /** The tags of a repository that point at a manifest, sorted. */
  List<String> tagsOf(ImageReference repository, Digest digest) {
    String what = "find the tags of " + digest + " in " + repository.name();
    return tagsOf(routes.location(what, repository, Access.PULL), repository, digest);
  }

  private List<String> tagsOf(Operation pull, ImageReference repository, Digest digest) {
    List<String> tags = allTags(pull, repository);
    if (tags.size() > MAX_TAGS) {
      throw Failures.of(
          ErrorKind.UNSUPPORTED,
          pull,
          "there are "
              + tags.size()
              + " tags to look at, more than "
              + MAX_TAGS
              + "; each would take a request");
    }
    List<Boolean> found =
        Daemons.map(
            pull, REQUESTS_AT_ONCE, tags, tag -> pointsAt(pull, repository.withTag(tag), digest));
    return IntStream.range(0, tags.size()).filter(found::get).mapToObj(tags::get).toList();
  }

  /** A repository of which every manifest is without a tag is none to some registries. */
  private List<String> allTags(Operation pull, ImageReference repository) {
    try {
      return requests.lists().tags(pull, repository);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
  }

  private boolean pointsAt(Operation pull, ImageReference tag, Digest digest) {
    try {
      return manifests.resolve(pull, tag).digest().equals(digest);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        // It is gone already.
        return false;
      }
      throw e;
    }
  }

  /** Deletes a tag; or a manifest, unless tags would vanish that the caller did not name. */
  void delete(ImageReference reference, Collection<String> alsoTags) {
    Operation deletion = operation("delete " + reference, reference);
    if (reference.digest().isEmpty()) {
      tag(deletion, reference);
    } else {
      manifest(deletion, reference, alsoTags);
    }
  }

  /** Deletes a blob, whatever names it. */
  void blob(ImageReference repository, Digest digest) {
    String what = "delete blob " + digest + " of " + repository.name();
    requests.blobs().delete(operation(what, repository), repository, digest);
  }

  private Operation operation(String what, ImageReference reference) {
    return routes.location(what, reference, Access.DELETE);
  }

  private void tag(Operation deletion, ImageReference reference) {
    String tag = reference.tag().orElseThrow();
    try {
      delete(deletion, reference, tag);
    } catch (RuncibleException e) {
      // Older registries take the name for a digest that is none.
      if (e.kind() == ErrorKind.UNSUPPORTED || e.kind() == ErrorKind.INVALID_INPUT) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            e.getMessage()
                + "; where a registry deletes no tags, delete the manifest by its digest, which"
                + " takes all its tags along",
            e);
      }
      throw e;
    }
  }

  private void manifest(Operation deletion, ImageReference reference, Collection<String> named) {
    Operation pull = routes.location(deletion.what(), reference, Access.PULL);
    Operation push = routes.location(deletion.what(), reference, Access.PUSH);
    Digest digest = reference.digest().orElseThrow();
    ImageReference pinned = ImageReference.parse(reference.name() + "@" + digest);
    Descriptor descriptor = manifests.resolve(pull, pinned);
    List<String> others =
        tagsOf(pull, reference, digest).stream()
            .filter(tag -> !named.contains(tag) && !reference.tag().equals(Optional.of(tag)))
            .toList();
    if (!others.isEmpty()) {
      throw Failures.of(
          ErrorKind.FAILED_PRECONDITION,
          deletion,
          "with it would vanish "
              + shown(others)
              + ", which point at the same manifest; name them, too, if that is meant");
    }
    Optional<Referrer> referrer = referrer(pull, pinned, descriptor);
    delete(deletion, reference, digest.toString());
    referrer.ifPresent(deleted -> takeOffTheList(push, reference, deleted));
  }

  private void delete(Operation deletion, ImageReference reference, String tagOrDigest) {
    requests
        .transport()
        .delete(deletion, requests.sender(), deletion.endpoint().manifest(reference, tagOrDigest));
  }

  private Optional<Referrer> referrer(
      Operation pull, ImageReference pinned, Descriptor descriptor) {
    try {
      return Referrer.of(descriptor, manifests.read(pull, pinned, descriptor));
    } catch (RuncibleException e) {
      return switch (e.kind()) {
        // What is no proper manifest is on no list, and should be deletable all the more.
        case INVALID_INPUT, UNSUPPORTED, CORRUPT_DATA -> Optional.empty();
        default -> throw e;
      };
    }
  }

  private void takeOffTheList(Operation push, ImageReference reference, Referrer deleted) {
    try {
      requests.referrers().remove(push, reference, deleted);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(),
          deleted.descriptor().digest()
              + " is deleted, but still among the referrers of "
              + deleted.subject()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private static String shown(List<String> tags) {
    int more = tags.size() - MAX_SHOWN;
    return tags.stream().limit(MAX_SHOWN).collect(Collectors.joining(", ", "the tags ", ""))
        + (more > 0 ? " and " + more + " more" : "");
  }
}
