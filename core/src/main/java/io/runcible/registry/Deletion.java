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
 * Deletes manifests and tags (distribution specification, "Deleting Manifests" and "Deleting
 * Tags"), and looks first at what would vanish with them.
 */
final class Deletion {
  /** How many tags are looked at before one is deleted, with a request for each. */
  private static final int MAX_TAGS = 20_000;

  private static final int REQUESTS_AT_ONCE = 8;
  private static final int MAX_SHOWN = 20;

  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final ManifestRequests manifests;
  private final ListRequests lists;
  private final ReferrerRequests referrers;

  Deletion(
      HttpTransport transport,
      HttpTransport.Sender sender,
      ManifestRequests manifests,
      ListRequests lists,
      ReferrerRequests referrers) {
    this.transport = transport;
    this.sender = sender;
    this.manifests = manifests;
    this.lists = lists;
    this.referrers = referrers;
  }

  /** The tags of a repository that point at a manifest, sorted. */
  List<String> tagsOf(Operation pull, ImageReference repository, Digest digest) {
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
      return lists.tags(pull, repository);
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

  void tag(Operation deletion, ImageReference reference) {
    String tag = reference.tag().orElseThrow();
    try {
      transport.delete(deletion, sender, deletion.endpoint().manifest(reference, tag));
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

  /** Deletes a manifest, unless tags would vanish that the caller did not name. */
  void manifest(
      Operation pull,
      Operation push,
      Operation deletion,
      ImageReference reference,
      Collection<String> named) {
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
    transport.delete(deletion, sender, deletion.endpoint().manifest(reference, digest.toString()));
    referrer.ifPresent(deleted -> takeOffTheList(push, reference, deleted));
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
      referrers.remove(push, reference, deleted);
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
