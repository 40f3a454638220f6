package io.runcible.layout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * One image in a directory of plain files, as {@code skopeo copy … dir:} writes it (version 1.1;
 * 1.0 is read, too): {@code manifest.json}, the manifests that this names when it is an index, and
 * blobs by their digest. The image has no name: whatever tag is asked for, the answer is this
 * image.
 *
 * <p>As a sink, what is put under a tag becomes the image, and takes the place of the one before,
 * whose files and signatures are removed. What is put under a digest alone belongs to the image
 * that will be put after it. Signatures, {@code signature-1} and so on, are neither served nor
 * written, but left in place as long as the manifest stays the same.
 *
 * <p>Files are written and mistrusted as in an {@link ImageLayout}. Thread-safe; nothing is held
 * open between calls.
 */
public final class ImageDirectory implements ImageSource, ImageSink {
  private static final String VERSION_FILE = "version";
  private static final String VERSION = "Directory Transport Version: 1.";
  private static final byte[] CURRENT = (VERSION + "1\n").getBytes(US_ASCII);
  private static final int MAX_VERSION_SIZE = 4096;
  private static final String MANIFEST_FILE = "manifest.json";

  private final Path root;
  private final LayoutDirectory content;
  private final LayoutLock lock;

  private ImageDirectory(Path root) {
    this.root = root;
    this.content = new LayoutDirectory(root);
    this.lock = new LayoutLock(root);
  }

  /**
   * Opens a directory that exists, for reading and writing.
   *
   * @throws RuncibleException NOT_FOUND when the directory has neither a file {@code version} nor
   *     one {@code manifest.json}, UNSUPPORTED when it is of another version
   */
  public static ImageDirectory open(Path directory) {
    try {
      ImageDirectory opened = new ImageDirectory(directory.toRealPath());
      opened.checkVersion();
      return opened;
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, directory + " is not the directory of an image, or not there", e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot open the image directory " + directory, e);
    }
  }

  private void checkVersion() throws IOException {
    String version;
    try {
      version = new String(content.read(VERSION_FILE, MAX_VERSION_SIZE), US_ASCII);
    } catch (NoSuchFileException e) {
      content.size(MANIFEST_FILE); // The first releases of skopeo wrote no version.
      return;
    }
    if (!version.startsWith(VERSION)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the image directory " + root + " is of a version that is not known here");
    }
  }

