package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A new index, put together from images that are in a source, and ready to be written to any sink.
 * Equal parts give equal bytes. Immutable.
 *
 * <pre>{@code
 * IndexAssembly.builder(registry)
 *     .add(ImageReference.parse("registry.example/app:1-amd64"))
 *     .add(ImageReference.parse("registry.example/app:1-arm"),
 *         entry -> entry.withPlatform(Platform.parse("linux/arm/v6")))
 *     .annotation("org.opencontainers.image.version", "1")
 *     .build()
 *     .writeTo(registry, ImageReference.parse("registry.example/app:1"));
 * }</pre>
 */
public final class IndexAssembly {
  private final ImageSource source;
  private final Map<Digest, ImageReference> places;
  private final ImageIndex index;

  private IndexAssembly(Builder builder) {
    source = builder.source;
    places = Map.copyOf(builder.places);
    index = ImageIndex.of(List.copyOf(builder.entries.values()), builder.annotations);
  }

  /**
   * Starts an index without entries.
   *
   * @param source where the images are; not closed, and open until the index is written
   */
  public static Builder builder(ImageSource source) {
    return new Builder(source);
  }

  /** The index. */
  public ImageIndex index() {
    return index;
  }

  /**
   * Writes the index, after what the sink lacks of the images in it, which go into the same
   * repository under their digests. Blocks.
   *
   * @param sink not closed
   * @return points at the index
   * @throws RuncibleException INVALID_INPUT when the reference has another digest than the index,
   *     and as {@link ImageCopy#copy}
   */
  public Descriptor writeTo(ImageSink sink, ImageReference reference) {
    if (!reference.digest().orElse(index.digest()).equals(index.digest())) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot write an index as " + reference + ": its digest is " + index.digest());
    }
    ImageCopy copy = ImageCopy.between(source, sink);
    for (Descriptor entry : index.manifests()) {
      ImageReference place = Objects.requireNonNull(places.get(entry.digest()));
      copy.copy(
          CopyTarget.unnamed(place, entry.digest()), CopyTarget.unnamed(reference, entry.digest()));
    }
    sink.putManifest(reference, index.descriptor(), index.raw());
    return index.descriptor();
  }

  /** Collects the entries. Not thread-safe. */
  public static final class Builder {
    private final ImageSource source;
    private final Map<Digest, Descriptor> entries = new LinkedHashMap<>();
    private final Map<Digest, ImageReference> places = new LinkedHashMap<>();
    private final Map<String, String> annotations = new TreeMap<>();

    private Builder(ImageSource source) {
      this.source = Objects.requireNonNull(source, "source");
    }

    /**
     * Adds an image, for the platform that its configuration says; or the entries of an index, as
     * they are. Blocks.
     *
     * @throws RuncibleException as {@link ImageInspection#of}
     */
    public Builder add(ImageReference image) {
      return add(image, entry -> entry);
    }

    /**
     * Adds an image, or the entries of an index, with something changed, such as the platform or
     * the annotations. An entry of the same manifest that was added before is replaced. Blocks.
     *
     * @throws RuncibleException INVALID_INPUT when the change is of the content itself, and as
     *     {@link ImageInspection#of}
     */
    public Builder add(ImageReference image, UnaryOperator<Descriptor> change) {
      ImageDocument document = source.read(image);
      if (document.isIndex()) {
        document.index().manifests().stream()
            .filter(CopyPlan::isDocument)
            .forEach(entry -> put(image, entry, change));
      } else {
        put(image, described(image, document), change);
      }
      return this;
    }

    private Descriptor described(ImageReference image, ImageDocument document) {
      Manifest manifest = document.manifest();
      Descriptor plain = document.descriptor();
      if (!MediaType.isConfig(manifest.config().mediaType())) {
        return new Descriptor(
            plain.mediaType(),
            plain.digest(),
            plain.size(),
            Map.of(),
            plain.platform(),
            manifest.artifactType());
      }
      return Descriptor.of(plain.mediaType(), plain.digest(), plain.size())
          .withPlatform(ConfigReader.read(source, image, manifest.config()).platform());
    }

    private void put(ImageReference image, Descriptor entry, UnaryOperator<Descriptor> change) {
      Descriptor changed = change.apply(entry);
      if (!changed.digest().equals(entry.digest()) || changed.size() != entry.size()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "an entry for " + image + " must point at " + entry.digest());
      }
      entries.put(changed.digest(), changed);
      places.put(changed.digest(), image);
    }

    /** Leaves out entries that were added. */
    public Builder removeIf(Predicate<Descriptor> unwanted) {
      entries.values().removeIf(unwanted);
      return this;
    }

    /** Sets an annotation of the index. */
    public Builder annotation(String name, String value) {
      annotations.put(name, value);
      return this;
    }

    /**
     * Puts the index together.
     *
     * @throws RuncibleException INVALID_INPUT when it is larger than a reader would accept
     */
    public IndexAssembly build() {
      return new IndexAssembly(this);
    }
  }
}
