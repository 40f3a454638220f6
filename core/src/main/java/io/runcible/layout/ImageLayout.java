package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * A directory of images in the OCI image layout (OCI image specification, "Image Layout"), as a
 * source and a sink.
 *
 * <p>What is in the directory is not trusted: files have bounded size, links and special files are
 * refused, and content is verified as from any source. Writing is durable: a blob or the index is
 * synced under a temporary name and moved into place, so a reader never sees half of it, and the
 * index is changed under a lock that excludes other threads and JVMs. (Other tools do not take that
 * lock; let none of them write at the same time.)
 *
 * <p>Thread-safe. Nothing is held open between calls. File system errors are UNAVAILABLE,
 * PERMISSION_DENIED or, after an interrupt, CANCELLED.
 */
public final class ImageLayout implements ImageSource, ImageSink {
  private final Path root;
  private final LayoutLock lock;
  private final LayoutReader reader;
  private final AtomicBoolean swept = new AtomicBoolean();

  private ImageLayout(Path root) {
    this.root = root;
    this.lock = new LayoutLock(root);
    this.reader = new LayoutReader(new LayoutDirectory(root), "the image layout " + root);
  }

  /**
   * Opens a layout that exists, for reading and writing.
   *
   * @throws RuncibleException NOT_FOUND when the directory is not a layout, UNSUPPORTED when it is
   *     one of another version, INVALID_INPUT when its index cannot be read
   */
  public static ImageLayout open(Path directory) {
    try {
      ImageLayout layout = new ImageLayout(directory.toRealPath());
      layout.reader.check();
      return layout;
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, directory + " is not an OCI image layout: it does not exist", e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot open the image layout " + directory, e);
    }
  }

  /**
   * Makes a layout without images in a new or empty directory; a layout that is there already is
   * opened.
   *
   * @throws RuncibleException FAILED_PRECONDITION when the directory has other files, and as {@link
   *     #open}
   */
  public static ImageLayout create(Path directory) {
    try {
      makeDirectories(directory);
      Path root = directory.toRealPath();
      new LayoutLock(root).locked(() -> initialise(root));
      return open(root);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot create the image layout " + directory, e);
    }
  }

  /** The version file comes last: with it, the directory is a layout. */
  private static Path initialise(Path root) throws IOException {
    Path version = root.resolve(LayoutReader.VERSION_FILE);
    if (Files.exists(version)) {
      return version;
    }
    try (Stream<Path> files = Files.list(root)) {
      if (files.anyMatch(file -> !isOurs(file.getFileName().toString()))) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            root + " is not empty and not an OCI image layout; choose another directory");
      }
    }
    PartialFile.sweep(root);
    makeDirectories(root.resolve("blobs").resolve("sha256"));
    replace(root, root.resolve(LayoutReader.INDEX_FILE), ImageIndex.of(List.of(), Map.of()).raw());
    replace(root, version, LayoutVersion.CURRENT);
    return version;
  }

  /** Whether a file may be there before the directory is a layout, after a kill for example. */
  private static boolean isOurs(String name) {
    return name.startsWith(".runcible-")
        || name.equals("blobs")
        || name.equals(LayoutReader.INDEX_FILE);
  }

  private static void replace(Path root, Path target, byte[] content) throws IOException {
    try (PartialFile file = PartialFile.create(root)) {
      file.write(new ByteArrayInputStream(content));
      file.moveTo(target);
    }
  }

  /** The directory, without links in its path. */
  public Path directory() {
    return root;
  }

  /**
   * The index as it is now: an entry for each image.
   *
   * @throws RuncibleException INVALID_INPUT when it breaks the specification
   */
  public ImageIndex index() {
    return reader.index();
  }

  /**
   * Finds an image as the transport names of skopeo do.
   *
   * @param selector empty for the only image that there is, {@code @0} for the first entry of the
   *     index, {@code @sha256:…} for a digest, otherwise the name of an entry: as it is written
   *     there, or a reference in short form
   * @return the entry of the index, with its annotations
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

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    try {
      BasicFileAttributes attributes = LayoutFiles.attributes(file(descriptor.digest()));
      return attributes.isRegularFile() && attributes.size() == descriptor.size();
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw reader.failure("find", reference, descriptor.digest(), e);
    }
  }

  /** Stores a blob. One that is there already is replaced, which heals it if it was damaged. */
  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    try (PartialFile file = lock.locked(this::partialFile)) {
      file.write(new VerifiedInputStream(content, descriptor.digest(), descriptor.size()));
      makeDirectories(blobs(descriptor.digest()));
      file.moveTo(file(descriptor.digest()));
    } catch (IOException e) {
      throw reader.failure("store", reference, descriptor.digest(), e);
    }
  }

  private PartialFile partialFile() throws IOException {
    if (swept.compareAndSet(false, true)) {
      PartialFile.sweep(root);
    }
    return PartialFile.create(root);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    String name = reference.tag().isPresent() ? ImageEntries.fullName(reference) : "";
    putManifest(reference, descriptor, raw, name);
  }

  private void putManifest(
      ImageReference reference, Descriptor descriptor, byte[] raw, String name) {
    descriptor.verify(raw);
    putBlob(reference, descriptor, new ByteArrayInputStream(raw));
    try {
      lock.locked(() -> changeIndex(descriptor, raw, name));
    } catch (IOException e) {
      throw reader.failure("list", reference, descriptor.digest(), e);
    }
  }

  private Path changeIndex(Descriptor descriptor, byte[] manifest, String name) throws IOException {
    Path file = root.resolve(LayoutReader.INDEX_FILE);
    byte[] changed = LayoutIndex.with(reader.index().raw(), descriptor, name, manifest);
    reader.parseIndex(changed);
    replace(root, file, changed);
    return file;
  }

  /**
   * This layout as a sink that gives images another name than their full reference.
   *
   * @param name the name of every image that is put under a tag; it is taken from the image that
   *     had it; empty for an image without a name
   */
  public ImageSink named(String name) {
    return new NamedSink(this, name);
  }

  private record NamedSink(ImageLayout layout, String name) implements ImageSink {
    @Override
    public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
      return layout.hasBlob(reference, descriptor);
    }

    @Override
    public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
      layout.putBlob(reference, descriptor, content);
    }

    @Override
    public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
      layout.putManifest(reference, descriptor, raw, reference.tag().isPresent() ? name : "");
    }

    @Override
    public void close() {}
  }

  private Path file(Digest digest) {
    return blobs(digest).resolve(digest.hex());
  }

  private Path blobs(Digest digest) {
    return root.resolve("blobs").resolve(digest.algorithm());
  }

  /** Unlike the JDK's method until Java 20, accepts a link to a directory. */
  private static void makeDirectories(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
    }
  }

  /** Does nothing: a layout holds nothing open. */
  @Override
  public void close() {}
}