  /**
   * Makes a new or empty directory one for an image; one that is already is opened, and keeps its
   * image until another is put.
   *
   * @throws RuncibleException FAILED_PRECONDITION when the directory has other files, and as {@link
   *     #open}
   */
  public static ImageDirectory create(Path directory) {
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
      ImageDirectory made = new ImageDirectory(directory.toRealPath());
      made.lock.locked(made::initialise);
      return open(directory);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot create the image directory " + directory, e);
    }
  }

  private Path initialise() throws IOException {
    if (Files.exists(root.resolve(VERSION_FILE), LinkOption.NOFOLLOW_LINKS)) {
      return root;
    }
    try (Stream<Path> files = Files.list(root)) {
      if (files.anyMatch(file -> !file.getFileName().toString().startsWith(".runcible-"))) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            root + " is not empty and not the directory of an image; choose another directory");
      }
    }
    PartialFile.sweep(root);
    replace(VERSION_FILE, CURRENT);
    return root;
  }

  private void replace(String name, byte[] bytes) throws IOException {
    try (PartialFile file = PartialFile.create(root)) {
      file.write(new ByteArrayInputStream(bytes));
      file.moveTo(root.resolve(name));
    }
  }

  /** The directory, without links in its path. */
  public Path directory() {
    return root;
  }

  /** {@inheritDoc} Any tag is the image. */
  @Override
  public Descriptor resolve(ImageReference reference) {
    try {
      byte[] raw = manifest(reference);
      return reference
          .digest()
          .map(digest -> described(digest, raw))
          .orElseGet(() -> Descriptor.ofDocument(raw));
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the image directory " + root + " has no image " + reference, e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + reference + " in " + root, e);
    }
  }

  private static Descriptor described(Digest digest, byte[] raw) {
    Descriptor descriptor =
        Descriptor.of(Descriptor.ofDocument(raw).mediaType(), digest, raw.length);
    descriptor.verify(raw);
    return descriptor;
  }

  private byte[] manifest(ImageReference reference) throws IOException {
    return reference.digest().isPresent()
        ? manifest(reference.digest().get())
        : content.read(MANIFEST_FILE, Manifest.MAX_SIZE);
  }

  /** The manifest of a digest: that of the image, or of one that it names. */
  private byte[] manifest(Digest digest) throws IOException {
    try {
      byte[] raw = content.read(MANIFEST_FILE, Manifest.MAX_SIZE);
      if (digest.hasher().update(raw, 0, raw.length).finish().equals(digest)) {
        return raw;
      }
    } catch (NoSuchFileException e) {
      // Parts can be there before the whole.
    }
    return content.read(DirectoryNames.manifest(digest), Manifest.MAX_SIZE);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    try {
      byte[] raw = manifest(descriptor.digest());
      descriptor.verify(raw);
      return raw;
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    try {
      return content.open(blobName(descriptor.digest()));
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  /** In version 1.0, layers have the suffix of an archive. */
  private String blobName(Digest digest) {
    String name = DirectoryNames.blob(digest);
    String old = name + ".tar";
    boolean isOld = !Files.exists(root.resolve(name)) && Files.exists(root.resolve(old));
    return isOld ? old : name;
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    try {
      return content.size(blobName(digest));
    } catch (IOException e) {
      throw failure("find", reference, digest, e);
    }
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    Path file = root.resolve(DirectoryNames.blob(descriptor.digest()));
    try {
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          && Files.size(file) == descriptor.size();
    } catch (IOException e) {
      throw failure("find", reference, descriptor.digest(), e);
    }
  }

  /** Stores a blob. One that is there already is replaced, which heals it if it was damaged. */
  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream bytes) {
    put(reference, descriptor, bytes, DirectoryNames.blob(descriptor.digest()));
  }

  private void put(
      ImageReference reference, Descriptor descriptor, InputStream bytes, String name) {
    try (PartialFile file = lock.locked(() -> PartialFile.create(root))) {
      file.write(new VerifiedInputStream(bytes, descriptor.digest(), descriptor.size()));
      file.moveTo(root.resolve(name));
    } catch (IOException e) {
      throw failure("store", reference, descriptor.digest(), e);
    }
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    InputStream bytes = new ByteArrayInputStream(raw);
    if (reference.tag().isEmpty()) {
      put(reference, descriptor, bytes, DirectoryNames.manifest(descriptor.digest()));
      return;
    }
    descriptor.verify(raw);
    Descriptor.ofDocument(raw); // Refuses here what no reader would take.
    try {
      lock.locked(() -> change(raw));
    } catch (IOException e) {
      throw failure("store", reference, descriptor.digest(), e);
    }
  }

  private Path change(byte[] raw) throws IOException {
    PartialFile.sweep(root);
    boolean same;
    try {
      same =
          Digest.sha256(content.read(MANIFEST_FILE, Manifest.MAX_SIZE)).equals(Digest.sha256(raw));
    } catch (NoSuchFileException e) {
      same = false;
    }
    if (!same) {
      // Before the manifest, lest they seem to be its signatures.
      DirectoryNames.removeSignatures(root);
    }
    replace(VERSION_FILE, CURRENT);
    replace(MANIFEST_FILE, raw);
    DirectoryNames.removeOthers(content, raw);
    return root;
  }

  private RuncibleException failure(
      String verb, ImageReference reference, Digest digest, IOException e) {
    return LayoutFiles.failure(
        "cannot " + verb + " " + digest + " of " + reference + " in the image directory " + root,
        e);
  }

  /** Does nothing: nothing is held open. */
  @Override
  public void close() {}
}
