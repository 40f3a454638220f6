package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Copies images from a source to a sink, byte for byte unless told otherwise. Settings are made
 * before the first copy; then it can be used from several threads, and any number of times.
 */
public final class ImageCopy {
  private final ImageSource source;
  private final ImageSink sink;
  private List<Platform> platforms = List.of();
  private boolean single;
  private Optional<Compression> format = Optional.empty();
  private int level;
  private boolean referrers;
  private int parallel = 4;
  private ProgressListener listener = ProgressListener.NONE;

  private ImageCopy(ImageSource source, ImageSink sink) {
    this.source = Objects.requireNonNull(source, "source");
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /**
   * A copy of everything that a name stands for: of an index with all its manifests.
   *
   * @param source not closed
   * @param sink not closed
   */
  public static ImageCopy between(ImageSource source, ImageSink sink) {
    return new ImageCopy(source, sink);
  }

  /**
   * Takes of an index only the manifest for this platform, and names that at the target. An image
   * that has no index is copied whatever it is for.
   */
  public ImageCopy platform(Platform platform) {
    this.platforms = List.of(platform);
    this.single = true;
    return this;
  }

  /**
   * Takes of an index only the manifests for these platforms, and names an index of them at the
   * target, which has another digest when something was left out. With none, which is the default,
   * everything is taken. An image that has no index is copied whatever it is for.
   */
  public ImageCopy platforms(List<Platform> wanted) {
    this.platforms = List.copyOf(wanted);
    this.single = false;
    return this;
  }

  /** Compresses layers at the usual level: 6 of gzip, 3 of zstd. See the other method. */
  public ImageCopy recompress(Compression compression) {
    return recompress(compression, compression.defaultLevel());
  }

  /**
   * Compresses layers that are compressed otherwise, as their media type has it; those of this form
   * stay as they are. Their content is checked against the configuration, which stays what it is;
   * manifests and indexes are new. The same image gives the same bytes with the same libraries.
   * Docker's media types have no zstd, so such images become OCI images then. A layer that is not
   * of a file system, as in artifacts, is left alone.
   *
   * <p>A new layer goes through a file without a name in {@code java.io.tmpdir}.
   *
   * @param level of gzip 1 to 9, of zstd 1 to 22; of no meaning for NONE
   * @throws RuncibleException INVALID_INPUT for another level; the copy throws UNSUPPORTED for a
   *     level of zstd but the default where libzstd is missing
   */
  public ImageCopy recompress(Compression compression, int level) {
    compression.checkLevel(level);
    this.format = Optional.of(compression);
    this.level = level;
    return this;
  }

  /**
   * Takes along what refers to the image and to the manifests it names: referrers, those that refer
   * to them, and the tags that cosign makes ({@code sha256-….sig}, {@code .att}, {@code .sbom}). Of
   * an index that is reduced to some platforms the attestations for them, which Docker keeps in the
   * index, stay, too. The default takes nothing along that the image does not name.
   */
  public ImageCopy withReferrers() {
    this.referrers = true;
    return this;
  }

  /**
   * How many blobs are sent at once. The default is 4.
   *
   * @throws RuncibleException INVALID_INPUT unless from 1 to 32
   */
  public ImageCopy parallel(int blobs) {
    this.parallel = Tasks.checkedParallel(blobs, "blobs");
    return this;
  }

  /** Hears of each blob. */
  public ImageCopy listener(ProgressListener hearing) {
    this.listener = Objects.requireNonNull(hearing, "listener");
    return this;
  }

  /**
   * Copies an image. A target that has it already, under this name, costs one request there and one
   * at the source; of what it has in part, only the rest is sent. The manifests follow the blobs,
   * and the target's name comes last: after a failure or an interrupt it stands for what it stood
   * for before, and only unnamed content can be left, which is used by the next try. Blocks.
   *
   * @param from the image in the source
   * @param to its name in the sink; the manifests that an index names are put under its digest
   *     alone
   * @throws RuncibleException NOT_FOUND when there is no such image, or none for a platform;
   *     CORRUPT_DATA when something is not what its digest or size says; INVALID_INPUT when a
   *     document is not what it should be, or names too much, or {@code to} has another digest than
   *     the copy, or when both recompression and referrers are wanted, as these are for digests
   *     that change then; CANCELLED on interrupt, with the flag set; and what the source and the
   *     sink throw
   */
  public CopyResult copy(ImageReference from, ImageReference to) {
    return copy(from, to, new BlobFlights());
  }

  CopyResult copy(ImageReference from, ImageReference to, BlobFlights flights) {
    return new CopyRun(settings(flights), from, to).run();
  }

  /** Whether a copy would find the target as it should be, as far as the image itself goes. */
  boolean isUnchanged(ImageReference from, ImageReference to) {
    return new CopyRun(settings(new BlobFlights()), from, to).isUnchanged();
  }

  private CopySettings settings(BlobFlights flights) {
    if (referrers && format.isPresent()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "an image whose layers are compressed again has a new digest, which no signature or other"
              + " referrer is for; choose one of the two");
    }
    return new CopySettings(
        source, sink, platforms, single, format, level, referrers, parallel, listener, flights);
  }
}
