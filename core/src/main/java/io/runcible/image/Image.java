package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * A lazy view of one image in a source, for one platform. {@link #resolve} fetches the manifest,
 * {@link #config()} the configuration, {@link Layer#compressed()} a layer; each is verified. The
 * source stays the caller's and must stay open. Thread-safe.
 */
public final class Image {
  private static final int MAX_INDEX_DEPTH = 4;

  private final ImageSource source;
  private final ImageReference reference;
  private final Platform platform;
  private final Descriptor descriptor;
  private final Manifest manifest;
  private final AtomicReference<ImageConfig> config = new AtomicReference<>();

  private Image(
      ImageSource source,
      ImageReference reference,
      Platform platform,
      Descriptor descriptor,
      Manifest manifest) {
    this.source = source;
    this.reference = reference;
    this.platform = platform;
    this.descriptor = descriptor;
    this.manifest = manifest;
  }

  /**
   * Finds an image; from an index, the manifest for a platform is taken.
   *
   * @param source where to look; not closed
   * @throws RuncibleException NOT_FOUND when there is no such image or none for the platform,
   *     CORRUPT_DATA, INVALID_INPUT or UNSUPPORTED when a document is not what it should be, and
   *     what the source throws
   */
  public static Image resolve(ImageSource source, ImageReference reference, Platform platform) {
    Descriptor descriptor = source.resolve(reference);
    checkPinned(reference, descriptor.digest());
    for (int depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
      Descriptor current = descriptor;
      byte[] raw = source.manifest(reference, current);
      current.verify(raw);
      if (!MediaType.isIndex(current.mediaType())) {
        Manifest manifest = naming(reference, () -> Manifest.parse(raw, current.mediaType()));
        return new Image(source, reference, platform, current, manifest);
      }
      descriptor =
          naming(reference, () -> ImageIndex.parse(raw, current.mediaType()).select(platform));
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        reference + " has indexes within indexes, more than " + MAX_INDEX_DEPTH + " deep");
  }

  private static void checkPinned(ImageReference reference, Digest actual) {
    if (reference.digest().isPresent() && !reference.digest().get().equals(actual)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, reference + " resolved to the other digest " + actual);
    }
  }

  private static <T> T naming(ImageReference reference, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), reference + ": " + e.getMessage(), e);
    }
  }

  /** What was asked for. */
  public ImageReference reference() {
    return reference;
  }

  /** Points at the manifest for the platform. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** The manifest for the platform. */
  public Manifest manifest() {
    return manifest;
  }

  /**
   * The configuration. Fetched and verified at the first call, which blocks; calls at the same time
   * may each fetch it.
   *
   * @throws RuncibleException CORRUPT_DATA when the bytes are not those of the manifest's
   *     descriptor or the number of layers differs from the manifest's, FAILED_PRECONDITION when
   *     the image is for another operating system, UNSUPPORTED when the manifest is not of an image
   *     but of another artifact, UNAVAILABLE when reading fails
   */
  public ImageConfig config() {
    ImageConfig known = config.get();
    if (known != null) {
      return known;
    }
    ImageConfig fetched = fetchConfig();
    config.set(fetched);
    return fetched;
  }

  private ImageConfig fetchConfig() {
    Descriptor where = manifest.config();
    if (!MediaType.isConfig(where.mediaType())) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          reference
              + " is not an image but an artifact: its configuration is "
              + where.mediaType());
    }
    byte[] raw = read(where);
    ImageConfig fetched = naming(reference, () -> ImageConfig.parse(raw));
    if (fetched.diffIds().size() != manifest.layers().size()) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          reference
              + ": the manifest has "
              + manifest.layers().size()
              + " layers, but the configuration "
              + where.digest()
              + " has "
              + fetched.diffIds().size());
    }
    if (!fetched.platform().os().equals(platform.os())) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          reference + " is an image for " + fetched.platform() + ", not for " + platform);
    }
    return fetched;
  }

  private byte[] read(Descriptor where) {
    if (where.size() > ImageConfig.MAX_SIZE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          reference
              + ": the configuration "
              + where.digest()
              + " has "
              + where.size()
              + " bytes; at most "
              + ImageConfig.MAX_SIZE
              + " are read");
    }
    try (InputStream content =
        new VerifiedInputStream(source.blob(reference, where), where.digest(), where.size())) {
      return content.readAllBytes();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          reference + ": cannot read the configuration " + where.digest() + ": " + e.getMessage(),
          e);
    }
  }

  /**
   * The layers, the lowest first; unmodifiable. Fetches the configuration when it is not known yet,
   * with its errors, but no layer.
   */
  public List<Layer> layers() {
    List<Digest> diffIds = config().diffIds();
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      layers.add(new Layer(source, reference, manifest.layers().get(i), diffIds.get(i)));
    }
    return List.copyOf(layers);
  }

  /** The reference and the digest of the manifest. */
  @Override
  public String toString() {
    return reference + " (" + descriptor.digest() + ")";
  }
}
