package io.runcible.layout;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Changes an {@code index.json} and leaves alone what it does not know. */
final class LayoutIndex {
  static final String NAME = "org.opencontainers.image.ref.name";

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final ObjectNode document;

  /**
   * Reads an index to be changed.
   *
   * @param raw a document that {@link ImageIndex#parse} has accepted
   */
  LayoutIndex(byte[] raw) throws IOException {
    document = (ObjectNode) MAPPER.readTree(raw);
  }

  /**
   * An index with one more entry.
   *
   * @param name its name; empty for none
   * @param manifest the bytes of the entry, of which the parts need no entries of their own
   */
  static byte[] with(byte[] raw, Descriptor entry, String name, byte[] manifest)
      throws IOException {
    LayoutIndex index = new LayoutIndex(raw);
    index.removeUnnamed(
        parts(entry, manifest).stream()
            .map(part -> part.digest().toString())
            .collect(Collectors.toSet()));
    index.put(entry, name);
    return index.toBytes();
  }

  /** What an index names; nothing for a manifest. */
  static List<Descriptor> parts(Descriptor entry, byte[] raw) {
    return MediaType.isIndex(entry.mediaType())
        ? ImageIndex.parse(raw, entry.mediaType()).manifests()
        : List.of();
  }

  /** The name of an entry. */
  static Optional<String> name(Descriptor entry) {
    return Optional.ofNullable(entry.annotations().get(NAME));
  }

  static Predicate<Descriptor> isNamed(String name) {
    return entry -> name.equals(entry.annotations().get(NAME));
  }

  /** The reference that a name is, if it is one in full, and not a tag alone. */
  static Optional<ImageReference> fullReference(String name) {
    try {
      return Optional.of(ImageReference.parse(name)).filter(full -> full.toString().equals(name));
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  /** Adds an entry; without a name when that is empty. */
  void put(Descriptor entry, String name) throws IOException {
    if (name.isEmpty()) {
      putUnnamed(entry.withAnnotations(Map.of()));
    } else {
      putNamed(entry, name);
    }
  }

  /** Gives the name to this entry, and takes it from the one that had it. */
  private void putNamed(Descriptor entry, String name) throws IOException {
    removeIf(other -> name.equals(name(other)) || (isEntry(other, entry) && isUnnamed(other)));
    manifests().add(node(entry.withAnnotations(Map.of(NAME, name))));
  }

  /** Adds an entry without a name, unless the content has an entry already. */
  private void putUnnamed(Descriptor entry) throws IOException {
    for (JsonNode other : manifests()) {
      if (isEntry(other, entry)) {
        return;
      }
    }
    manifests().add(node(entry));
  }

  /** Takes a name away; the content keeps an entry. */
  void removeName(String name) {
    List<JsonNode> named = named(name);
    removeIf(entry -> name.equals(name(entry)));
    for (JsonNode entry : named) {
      if (!contains(entry)) {
        ObjectNode unnamed = entry.deepCopy();
        ObjectNode annotations = unnamed.withObject("/annotations");
        annotations.remove(NAME);
        if (annotations.isEmpty()) {
          unnamed.remove("annotations");
        }
        manifests().add(unnamed);
      }
    }
  }

  private List<JsonNode> named(String name) {
    List<JsonNode> found = new ArrayList<>();
    for (JsonNode entry : manifests()) {
      if (name.equals(name(entry))) {
        found.add(entry);
      }
    }
    return found;
  }

  private boolean contains(JsonNode content) {
    for (JsonNode entry : manifests()) {
      if (entry.path("digest").equals(content.path("digest"))) {
        return true;
      }
    }
    return false;
  }

  /** Removes the entries of this content whose name, empty for none, is such a one. */
  void remove(Digest digest, Predicate<String> names) {
    removeIf(
        entry ->
            entry.path("digest").asText().equals(digest.toString()) && names.test(name(entry)));
  }

  /** Those of the descriptors that have an entry. */
  List<Descriptor> listed(List<Descriptor> descriptors) {
    Set<String> digests = new HashSet<>();
    manifests().forEach(entry -> digests.add(entry.path("digest").asText()));
    return descriptors.stream()
        .filter(descriptor -> digests.contains(descriptor.digest().toString()))
        .toList();
  }

  /** Removes entries without a name that are part of another entry. */
  void removeUnnamed(Set<String> digests) {
    removeIf(entry -> isUnnamed(entry) && digests.contains(entry.path("digest").asText()));
  }

  byte[] toBytes() throws IOException {
    return MAPPER.writeValueAsBytes(document);
  }

  private ArrayNode manifests() {
    return document.withArrayProperty("manifests");
  }

  private void removeIf(Predicate<JsonNode> predicate) {
    for (int i = manifests().size() - 1; i >= 0; i--) {
      if (predicate.test(manifests().get(i))) {
        manifests().remove(i);
      }
    }
  }

  private static boolean isEntry(JsonNode node, Descriptor entry) {
    return node.path("digest").asText().equals(entry.digest().toString());
  }

  private static boolean isUnnamed(JsonNode entry) {
    return name(entry).isEmpty();
  }

  private static String name(JsonNode entry) {
    return entry.path("annotations").path(NAME).asText("");
  }

  /** The entry as this library writes descriptors: through an index that has only this one. */
  private static JsonNode node(Descriptor entry) throws IOException {
    return MAPPER.readTree(ImageIndex.of(List.of(entry), Map.of()).raw()).path("manifests").path(0);
  }
}
