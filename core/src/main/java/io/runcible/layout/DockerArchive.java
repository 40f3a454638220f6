package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An archive of images as {@code docker save} and {@code podman save} write it, of any version of
 * theirs. The archive may be compressed with gzip or zstd, and be read from a file or a stream; it
 * is handled, and mistrusted, like an {@link OciArchive}.
 *
 * <p>Such an archive has no manifests. Here an image gets an OCI manifest that is put together from
 * what is there, always the same for the same archive: the layers are served as they are stored,
 * which is nearly always uncompressed, and of the media type that says so. (skopeo states the same
 * layers with Docker's media type for gzip, and so has another digest for the manifest. Those of
 * configuration and layers are equal.) The digest of an uncompressed layer is the diffId that the
 * configuration states, and is verified by who reads the layer.
 *
 * <p>Thread-safe.
 */
public final class DockerArchive implements ImageSource {
  private final ArchiveFile archive;
  private final List<DockerImages.Item> items;
  private final ImageEntries entries;
  private final Map<Integer, DockerImage> images = new ConcurrentHashMap<>();

  private DockerArchive(ArchiveFile archive) {
    this.archive = archive;
    try {
      this.items = items(archive);
    } catch (RuntimeException e) {
      archive.close();
      throw e;
    }
    List<ImageEntries.Entry> all = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      int number = i;
      all.add(new ImageEntries.Entry(items.get(i).tags(), () -> descriptor(number)));
    }
    this.entries = new ImageEntries(all, archive.toString());
  }

  private static List<DockerImages.Item> items(ArchiveFile archive) {
    String where = archive.where(DockerImages.FILE);
    try {
      return DockerImages.parse(archive.read(DockerImages.FILE, Manifest.MAX_SIZE), where);
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          archive + " is not one of Docker: it has no " + DockerImages.FILE,
          e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + where, e);
    }
  }

  /**
   * Opens an archive; blocks while its headers are read, or all of it where it is compressed or a
   * pipe.
   *
   * @throws RuncibleException NOT_FOUND when there is no such file or it is no archive of Docker,
   *     CORRUPT_DATA or INVALID_INPUT when the archive cannot be used, PERMISSION_DENIED or
   *     UNAVAILABLE when reading fails, CANCELLED on interrupt
   */
  public static DockerArchive open(Path file) {
    return new DockerArchive(ArchiveFile.open(file, ArchiveLimits.DEFAULT));
  }

  /**
   * Reads an archive to the end of a stream, at most {@link ArchiveLimits#DEFAULT} of it.
   *
   * @param content not closed
   * @throws RuncibleException as {@link #open(Path)}
   */
  public static DockerArchive open(InputStream content) {
    return open("the stream", content, ArchiveLimits.DEFAULT);
  }

  static DockerArchive open(String shown, InputStream content, ArchiveLimits limits) {
    return new DockerArchive(ArchiveFile.open(shown, content, limits));
  }

  /**
   * A sink that writes an archive of any number of images, each of one platform, which {@code
   * docker load}, {@code podman load} and skopeo read. {@link ImageSink#commit} makes the file and
   * replaces one that is there, at once and durably; equal images give equal bytes. Until then,
   * layers are kept in a hidden directory beside the file, which closing removes.
   *
   * <p>Layers are stored uncompressed, whatever comes; the diffIds of the configuration are
   * verified. Manifests are not stored: their annotations, and as a rule their digests, are lost.
   * An index and what is not an image are UNSUPPORTED. An image that is put under a digest alone
   * has no name.
   *
   * @throws RuncibleException NOT_FOUND when there is no directory for it, INVALID_INPUT when
   *     something else than a file is there, PERMISSION_DENIED or UNAVAILABLE when writing fails
   */
  public static ImageSink create(Path file) {
    return new DockerArchiveSink(file);
  }

  private DockerImage image(int number) {
    DockerImage known = images.get(number);
    if (known != null) {
      return known;
    }
    DockerImage read = DockerImage.of(archive, items.get(number));
    images.put(number, read);
    return read;
  }

  private Descriptor descriptor(int number) {
    Descriptor descriptor = image(number).manifest().descriptor();
    List<String> names = items.get(number).tags();
    return names.isEmpty()
        ? descriptor
        : descriptor.withAnnotations(Map.of(LayoutIndex.NAME, names.get(0)));
  }

  /** The names of the images, in the order of the archive; an image can have none or several. */
  public List<List<String>> names() {
    return items.stream().map(DockerImages.Item::tags).toList();
  }

  /**
   * Finds an image as the transport names of skopeo do, in the way of {@link ImageLayout#select}.
   *
   * @throws RuncibleException NOT_FOUND when there is no such image, INVALID_INPUT when there are
   *     several; both name the images that there are; CORRUPT_DATA when parts of it are missing or
   *     contradict each other
   */
  public Descriptor select(String selector) {
    return entries.select(selector);
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    if (reference.digest().isEmpty()) {
      return entries.tagged(reference);
    }
    Digest digest = reference.digest().get();
    return manifest(digest)
        .map(Manifest::descriptor)
        .orElseThrow(
            () ->
                new RuncibleException(ErrorKind.NOT_FOUND, archive + " has no image " + reference));
  }

  /** Looks among the images that are known first, so that a damaged one does not stand before. */
  private Optional<Manifest> manifest(Digest digest) {
    return images.values().stream()
        .map(DockerImage::manifest)
        .filter(manifest -> manifest.digest().equals(digest))
        .findFirst()
        .or(() -> entries.of(digest).flatMap(found -> manifest(found.digest())));
  }

  @Override
  public List<String> tags(ImageReference repository) {
    return entries.tags(repository);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    byte[] raw =
        manifest(descriptor.digest())
            .orElseThrow(() -> missing(reference, descriptor.digest()))
            .raw();
    descriptor.verify(raw);
    return raw;
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    try {
      return archive.open(file(reference, descriptor.digest()));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + descriptor.digest() + " in " + archive, e);
    }
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    try {
      return archive.size(file(reference, digest));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot find " + digest + " in " + archive, e);
    }
  }

  private String file(ImageReference reference, Digest digest) {
    return known(digest)
        .or(
            () -> {
              for (int i = 0; i < items.size(); i++) {
                image(i);
              }
              return known(digest);
            })
        .orElseThrow(() -> missing(reference, digest));
  }

  private Optional<String> known(Digest digest) {
    return images.values().stream()
        .flatMap(image -> Optional.ofNullable(image.files().get(digest)).stream())
        .findFirst();
  }

  private RuncibleException missing(ImageReference reference, Digest digest) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, archive + " has no content " + digest + " of " + reference);
  }

  /** Removes the temporary file, if there is one. */
  @Override
  public void close() {
    archive.close();
  }
}
