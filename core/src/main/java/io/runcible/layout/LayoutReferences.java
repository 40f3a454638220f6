package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the documents of a layout refer to. A document that is missing or damaged refers to nothing:
 * it must not keep the others from being used. Thread-safe.
 */
final class LayoutReferences {
  private static final int MAX_DOCUMENTS = 100_000;
  private static final int MAX_ANNOTATIONS = 16 << 20;

  private final LayoutContent content;

  /** The subjects of the documents in the index, which is bounded; content does not change. */
  private final Map<Digest, Optional<Digest>> subjects = new ConcurrentHashMap<>();

  LayoutReferences(LayoutContent content) {
    this.content = content;
  }

  /**
   * The parts of a manifest or an index that matter here.
   *
   * @param descriptor with artifact type and annotations
   * @param parts what the document needs
   */
  private record Document(
      Descriptor descriptor, Optional<Digest> subject, Collection<Descriptor> parts) {
    static Document parse(byte[] raw, String mediaType) {
      if (MediaType.isIndex(mediaType)) {
        ImageIndex index = ImageIndex.parse(raw, mediaType);
        return new Document(
            described(index.descriptor(), index.artifactType(), index.annotations()),
            index.subject().map(Descriptor::digest),
            index.manifests());
      }
      Manifest manifest = Manifest.parse(raw, mediaType);
      Set<Descriptor> parts = new LinkedHashSet<>(manifest.layers());
      parts.add(manifest.config());
      Optional<String> type =
          manifest.artifactType().or(() -> Optional.of(manifest.config().mediaType()));
      return new Document(
          described(manifest.descriptor(), type, manifest.annotations()),
          manifest.subject().map(Descriptor::digest),
          parts);
    }

    private static Descriptor described(
        Descriptor plain, Optional<String> artifactType, Map<String, String> annotations) {
      return new Descriptor(
          plain.mediaType(),
          plain.digest(),
          plain.size(),
          annotations,
          Optional.empty(),
          artifactType);
    }
  }

  private Optional<Document> read(Descriptor descriptor) {
    if (!MediaType.isIndex(descriptor.mediaType())
        && !MediaType.isManifest(descriptor.mediaType())) {
      return Optional.empty();
    }
    try {
      byte[] raw = content.read(LayoutReader.blobName(descriptor.digest()), Manifest.MAX_SIZE);
      descriptor.verify(raw);
      return Optional.of(Document.parse(raw, descriptor.mediaType()));
    } catch (IOException | RuncibleException e) {
      return Optional.empty();
    }
  }

  /** The manifest that this one is attached to. */
  Optional<Digest> subject(Descriptor entry) {
    Optional<Digest> known = subjects.get(entry.digest());
    if (known != null) {
      return known;
    }
    Optional<Document> document = read(entry);
    document.ifPresent(read -> subjects.put(entry.digest(), read.subject()));
    return document.flatMap(Document::subject);
  }

  /**
   * The documents among the entries of the index that are attached to this one. Annotations are
   * left out once they come to some megabytes.
   */
  List<Descriptor> referrers(List<Descriptor> entries, Digest subject) {
    Set<Digest> listed = new HashSet<>();
    List<Descriptor> found = new ArrayList<>();
    int annotations = 0;
    for (Descriptor entry : entries) {
      if (listed.add(entry.digest()) && subject(entry).filter(subject::equals).isPresent()) {
        Descriptor referrer = read(entry).map(Document::descriptor).orElse(entry);
        annotations += length(referrer.annotations());
        found.add(annotations > MAX_ANNOTATIONS ? referrer.withAnnotations(Map.of()) : referrer);
      }
    }
    subjects.keySet().retainAll(listed);
    return List.copyOf(found);
  }

  private static int length(Map<String, String> annotations) {
    return annotations.entrySet().stream()
        .mapToInt(entry -> entry.getKey().length() + entry.getValue().length())
        .sum();
  }

  /**
   * A document that can be reached from entries of the index and needs this content.
   *
   * @throws RuncibleException FAILED_PRECONDITION when there are too many documents to tell
   */
  Optional<Digest> user(List<Descriptor> entries, Digest wanted) {
    Set<Digest> seen = new HashSet<>();
    Deque<Descriptor> left = new ArrayDeque<>(entries);
    while (!left.isEmpty()) {
      Descriptor next = left.pop();
      if (!seen.add(next.digest())) {
        continue;
      }
      if (seen.size() > MAX_DOCUMENTS) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "cannot tell whether " + wanted + " is in use: the layout has too many documents");
      }
      Collection<Descriptor> parts = read(next).map(Document::parts).orElse(List.of());
      if (parts.stream().anyMatch(part -> part.digest().equals(wanted))) {
        return Optional.of(next.digest());
      }
      if (MediaType.isIndex(next.mediaType())) {
        left.addAll(parts);
      }
    }
    return Optional.empty();
  }
}
