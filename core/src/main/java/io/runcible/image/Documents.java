package io.runcible.image;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What manifests and indexes have in common: the head of the document, and descriptors. */
final class Documents {
  private Documents() {}

  /**
   * Reads a document and checks that it can be nothing but what its media type says. A document
   * that would pass for a manifest and for an index is refused, whatever it is served as.
   */
  static JsonObject parse(byte[] raw, String mediaType, String what) {
    if (MediaType.isSchema1(mediaType)) {
      throw schema1(what);
    }
    JsonObject document = JsonObject.parse(raw, Manifest.MAX_SIZE, what);
    boolean manifest = document.has("config") || document.has("layers");
    if (document.has("manifests") && manifest) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the " + what + " is ambiguous: it has both 'manifests' and 'config' or 'layers'");
    }
    long version = document.requiredLong("schemaVersion");
    if (version == 1 || document.has("fsLayers")) {
      throw schema1(what);
    }
    if (version != 2) {
      throw document.invalid("schemaVersion", "is " + version + " instead of 2");
    }
    Optional<String> own = document.string("mediaType");
    if (own.isPresent() && !own.get().equals(mediaType)) {
      throw document.invalid(
          "mediaType", "is " + Shown.of(own.get()) + ", but it was served as " + mediaType);
    }
    return document;
  }

  /** Finds out whether a document is a manifest or an index, and checks it as such. */
  static String mediaType(byte[] raw) {
    JsonObject document = JsonObject.parse(raw, Manifest.MAX_SIZE, "manifest or index");
    String implied = document.has("manifests") ? MediaType.OCI_INDEX : MediaType.OCI_MANIFEST;
    String mediaType = document.string("mediaType").orElse(implied);
    if (MediaType.isIndex(mediaType)) {
      ImageIndex.parse(raw, mediaType);
    } else {
      Manifest.parse(raw, mediaType);
    }
    return mediaType;
  }

  private static RuncibleException schema1(String what) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "the "
            + what
            + " is of Docker's schema 1, which cannot be verified layer by layer and was given up"
            + " in 2019; push the image again with a current tool");
  }

  static List<Descriptor> descriptors(List<JsonObject> objects) {
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonObject object : objects) {
      descriptors.add(descriptor(object));
    }
    return Collections.unmodifiableList(descriptors);
  }

  static Descriptor descriptor(JsonObject object) {
    Digest digest = digest(object);
    return new Descriptor(
        object.requiredString("mediaType"),
        digest,
        object.requiredLong("size"),
        object.stringMap("annotations"),
        platform(object.objectOrEmpty("platform")),
        object.string("artifactType"));
  }

  private static Digest digest(JsonObject object) {
    String text = object.requiredString("digest");
    try {
      return Digest.parse(text);
    } catch (RuncibleException e) {
      throw object.invalid("digest", "is wrong: " + e.getMessage());
    }
  }

  /** A platform as an index or a configuration writes it; none when both names are empty. */
  static Optional<Platform> platform(JsonObject object) {
    String os = object.string("os").orElse("");
    String architecture = object.string("architecture").orElse("");
    if (os.isEmpty() && architecture.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new Platform(os, architecture, object.string("variant")));
  }

  static ObjectNode node(Descriptor descriptor) {
    ObjectNode node =
        JsonObject.newNode()
            .put("mediaType", descriptor.mediaType())
            .put("digest", descriptor.digest().toString())
            .put("size", descriptor.size());
    descriptor.artifactType().ifPresent(type -> node.put("artifactType", type));
    descriptor.platform().ifPresent(platform -> putPlatform(node.putObject("platform"), platform));
    putMap(node, "annotations", descriptor.annotations());
    return node;
  }

  /**
   * Points a descriptor of a document at other content. Its platform and what is not known here
   * stay, but not what belongs to the content alone: embedded data, and addresses of it.
   */
  static void redirect(ObjectNode node, Descriptor target) {
    node.put("mediaType", target.mediaType());
    if (!target.digest().toString().equals(node.path("digest").asText())) {
      node.put("digest", target.digest().toString());
      node.put("size", target.size());
      node.remove(List.of("data", "urls"));
    }
    node.remove("annotations");
    putMap(node, "annotations", target.annotations());
  }

  /** The descriptors in an array of a document that was checked. */
  static List<ObjectNode> nodes(ObjectNode document, String field) {
    List<ObjectNode> nodes = new ArrayList<>();
    document.path(field).forEach(node -> nodes.add((ObjectNode) node));
    return nodes;
  }

  static void putPlatform(ObjectNode node, Platform platform) {
    node.put("os", platform.os()).put("architecture", platform.architecture());
    platform.variant().ifPresent(variant -> node.put("variant", variant));
  }

  static void putDescriptors(ObjectNode node, String field, List<Descriptor> descriptors) {
    ArrayNode array = node.putArray(field);
    descriptors.forEach(descriptor -> array.add(node(descriptor)));
  }

  static void putMap(ObjectNode node, String field, Map<String, String> map) {
    if (!map.isEmpty()) {
      ObjectNode object = node.putObject(field);
      map.forEach(object::put);
    }
  }
}
