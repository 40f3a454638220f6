package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;

/** An image with its layers compressed otherwise: new layers, and new documents that name them. */
final class Recompression {
  /** What annotations of these say is about the bytes of the old layer. */
  private static final List<String> ABOUT_BYTES =
      List.of(
          "io.github.containers.zstd-chunked.",
          "io.containers.estargz.",
          "containerd.io/snapshot/stargz/");

  private final CopySettings settings;
  private final CopyPlan plan;
  private final BlobTransfer transfer;
  private final ImageReference from;
  private final Map<Digest, Descriptor> layers = new ConcurrentHashMap<>();

  /** The new documents by the digests of the old ones; what is named comes first. */
  private final Map<Digest, ImageDocument> documents = new LinkedHashMap<>();

  private final Map<String, String> renamed = new HashMap<>();

  Recompression(CopySettings settings, CopyPlan plan, BlobTransfer transfer, ImageReference from) {
    this.settings = settings;
    this.plan = plan;
    this.transfer = transfer;
    this.from = from;
  }

  /** Whether a layer is not as it should be. */
  boolean isNeeded() {
    return manifests().stream().anyMatch(manifest -> !changing(manifest).isEmpty());
  }

  /** Sends the new layers, and tells what else there is to send. */
  CopiedImage run(ImageDocument root) {
    Map<Descriptor, Digest> work = new LinkedHashMap<>();
    for (Manifest manifest : manifests()) {
      addWork(manifest, work);
    }
    LayerRecompressor recompressor = new LayerRecompressor(settings, from, transfer);
    List<Callable<Descriptor>> tasks = new ArrayList<>();
    work.forEach(
        (layer, diffId) ->
            tasks.add(
                () -> {
                  Descriptor made = recompressor.run(layer, diffId);
                  layers.put(layer.digest(), made);
                  return made;
                }));
    Tasks.run("compressing the layers of " + from, settings.parallel(), tasks);
    for (ImageDocument old : plan.documents()) {
      ImageDocument made = old.isIndex() ? rebuiltIndex(old) : rebuiltManifest(old);
      documents.put(old.descriptor().digest(), made);
      renamed.put(old.descriptor().digest().toString(), made.descriptor().digest().toString());
    }
    ImageDocument top = documents.get(root.descriptor().digest());
    return new CopiedImage(
        Objects.requireNonNull(top), List.copyOf(documents.values()), remaining());
  }

  private List<Manifest> manifests() {
    return plan.documents().stream()
        .filter(document -> !document.isIndex())
        .map(plan::manifest)
        .toList();
  }

  private List<Descriptor> changing(Manifest manifest) {
    Compression format = settings.format().orElseThrow();
    return !MediaType.isConfig(manifest.config().mediaType())
        ? List.of()
        : manifest.layers().stream()
            .filter(layer -> MediaType.isLayer(layer.mediaType()))
            .filter(layer -> LayerTypes.compression(layer.mediaType()) != format)
            .toList();
  }

