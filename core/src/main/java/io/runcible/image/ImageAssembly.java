package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.WrittenLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A new image, put together from layers that lie in files, and ready to be written to any sink.
 * Equal parts give equal bytes. Immutable; the files of the layers stay the caller's.
 *
 * <pre>{@code
 * ImageAssembly image =
 *     ImageAssembly.builder(Platform.host())
 *         .layer(new LayerWriter().addFile("/bin/sh", 0755, shell).writeTo(file))
 *         .config(config -> config.entrypoint("/bin/sh"))
 *         .build();
 * image.writeTo(layout, ImageReference.parse("registry.example/shell:1"));
 * }</pre>
 */
public final class ImageAssembly {
  private final List<WrittenLayer> layers;
  private final ImageConfig config;
  private final Manifest manifest;

  private ImageAssembly(Builder builder) {
    layers = List.copyOf(builder.layers);
    List<Digest> diffIds = layers.stream().map(WrittenLayer::diffId).toList();
    config = builder.config.diffIds(diffIds).build();
    manifest =
        Manifest.of(
            config.descriptor(),
            layers.stream().map(ImageAssembly::descriptor).toList(),
            builder.annotations);
  }

  /** Starts an image without layers. */
  public static Builder builder(Platform platform) {
    return new Builder(platform);
  }

  private static Descriptor descriptor(WrittenLayer layer) {
    String mediaType =
        switch (layer.compression()) {
          case NONE -> MediaType.OCI_LAYER;
          case GZIP -> MediaType.OCI_LAYER_GZIP;
          case ZSTD -> MediaType.OCI_LAYER_ZSTD;
        };
    return Descriptor.of(mediaType, layer.digest(), layer.size());
  }

  /** The configuration. */
  public ImageConfig config() {
    return config;
  }

  /** The manifest. */
  public Manifest manifest() {
    return manifest;
  }

  /**
   * Writes the image: the layers that the sink lacks, the configuration, at last the manifest,
   * under the tag of the reference if it has one. Blocks.
   *
   * @param sink not closed
   * @return points at the manifest
   * @throws RuncibleException INVALID_INPUT when the reference has another digest than the
   *     manifest, NOT_FOUND when the file of a layer is gone, CORRUPT_DATA when it has changed, and
   *     what the sink throws
   */
  public Descriptor writeTo(ImageSink sink, ImageReference reference) {
    if (!reference.digest().orElse(manifest.digest()).equals(manifest.digest())) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot write an image as " + reference + ": its digest is " + manifest.digest());
    }
    for (WrittenLayer layer : layers) {
      Descriptor descriptor = descriptor(layer);
      if (!sink.hasBlob(reference, descriptor)) {
        writeLayer(sink, reference, layer, descriptor);
      }
    }
    if (!sink.hasBlob(reference, config.descriptor())) {
      sink.putBlob(reference, config.descriptor(), new ByteArrayInputStream(config.raw()));
    }
    sink.putManifest(reference, manifest.descriptor(), manifest.raw());
    return manifest.descriptor();
  }

  private static void writeLayer(
      ImageSink sink, ImageReference reference, WrittenLayer layer, Descriptor descriptor) {
    try (InputStream content = Files.newInputStream(layer.file())) {
      sink.putBlob(reference, descriptor, content);
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "the file " + layer.file() + " of a layer of " + reference + " is gone",
          e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot read " + layer.file() + ", a layer of " + reference + ": " + e.getMessage(),
          e);
    }
  }

  /** Collects the parts. Not thread-safe. */
  public static final class Builder {
    private final ImageConfig.Builder config;
    private final List<WrittenLayer> layers = new ArrayList<>();
    private final Map<String, String> annotations = new TreeMap<>();

    private Builder(Platform platform) {
      config = ImageConfig.builder(platform);
    }

    /** Adds a layer on top of those before. */
    public Builder layer(WrittenLayer layer) {
      layers.add(layer);
      return this;
    }

    /** Changes the configuration; its diffIds are set from the layers. */
    public Builder config(Consumer<ImageConfig.Builder> change) {
      change.accept(config);
      return this;
    }

    /** Sets an annotation of the manifest. */
    public Builder annotation(String name, String value) {
      annotations.put(name, value);
      return this;
    }

    /**
     * Puts the image together.
     *
     * @throws RuncibleException INVALID_INPUT when it has more layers or larger documents than a
     *     reader would accept
     */
    public ImageAssembly build() {
      return new ImageAssembly(this);
    }
  }
}
