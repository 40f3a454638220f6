package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * An OCI image layout in a tar archive, as {@code skopeo copy … oci-archive:} and {@code podman
 * save --format oci-archive} write it. The archive may be compressed with gzip or zstd, and its
 * entries may have any order.
 *
 * <p>A plain archive in a file is read where it is, any number of times. A compressed one, a pipe
 * and a stream are first written to a temporary file, decompressed, in the directory of the system
 * property {@code java.io.tmpdir}; closing removes it.
 *
 * <p>What is in the archive is not trusted. An archive with a name that is absolute, has {@code ..}
 * or occurs twice is INVALID_INPUT, as is one with more than 100,000 entries; a link or a sparse
 * file is never read. Thread-safe.
 */
public final class OciArchive implements ImageSource {
  private final ArchiveFile archive;
  private final LayoutReader reader;

  private OciArchive(ArchiveFile archive) {
    this.archive = archive;
    this.reader = new LayoutReader(archive, archive.toString());
    try {
      reader.check();
    } catch (RuntimeException e) {
      archive.close();
      throw e;
    }
  }

  /**
   * Opens an archive; blocks while its headers are read, or all of it where that is necessary.
   *
   * @throws RuncibleException NOT_FOUND when there is no such file or it has no layout, UNSUPPORTED
   *     when the layout is of another version, CORRUPT_DATA or INVALID_INPUT when the archive or
   *     its index cannot be used, PERMISSION_DENIED or UNAVAILABLE when reading fails, CANCELLED on
   *     interrupt
   */
  public static OciArchive open(Path file) {
    return new OciArchive(ArchiveFile.open(file, ArchiveLimits.DEFAULT));
  }

  /**
   * Reads an archive to the end of a stream, at most {@link ArchiveLimits#DEFAULT} of it.
   *
   * @param content not closed
   * @throws RuncibleException as {@link #open(Path)}
   */
  public static OciArchive open(InputStream content) {
    return new OciArchive(ArchiveFile.open("the stream", content, ArchiveLimits.DEFAULT));
  }

  /**
   * A sink that writes an archive, in which images have their full reference for a name. {@link
   * ImageSink#commit} makes the file and replaces one that is there, at once and durably; equal
   * images give equal bytes. Until then, blobs are kept in a hidden directory beside the file,
   * which closing removes.
   *
   * @throws RuncibleException NOT_FOUND when there is no directory for it, INVALID_INPUT when
   *     something else than a file is there, PERMISSION_DENIED or UNAVAILABLE when writing fails
   */
  public static ImageSink create(Path file) {
    return new OciArchiveSink(file, null);
  }

  /**
   * The same, with another name for what is put under a tag.
   *
   * @param name the name of the image; empty for an image without a name
   */
  public static ImageSink create(Path file, String name) {
    return new OciArchiveSink(file, name);
  }

  /** The index: an entry for each image. */
  public ImageIndex index() {
    return reader.index();
  }

  /**
   * Finds an image as the transport names of skopeo do, in the way of {@link ImageLayout#select}.
   *
   * @throws RuncibleException NOT_FOUND when there is no such image, INVALID_INPUT when there are
   *     several; both name the images that there are
   */
  public Descriptor select(String selector) {
    return reader.select(selector);
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    return reader.resolve(reference);
  }

  /** Lists the tags of the repository, and those names that are a tag alone. */
  @Override
  public List<String> tags(ImageReference repository) {
    return reader.tags(repository);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    return reader.manifest(reference, descriptor);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    return reader.blob(reference, descriptor);
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return reader.blobSize(reference, digest);
  }

  /** Removes the temporary file, if there is one. */
  @Override
  public void close() {
    archive.close();
  }
}
