package io.runcible.image;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The manifests of one image for several platforms (OCI image specification, "Image Index"; Docker
 * calls it a manifest list). Keeps the bytes it was read from. Immutable.
 */
public final class ImageIndex {
  private static final int MAX_MANIFESTS = 10_000;
  private static final int MAX_PLATFORMS_SHOWN = 20;

  private final byte[] raw;
  private final String mediaType;
  private final Digest digest;
  private final List<Descriptor> manifests;
  private final Map<String, String> annotations;
  private final Optional<Descriptor> subject;
  private final Optional<String> artifactType;

  private ImageIndex(byte[] raw, String mediaType, JsonObject document) {
    this.raw = raw;
    this.mediaType = mediaType;
    this.digest = Digest.sha256(raw);
    this.manifests =
        document.objects("manifests", MAX_MANIFESTS).stream().map(Documents::descriptor).toList();
    this.annotations = document.stringMap("annotations");
    this.subject = document.object("subject").map(Documents::descriptor);
    this.artifactType = document.string("artifactType");
  }

  /**
   * Reads an index.
   *
   * @param raw the document, of at most {@link Manifest#MAX_SIZE} bytes; copied
   * @param mediaType what it was served or stored as
   * @throws RuncibleException INVALID_INPUT when the document is too large, ambiguous (a field
   *     twice, also a manifest), contradicts its media type or breaks the specification
   */
  public static ImageIndex parse(byte[] raw, String mediaType) {
    String what = "index served as " + Shown.of(mediaType);
    JsonObject document = Documents.parse(raw, mediaType, what);
    if (!MediaType.isIndex(mediaType)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "this media type is not of an index: " + Shown.of(mediaType));
    }
    if (document.has("config") || document.has("layers")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the " + what + " has the fields of a manifest");
    }
    return new ImageIndex(raw.clone(), mediaType, document);
  }

  /** Makes an OCI index; equal arguments give equal bytes. */
  public static ImageIndex of(List<Descriptor> manifests, Map<String, String> annotations) {
    ObjectNode node = JsonObject.newNode();
    node.put("schemaVersion", 2).put("mediaType", MediaType.OCI_INDEX);
    Documents.putDescriptors(node, "manifests", manifests);
    Documents.putMap(node, "annotations", annotations);
    return parse(JsonObject.write(node), MediaType.OCI_INDEX);
  }

  /** A copy with some of the entries; all else stays. */
  public ImageIndex keeping(Predicate<Descriptor> wanted) {
    ObjectNode node = copyOfNode();
    List<ObjectNode> nodes = Documents.nodes(node, "manifests");
    ArrayNode kept = node.putArray("manifests");
    for (int i = 0; i < nodes.size(); i++) {
      if (wanted.test(manifests.get(i))) {
        kept.add(nodes.get(i));
      }
    }
    return parse(JsonObject.write(node), mediaType);
  }

  /**
   * A copy that names other manifests. Fields that this class does not know stay as they are; of an
   * entry that is replaced, media type, digest, size and annotations change.
   *
   * @param mediaType what the copy is
   * @param replacement what an entry becomes; may be itself
   */
  public ImageIndex replacing(String mediaType, UnaryOperator<Descriptor> replacement) {
    ObjectNode node = copyOfNode().put("mediaType", mediaType);
    List<ObjectNode> nodes = Documents.nodes(node, "manifests");
    for (int i = 0; i < nodes.size(); i++) {
      Descriptor other = replacement.apply(manifests.get(i));
      if (!other.equals(manifests.get(i))) {
        Documents.redirect(nodes.get(i), other);
      }
    }
    return parse(JsonObject.write(node), mediaType);
  }

  private ObjectNode copyOfNode() {
    return Documents.parse(raw, mediaType, "index " + digest).copyOfNode();
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

  /** Points at this index. */
  public Descriptor descriptor() {
    return Descriptor.of(mediaType, digest, raw.length);
  }

  /** The manifests, in the order of the document; unmodifiable. */
  public List<Descriptor> manifests() {
    return manifests;
  }

  /** The annotations in the order of the document; unmodifiable. */
  public Map<String, String> annotations() {
    return annotations;
  }

  /** The manifest that this index is attached to. */
  public Optional<Descriptor> subject() {
    return subject;
  }

  /** The type of artifact, when the index is not of an image to run. */
  public Optional<String> artifactType() {
    return artifactType;
  }

  /**
   * The manifest, or inner index, for a platform: among those that a host of this platform runs the
   * one with the newest variant, the first of several. An entry that names no platform is taken
   * when it is the only entry.
   *
   * @throws RuncibleException NOT_FOUND naming the platforms there are
   */
  public Descriptor select(Platform platform) {
    Comparator<Descriptor> best =
        Comparator.comparing(entry -> entry.platform().orElseThrow(), platform.preference());
    Optional<Descriptor> selected =
        manifests.stream()
            .filter(ImageIndex::isImage)
            .filter(entry -> entry.platform().map(platform::matches).orElse(false))
            .min(best);
    if (selected.isEmpty() && manifests.size() == 1) {
      selected =
          manifests.stream()
              .filter(entry -> isImage(entry) && entry.platform().isEmpty())
              .findAny();
    }
    return selected.orElseThrow(
        () ->
            new RuncibleException(
                ErrorKind.NOT_FOUND,
                "the index "
                    + digest
                    + " has nothing for "
                    + platform
                    + ", but "
                    + platforms()
                    + "; ask for a platform that it has"));
  }

  private static boolean isImage(Descriptor entry) {
    return MediaType.isManifest(entry.mediaType()) || MediaType.isIndex(entry.mediaType());
  }

  private String platforms() {
    List<String> all =
        manifests.stream()
            .map(entry -> entry.platform().map(Platform::toString).orElse("an unnamed platform"))
            .distinct()
            .toList();
    String shown = all.stream().limit(MAX_PLATFORMS_SHOWN).collect(Collectors.joining(", "));
    int more = all.size() - MAX_PLATFORMS_SHOWN;
    return all.isEmpty()
        ? "is empty"
        : "has " + shown + (more > 0 ? ", and " + more + " more" : "");
  }
}
