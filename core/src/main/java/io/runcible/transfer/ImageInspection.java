package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.util.List;
import java.util.Optional;

/**
 * What can be known of an image without its layers. It is all read when it is made; immutable.
 *
 * <pre>{@code
 * ImageInspection app = ImageInspection.of(registry, reference, Platform.host());
 * app.config().orElseThrow().labels();
 * }</pre>
 */
public final class ImageInspection {
  private static final int MAX_DEPTH = 4;

  private final ImageReference reference;
  private final ImageDocument root;
  private final Optional<ImageIndex> index;
  private final Optional<ImageDocument> image;
  private final Optional<Manifest> manifest;
  private final Optional<ImageConfig> config;

  private ImageInspection(
      ImageReference reference,
      ImageDocument root,
      Optional<ImageDocument> image,
      Optional<ImageConfig> config) {
    this.reference = reference;
    this.root = root;
    this.index = root.isIndex() ? Optional.of(root.index()) : Optional.empty();
    this.image = image;
    this.manifest = image.map(ImageDocument::manifest);
    this.config = config;
  }

  /**
   * Looks at what a name stands for: of an index at that alone, of an image at its manifest and its
   * configuration. From a registry this takes one request for the index, or two for the image.
   * Blocks.
   *
   * @param source not closed
   * @throws RuncibleException NOT_FOUND when there is no such image, CORRUPT_DATA when a document
   *     is not what its digest says, INVALID_INPUT or UNSUPPORTED when it breaks the specification,
   *     and what the source throws
   */
  public static ImageInspection of(ImageSource source, ImageReference reference) {
    return naming(reference, source, Optional.empty());
  }

  /**
   * The same, and of an index also the manifest for a platform, and its configuration. From a
   * registry this takes three requests then, and more only for indexes within indexes. Blocks.
   *
   * @throws RuncibleException also NOT_FOUND when the index has nothing for the platform
   */
  public static ImageInspection of(
      ImageSource source, ImageReference reference, Platform platform) {
    return naming(reference, source, Optional.of(platform));
  }

  private static ImageInspection naming(
      ImageReference reference, ImageSource source, Optional<Platform> platform) {
    ImageDocument root = source.read(reference);
    if (!reference.digest().orElse(root.descriptor().digest()).equals(root.descriptor().digest())) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          reference + " resolved to the other digest " + root.descriptor().digest());
    }
    CopyPlan documents = new CopyPlan(source, reference, 1);
    Optional<ImageDocument> image = image(documents, root, platform);
    Optional<ImageConfig> config =
        image
            .map(document -> documents.manifest(document).config())
            .filter(descriptor -> MediaType.isConfig(descriptor.mediaType()))
            .map(descriptor -> ConfigReader.read(source, reference, descriptor));
    return new ImageInspection(reference, root, image, config);
  }

  private static Optional<ImageDocument> image(
      CopyPlan documents, ImageDocument root, Optional<Platform> platform) {
    ImageDocument document = root;
    for (int depth = 0; document.isIndex(); depth++) {
      ImageIndex index = documents.index(document);
      if (platform.isEmpty()) {
        return Optional.empty();
      }
      if (depth == MAX_DEPTH) {
        throw documents.tooMuch("has indexes within indexes, more than " + MAX_DEPTH + " deep");
      }
      document = documents.read(index.select(platform.get()));
    }
    return Optional.of(document);
  }

  /** What was asked for. */
  public ImageReference reference() {
    return reference;
  }

  /** The manifest or the index that the name stands for, with its bytes. */
  public ImageDocument document() {
    return root;
  }

  /** The index, if the name stands for one. */
  public Optional<ImageIndex> index() {
    return index;
  }

  /** The manifest's bytes; empty when the name stands for an index and no platform was chosen. */
  public Optional<ImageDocument> image() {
    return image;
  }

  /** The manifest; empty when the name stands for an index and no platform was chosen. */
  public Optional<Manifest> manifest() {
    return manifest;
  }

  /** The configuration; empty also for an artifact, which has none. */
  public Optional<ImageConfig> config() {
    return config;
  }

  /** The layers, the lowest first; none without a manifest. Unmodifiable. */
  public List<Descriptor> layers() {
    return manifest.map(Manifest::layers).orElse(List.of());
  }

  /** The bytes to be moved for the layers and the configuration; 0 without a manifest. */
  public long size() {
    long layers = layers().stream().mapToLong(Descriptor::size).sum();
    return Math.addExact(layers, manifest.map(m -> m.config().size()).orElse(0L));
  }

  /** What the index has, or the image is for, as they say; distinct. Unmodifiable. */
  public List<Platform> platforms() {
    return index
        .map(
            all ->
                all.manifests().stream()
                    .flatMap(entry -> entry.platform().stream())
                    .filter(platform -> !platform.os().equals("unknown"))
                    .distinct()
                    .toList())
        .orElseGet(() -> config.map(ImageConfig::platform).stream().toList());
  }
}
