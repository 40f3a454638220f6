package io.runcible.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import okhttp3.HttpUrl;

/**
 * The lists of referrers: those that a registry keeps (distribution specification, "Listing
 * Referrers"), and those under a tag that clients keep for it ("Unavailable Referrers API").
 */
final class ReferrerRequests {
  private static final int MAX_REFERRERS = 100_000;
  private static final int MAX_WRITES = 8;
  private static final int STRIPES = 16;

  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final ManifestRequests manifests;

  /**
   * Lets one thread of this client at a time write the list of a subject, as a registry cannot tell
   * that a list was changed between its reading and its writing. Held across the requests.
   */
  private final List<Semaphore> turns =
      Stream.generate(() -> new Semaphore(1, true)).limit(STRIPES).toList();

  ReferrerRequests(
      HttpTransport transport, HttpTransport.Sender sender, ManifestRequests manifests) {
    this.transport = transport;
    this.sender = sender;
    this.manifests = manifests;
  }

  /** The referrers of a subject, of one type or of all. */
  List<Descriptor> list(
      Operation operation,
      ImageReference repository,
      Digest subject,
      Optional<String> artifactType) {
    HttpUrl.Builder url =
        operation.endpoint().referrers(repository, subject.toString()).newBuilder();
    artifactType.ifPresent(type -> url.addQueryParameter("artifactType", type));
    List<Descriptor> all =
        fromApi(operation, url.build())
            .or(() -> read(operation, repository, subject).map(ImageIndex::manifests))
            .orElse(List.of());
    // Also where the registry says that it has chosen, as that costs nothing.
    return all.stream()
        .filter(found -> artifactType.isEmpty() || artifactType.equals(found.artifactType()))
        .toList();
  }

  private Optional<List<Descriptor>> fromApi(Operation operation, HttpUrl url) {
    return new PagedList<>(
            operation,
            "referrers",
            MAX_REFERRERS,
            (raw, most) -> ImageIndex.parse(raw, MediaType.OCI_INDEX).manifests())
        .fetchIfServed(transport, sender, url);
  }

  /** Whether the registry keeps the lists itself. */
  private boolean isServed(Operation operation, ImageReference repository, Digest subject) {
    HttpUrl url = operation.endpoint().referrers(repository, subject.toString());
    return fromApi(operation, url).isPresent();
  }

  /** The list under the tag; empty when there is none. */
  private Optional<ImageIndex> read(
      Operation operation, ImageReference repository, Digest subject) {
    ImageReference tag = Referrer.fallbackTag(repository, subject);
    byte[] raw;
    Descriptor found;
    try {
      found = manifests.resolve(operation, tag);
      raw = manifests.read(operation, tag, found);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
    try {
      return Optional.of(ImageIndex.parse(raw, found.mediaType()));
    } catch (RuncibleException e) {
      throw Failures.of(
          ErrorKind.INVALID_INPUT,
          operation,
          "the tag " + tag + " should be a list of referrers, but " + e.getMessage());
    }
  }

  /** Lists a manifest under the tag of its subject. */
  void add(Operation operation, ImageReference repository, Referrer referrer) {
    Digest digest = referrer.descriptor().digest();
    update(
        operation,
        repository,
        referrer.subject(),
        list -> list.stream().anyMatch(entry -> entry.digest().equals(digest)),
        node -> entries(node).add(node(referrer.descriptor())));
  }

  /**
   * Takes a manifest that was deleted off the list under the tag of its subject. An empty list
   * stays: deleting it by its digest would take the empty lists of other subjects along.
   */
  void remove(Operation operation, ImageReference repository, Referrer referrer) {
    String digest = referrer.descriptor().digest().toString();
    if (isServed(operation, repository, referrer.subject())) {
      return;
    }
    update(
        operation,
        repository,
        referrer.subject(),
        list -> list.stream().noneMatch(entry -> entry.digest().toString().equals(digest)),
        node -> entries(node).removeIf(entry -> entry.path("digest").asText().equals(digest)));
  }

  private void update(
      Operation operation,
      ImageReference repository,
      Digest subject,
      Predicate<List<Descriptor>> done,
      Consumer<ObjectNode> change) {
    String key = repository.name() + "@" + subject;
    Semaphore turn = turns.get(Math.floorMod(key.hashCode(), STRIPES));
    try {
      turn.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failures.cancelled(operation);
    }
    try {
      updateInTurn(operation, repository, subject, done, change);
    } finally {
      turn.release();
    }
  }

  /** Writes until what is read back is right, as others may write at the same time. */
  private void updateInTurn(
      Operation operation,
      ImageReference repository,
      Digest subject,
      Predicate<List<Descriptor>> done,
      Consumer<ObjectNode> change) {
    for (int writes = 0; ; writes++) {
      Optional<ImageIndex> list = read(operation, repository, subject);
      if (done.test(list.map(ImageIndex::manifests).orElse(List.of()))) {
        return;
      }
      if (writes == MAX_WRITES) {
        throw Failures.of(
            ErrorKind.UNAVAILABLE,
            operation,
            "others write the list of referrers "
                + Referrer.fallbackTag(repository, subject)
                + " at the same time, again and again");
      }
      if (writes > 0) {
        transport.sleep(operation, transport.retry().pause(1).orElse(Duration.ZERO));
      }
      write(operation, Referrer.fallbackTag(repository, subject), list, change);
    }
  }

  private void write(
      Operation operation,
      ImageReference tag,
      Optional<ImageIndex> list,
      Consumer<ObjectNode> change) {
    byte[] before = list.orElseGet(() -> ImageIndex.of(List.of(), Map.of())).raw();
    // Fields that are not known here stay.
    ObjectNode document =
        Json.object(before)
            .orElseThrow(
                () ->
                    Failures.of(
                        ErrorKind.INVALID_INPUT,
                        operation,
                        "the list of referrers " + tag + " is nested too deep"));
    change.accept(document);
    byte[] after = Json.write(document);
    String mediaType = list.map(ImageIndex::mediaType).orElse(MediaType.OCI_INDEX);
    try {
      ImageIndex.parse(after, mediaType);
    } catch (RuncibleException e) {
      throw Failures.of(
          ErrorKind.FAILED_PRECONDITION,
          operation,
          "the list of referrers "
              + tag
              + " takes no more; of at most "
              + Manifest.MAX_SIZE
              + " bytes, "
              + e.getMessage());
    }
    manifests.put(operation, tag, Descriptor.of(mediaType, after), after);
  }

  private static ArrayNode entries(ObjectNode document) {
    return document.withArray("manifests");
  }

  private static ObjectNode node(Descriptor descriptor) {
    ObjectNode node =
        Json.newObject()
            .put("mediaType", descriptor.mediaType())
            .put("digest", descriptor.digest().toString())
            .put("size", descriptor.size());
    descriptor.artifactType().ifPresent(type -> node.put("artifactType", type));
    if (!descriptor.annotations().isEmpty()) {
      ObjectNode annotations = node.putObject("annotations");
      descriptor.annotations().forEach(annotations::put);
    }
    return node;
  }
}
