package io.runcible.image;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The manifest of one image: its configuration and its layers (OCI image specification, "Image
 * Manifest"; Docker's image manifest version 2, schema 2, has the same form). Keeps the bytes it
 * was read from. Immutable.
 */
public final class Manifest {
  /** The largest manifest or index that is read, in bytes. */
  public static final int MAX_SIZE = 4 * 1024 * 1024;

  /** The most layers that a manifest may have. */
  public static final int MAX_LAYERS = 1000;

  /** Stands where an artifact has no configuration: the JSON object without fields. */
  public static final Descriptor EMPTY =
      Descriptor.of(MediaType.OCI_EMPTY, "{}".getBytes(StandardCharsets.UTF_8));

  private final byte[] raw;
  private final String mediaType;
  private final Digest digest;
  private final Descriptor config;
  private final List<Descriptor> layers;
  private final Map<String, String> annotations;
  private final Optional<Descriptor> subject;
  private final Optional<String> artifactType;

  private Manifest(byte[] raw, String mediaType, JsonObject document) {
    this.raw = raw;
    this.mediaType = mediaType;
    this.digest = Digest.sha256(raw);
    this.config = Documents.descriptor(document.requiredObject("config"));
    this.layers = Documents.descriptors(document.objects("layers", MAX_LAYERS));
    this.annotations = document.stringMap("annotations");
    this.subject =
        document.has("subject")
            ? Optional.of(Documents.descriptor(document.requiredObject("subject")))
            : Optional.empty();
    this.artifactType = document.string("artifactType");
  }

  /**
   * Reads a manifest.
   *
   * @param raw the document; copied
   * @param mediaType what it was served or stored as
   * @throws RuncibleException INVALID_INPUT when the document is too large, ambiguous (a field
   *     twice, also an index), contradicts its media type or breaks the specification; UNSUPPORTED
   *     for Docker's first schema
   */
  public static Manifest parse(byte[] raw, String mediaType) {
    String what = "manifest served as " + Shown.of(mediaType);
    JsonObject document = Documents.parse(raw, mediaType, what);
    if (!MediaType.isManifest(mediaType)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this media type is not of a manifest: " + Shown.of(mediaType));
    }
    if (document.has("manifests")) {
      throw document.invalid("manifests", "belongs into an index");
    }
    Manifest manifest = new Manifest(raw.clone(), mediaType, document);
    manifest.checkTotalSize();
    return manifest;
  }

  /** Makes an OCI manifest; equal arguments give equal bytes. */
  public static Manifest of(
      Descriptor config, List<Descriptor> layers, Map<String, String> annotations) {
    ObjectNode node = JsonObject.newNode();
    node.put("schemaVersion", 2).put("mediaType", MediaType.OCI_MANIFEST);
    node.set("config", Documents.node(config));
    Documents.putDescriptors(node, "layers", layers);
    Documents.putMap(node, "annotations", annotations);
    return parse(JsonObject.write(node), MediaType.OCI_MANIFEST);
  }

  /**
   * Makes the manifest of an artifact that is no image to run: an OCI manifest with the empty
   * configuration (OCI image specification, "Guidelines for Artifact Usage"). Equal arguments give
   * equal bytes.
   *
   * @param layers the contents of the artifact; with none, the specification's empty layer is used
   * @param subject the manifest that it is attached to
   */
  public static Manifest ofArtifact(
      String artifactType,
      List<Descriptor> layers,
      Map<String, String> annotations,
      Optional<Descriptor> subject) {
    ObjectNode node = JsonObject.newNode();
    node.put("schemaVersion", 2).put("mediaType", MediaType.OCI_MANIFEST);
    node.put("artifactType", artifactType);
    node.set("config", Documents.node(EMPTY));
    Documents.putDescriptors(node, "layers", layers.isEmpty() ? List.of(EMPTY) : layers);
    Documents.putMap(node, "annotations", annotations);
    subject.ifPresent(
        to ->
            node.set(
                "subject", Documents.node(Descriptor.of(to.mediaType(), to.digest(), to.size()))));
    return parse(JsonObject.write(node), MediaType.OCI_MANIFEST);
  }

  /**
   * A copy that names other content. Fields that this class does not know stay as they are; of a
   * descriptor that is replaced, media type, digest, size and annotations change.
   *
   * @param mediaType what the copy is
   * @param replacements by the digest of a layer or of the configuration
   */
  public Manifest replacing(String mediaType, Map<Digest, Descriptor> replacements) {
    ObjectNode node = Documents.parse(raw, this.mediaType, "manifest " + digest).copyOfNode();
    node.put("mediaType", mediaType);
    Optional.ofNullable(replacements.get(config.digest()))
        .ifPresent(other -> Documents.redirect((ObjectNode) node.get("config"), other));
    List<ObjectNode> nodes = Documents.nodes(node, "layers");
    for (int i = 0; i < nodes.size(); i++) {
      Descriptor other = replacements.get(layers.get(i).digest());
      if (other != null) {
        Documents.redirect(nodes.get(i), other);
      }
    }
    return parse(JsonObject.write(node), mediaType);
  }

  private void checkTotalSize() {
    long total = 0;
    for (Descriptor layer : layers) {
      total += layer.size();
      if (total < 0) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "the layers of manifest " + digest + " have a total size beyond 64 bits");
      }
    }
  }

  /** A copy of the bytes it was read from. */
  public byte[] raw() {
    return raw.clone();
  }

  /** What it was served or stored as. */
  public String mediaType() {
    return mediaType;
  }

  /** The SHA-256 of the raw bytes. */
  public Digest digest() {
    return digest;
  }

  /** Points at this manifest. */
  public Descriptor descriptor() {
    return Descriptor.of(mediaType, digest, raw.length);
  }

  /** Where the configuration is. */
  public Descriptor config() {
    return config;
  }

  /** The layers, the lowest first; unmodifiable. */
  public List<Descriptor> layers() {
    return layers;
  }

  /** The annotations in the order of the document; unmodifiable. */
  public Map<String, String> annotations() {
    return annotations;
  }

  /** The manifest that this one is attached to, such as the image that a signature is for. */
  public Optional<Descriptor> subject() {
    return subject;
  }

  /** The type of artifact, when the manifest is not of an image to run. */
  public Optional<String> artifactType() {
    return artifactType;
  }
}
