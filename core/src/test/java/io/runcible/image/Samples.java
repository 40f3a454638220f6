package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.Digest;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Map;

/** Small images for tests of sources and sinks; the layers are not archives. */
public final class Samples {
  /** What the samples are for. */
  public static final Platform PLATFORM = Platform.of("linux", "amd64");

  private Samples() {}

  /** A layer's content, distinct for each name. */
  public static byte[] layer(String name) {
    return ("the layer of " + name).repeat(1000).getBytes(UTF_8);
  }

  /** The manifest of the image of one layer that {@link #put} writes. */
  public static Manifest manifest(String name) {
    return Manifest.of(
        config(name).descriptor(),
        List.of(Descriptor.of(MediaType.OCI_LAYER, layer(name))),
        Map.of());
  }

  /** The configuration of that image. */
  public static ImageConfig config(String name) {
    return ImageConfig.builder(PLATFORM)
        .command(name)
        .diffIds(List.of(Digest.sha256(layer(name))))
        .build();
  }

  /** Writes an image of one layer. */
  public static Manifest put(ImageSink sink, ImageReference reference, String name) {
    ImageConfig config = config(name);
    Manifest manifest = manifest(name);
    sink.putBlob(reference, config.descriptor(), new ByteArrayInputStream(config.raw()));
    sink.putBlob(reference, manifest.layers().get(0), new ByteArrayInputStream(layer(name)));
    sink.putManifest(reference, manifest.descriptor(), manifest.raw());
    return manifest;
  }

  /** Writes an index of two platforms, of which the first is {@link #PLATFORM}. */
  public static ImageIndex putIndex(ImageSink sink, ImageReference reference, String name) {
    Manifest first = manifest(name);
    Manifest second = manifest(name + "-other");
    put(sink, byDigest(reference, first.digest()), name);
    put(sink, byDigest(reference, second.digest()), name + "-other");
    ImageIndex index =
        ImageIndex.of(
            List.of(
                first.descriptor().withPlatform(PLATFORM),
                second.descriptor().withPlatform(Platform.parse("linux/arm64"))),
            Map.of());
    sink.putManifest(reference, index.descriptor(), index.raw());
    return index;
  }

  /** The reference of the same repository with a digest alone. */
  public static ImageReference byDigest(ImageReference reference, Digest digest) {
    return ImageReference.parse(reference.name() + "@" + digest);
  }
}