  private void addWork(Manifest manifest, Map<Descriptor, Digest> work) {
    List<Descriptor> changing = changing(manifest);
    if (changing.isEmpty()) {
      return;
    }
    List<Digest> diffIds = ConfigReader.read(settings.source(), from, manifest.config()).diffIds();
    if (diffIds.size() != manifest.layers().size()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          from
              + ": the manifest "
              + manifest.digest()
              + " has "
              + manifest.layers().size()
              + " layers, but its configuration "
              + diffIds.size());
    }
    for (int i = 0; i < diffIds.size(); i++) {
      Descriptor layer = manifest.layers().get(i);
      if (changing.contains(layer)) {
        Descriptor plain = Descriptor.of(layer.mediaType(), layer.digest(), layer.size());
        Digest other = work.putIfAbsent(plain, diffIds.get(i));
        checkSame(layer, diffIds.get(i), other == null ? diffIds.get(i) : other);
      }
    }
  }

  private void checkSame(Descriptor layer, Digest one, Digest other) {
    if (!one.equals(other)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          from + ": layer " + layer.digest() + " cannot be both " + one + " and " + other);
    }
  }

  private ImageDocument rebuiltManifest(ImageDocument old) {
    Manifest manifest = plan.manifest(old);
    if (changing(manifest).isEmpty()) {
      return old;
    }
    boolean oci =
        settings.format().orElseThrow() == Compression.ZSTD
            || !MediaType.DOCKER_MANIFEST.equals(manifest.mediaType());
    Map<Digest, Descriptor> replacements = new HashMap<>();
    for (Descriptor layer : manifest.layers()) {
      replacements.put(layer.digest(), replacement(layer, oci));
    }
    Descriptor config = manifest.config();
    replacements.put(
        config.digest(), oci ? typed(config, LayerTypes.oci(config.mediaType())) : config);
    String mediaType = oci ? LayerTypes.oci(manifest.mediaType()) : manifest.mediaType();
    Manifest made = manifest.replacing(mediaType, replacements);
    return ImageDocument.of(made.descriptor(), made.raw());
  }

  private Descriptor replacement(Descriptor layer, boolean oci) {
    Descriptor made = layers.get(layer.digest());
    if (made == null) {
      return oci ? typed(layer, LayerTypes.oci(layer.mediaType())) : layer;
    }
    Map<String, String> kept = new LinkedHashMap<>(layer.annotations());
    kept.keySet().removeIf(name -> ABOUT_BYTES.stream().anyMatch(name::startsWith));
    String same = oci ? LayerTypes.oci(layer.mediaType()) : layer.mediaType();
    String mediaType = LayerTypes.with(same, settings.format().orElseThrow());
    return typed(made, mediaType).withAnnotations(kept);
  }

  private static Descriptor typed(Descriptor descriptor, String mediaType) {
    return Descriptor.of(mediaType, descriptor.digest(), descriptor.size())
        .withAnnotations(descriptor.annotations());
  }

  private ImageDocument rebuiltIndex(ImageDocument old) {
    ImageIndex index = plan.index(old);
    boolean changed =
        index.manifests().stream().anyMatch(e -> !renewed(e).digest().equals(e.digest()));
    if (!changed) {
      return old;
    }
    boolean converted =
        index.manifests().stream().anyMatch(e -> !renewed(e).mediaType().equals(e.mediaType()));
    String mediaType = converted ? MediaType.OCI_INDEX : index.mediaType();
    ImageIndex made = index.replacing(mediaType, this::renewed);
    return ImageDocument.of(made.descriptor(), made.raw());
  }

  private Descriptor renewed(Descriptor entry) {
    Map<String, String> annotations = new LinkedHashMap<>(entry.annotations());
    annotations.computeIfPresent(
        Selection.DOCKER_REFERENCE, (name, digest) -> renamed.getOrDefault(digest, digest));
    ImageDocument document = documents.get(entry.digest());
    Descriptor target = document == null ? entry : document.descriptor();
    return new Descriptor(
        target.mediaType(),
        target.digest(),
        target.size(),
        annotations,
        entry.platform(),
        entry.artifactType());
  }

  /** What the new documents name, without the layers that were made and sent. */
  private Collection<Descriptor> remaining() {
    Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
    for (ImageDocument document : documents.values()) {
      List<Descriptor> named = new ArrayList<>();
      if (document.isIndex()) {
        named.addAll(plan.index(document).manifests());
        named.removeIf(CopyPlan::isDocument);
      } else {
        named.addAll(plan.manifest(document).layers());
        named.add(plan.manifest(document).config());
      }
      named.forEach(blob -> blobs.putIfAbsent(blob.digest(), blob));
    }
    layers.values().forEach(made -> blobs.remove(made.digest()));
    return blobs.values();
  }
}
