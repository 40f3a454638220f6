package io.runcible.layout;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.util.List;
import java.util.Map;
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
  private LayoutIndex(byte[] raw) throws IOException {
    document = (ObjectNode) MAPPER.readTree(raw);
  }

  /**
   * The index with one more entry.
   *
   * @param name its name; empty for none
   * @param manifest the bytes of the entry, of which the parts need no entries of their own
   */
  static byte[] with(byte[] raw, Descriptor entry, String name, byte[] manifest)
      throws IOException {
    LayoutIndex index = new LayoutIndex(raw);
    if (MediaType.isIndex(entry.mediaType())) {
      index.removeUnnamed(
          ImageIndex.parse(manifest, entry.mediaType()).manifests().stream()
              .map(part -> part.digest().toString())
              .collect(Collectors.toSet()));
    }
    if (name.isEmpty()) {
      index.putUnnamed(entry.withAnnotations(Map.of()));
    } else {
      index.putNamed(entry, name);
    }
    return index.toBytes();
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

  /** Removes entries without a name that are part of another entry. */
  private void removeUnnamed(Set<String> digests) {
    removeIf(entry -> isUnnamed(entry) && digests.contains(entry.path("digest").asText()));
  }

  private byte[] toBytes() throws IOException {
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
