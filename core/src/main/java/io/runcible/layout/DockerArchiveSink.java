package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Decompression;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps layers, uncompressed, and configurations until they make an archive. */
final class DockerArchiveSink implements ImageSink {
  private final Path file;
  private final StagedFiles staged;

  /** What has been put, by its own digest. */
  private final Map<Digest, Blob> blobs = new ConcurrentHashMap<>();

  /** The images by the digest of their configuration. */
  private final Map<String, Image> images = new TreeMap<>();

  /**
   * Content as it is kept.
   *
   * @param size of what was put
   * @param content the digest of what that decompresses to
   */
  private record Blob(long size, Digest content) {}

  private record Image(List<Digest> diffIds, TreeSet<String> tags) {}

  DockerArchiveSink(Path file) {
    this(file, StagedFiles.beside(file));
  }

  private DockerArchiveSink(Path file, StagedFiles staged) {
    this.file = file;
    this.staged = staged;
  }

  /** One that does not make a file, but is written with {@link #writeTo}. */
  static DockerArchiveSink streaming(String what) {
    return new DockerArchiveSink(Path.of(what), StagedFiles.temporary(what));
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    Blob blob = blobs.get(descriptor.digest());
    return blob != null && blob.size() == descriptor.size();
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    boolean layer = MediaType.isLayer(descriptor.mediaType());
    if (!layer && descriptor.size() > ImageConfig.MAX_SIZE) {
      throw refused(
          ErrorKind.INVALID_INPUT,
          reference,
          descriptor.digest() + " is no layer and has " + descriptor.size() + " bytes");
    }
    InputStream verified =
        new VerifiedInputStream(new Unclosed(content), descriptor.digest(), descriptor.size());
    String what = "cannot store " + descriptor.digest() + " of " + reference + " for " + file;
    try (Hashing plain = new Hashing(layer ? Decompression.open(verified) : verified);
        StagedFiles.Unnamed blob = staged.create()) {
      blob.write(plain);
      // A codec may end before its input does, which is verified at its end.
      verified.transferTo(OutputStream.nullOutputStream());
      Digest digest = plain.hasher.finish();
      blob.name(digest.hex());
      blobs.put(descriptor.digest(), new Blob(descriptor.size(), digest));
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), what + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw LayoutFiles.failure(what, e);
    }
  }

  /** Hashes what is read, and holds it within the limit of an archive. */
  private static final class Hashing extends FilterInputStream {
    private final Digest.Hasher hasher = Digest.sha256Hasher();
    private long count;

    Hashing(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int done = in.read(bytes, offset, length);
      if (done > 0) {
        hasher.update(bytes, offset, done);
        count += done;
      }
      if (count > ArchiveLimits.DEFAULT.maxTotalBytes()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "a layer has more than " + ArchiveLimits.DEFAULT.maxTotalBytes() + " bytes");
      }
      return done;
    }
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    descriptor.verify(raw);
    if (MediaType.isIndex(descriptor.mediaType())) {
      throw refused(
          ErrorKind.UNSUPPORTED, reference, "it is an index; copy the image of one platform");
    }
    Manifest manifest = Manifest.parse(raw, descriptor.mediaType());
    if (!MediaType.isConfig(manifest.config().mediaType())) {
      throw refused(
          ErrorKind.UNSUPPORTED,
          reference,
          "it is not an image but an artifact: its configuration is "
              + manifest.config().mediaType());
    }
    Digest config = blob(reference, manifest.config()).content();
    List<Digest> diffIds = diffIds(reference, config);
    checkLayers(reference, manifest, diffIds);
    add(config, diffIds, reference);
  }

  private Blob blob(ImageReference reference, Descriptor descriptor) {
    Blob blob = blobs.get(descriptor.digest());
    if (blob == null) {
      throw refused(
          ErrorKind.FAILED_PRECONDITION,
          reference,
          descriptor.digest() + ", which its manifest names, was not put before it");
    }
    return blob;
  }

  private List<Digest> diffIds(ImageReference reference, Digest config) {
    try (InputStream in = staged.open(config.hex())) {
      return ImageConfig.parse(in.readAllBytes()).diffIds();
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read the configuration of " + reference, e);
    }
  }

  private void checkLayers(ImageReference reference, Manifest manifest, List<Digest> diffIds) {
    List<Digest> actual = new ArrayList<>();
    for (Descriptor layer : manifest.layers()) {
      actual.add(blob(reference, layer).content());
    }
    if (!actual.equals(diffIds)) {
      throw refused(
          ErrorKind.CORRUPT_DATA,
          reference,
          "its configuration states the layers " + diffIds + ", but they are " + actual);
    }
  }

  private synchronized void add(Digest config, List<Digest> diffIds, ImageReference reference) {
    Image image = images.computeIfAbsent(config.hex(), c -> new Image(diffIds, new TreeSet<>()));
    if (reference.tag().isPresent()) {
      String name = ImageEntries.fullName(reference);
      images.values().forEach(other -> other.tags().remove(name));
      image.tags().add(name);
    }
  }

  private RuncibleException refused(ErrorKind kind, ImageReference reference, String reason) {
    return new RuncibleException(
        kind, "cannot put " + reference + " into an archive of Docker: " + reason);
  }

  @Override
  public void commit() {
    try {
      staged.archive(file, this::fill);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot write the archive " + file, e);
    }
  }

  void writeTo(OutputStream out) throws IOException {
    staged.write(out, this::fill);
  }

  /** What says what is in the archive comes first, for those who read no further. */
  private void fill(StagedFiles.Tar tar) throws IOException {
    List<DockerImages.Item> items = items();
    tar.add(DockerImages.FILE, DockerImages.write(items));
    for (DockerImages.Item item : items) {
      tar.addStaged(item.config(), hex(item.config()));
    }
    for (String layer :
        items.stream().flatMap(item -> item.layers().stream()).sorted().distinct().toList()) {
      tar.addStaged(layer, hex(layer));
    }
  }

  private static String hex(String name) {
    return name.substring(0, name.indexOf('.'));
  }

  private synchronized List<DockerImages.Item> items() {
    List<DockerImages.Item> items = new ArrayList<>();
    images.forEach(
        (config, image) ->
            items.add(
                new DockerImages.Item(
                    config + ".json",
                    List.copyOf(image.tags()),
                    image.diffIds().stream().map(diffId -> diffId.hex() + ".tar").toList())));
    return items;
  }

  @Override
  public void close() {
    staged.close();
  }
}
