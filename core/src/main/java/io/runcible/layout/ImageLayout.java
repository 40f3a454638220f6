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
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
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
  private static final int MAX_VERSION_SIZE = 4096;
  private static final int MAX_NAMES_SHOWN = 20;
  private static final String VERSION_FILE = "oci-layout";

  private final Path root;
  private final LayoutLock lock;
  private final IndexFile index;
  private final LayoutReferences references = new LayoutReferences(this::file);
  private final LayoutRemoval removal;
  private final AtomicBoolean swept = new AtomicBoolean();

  private ImageLayout(Path root) {
    this.root = root;
    this.lock = new LayoutLock(root);
    this.index = new IndexFile(root);
    this.removal = new LayoutRemoval(root, index, references);
  }

  /**
   * Opens a layout that exists, for reading and writing.
   *
   * @throws RuncibleException NOT_FOUND when the directory is not a layout, UNSUPPORTED when it is
   *     one of another version, INVALID_INPUT when its index cannot be read
   */
  public static ImageLayout open(Path directory) {
    try {
      Path root = directory.toRealPath();
      LayoutVersion.check(LayoutFiles.read(root.resolve(VERSION_FILE), MAX_VERSION_SIZE), root);
      ImageLayout layout = new ImageLayout(root);
      layout.index();
      return layout;
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          directory + " is not an OCI image layout: there is no " + e.getMessage(),
          e);
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
    Path version = root.resolve(VERSION_FILE);
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
    PartialFile.replace(
        root, root.resolve(IndexFile.NAME), ImageIndex.of(List.of(), Map.of()).raw());
    PartialFile.replace(root, version, LayoutVersion.CURRENT);
    return version;
  }

  /** Whether a file may be there before the directory is a layout, after a kill for example. */
  private static boolean isOurs(String name) {
    return name.startsWith(".runcible-") || name.equals("blobs") || name.equals(IndexFile.NAME);
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
    return index.read();
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    List<Descriptor> entries = index().manifests();
    if (reference.digest().isPresent()) {
      Digest digest = reference.digest().get();
      return entries.stream()
          .filter(entry -> entry.digest().equals(digest))
          .findFirst()
          .orElseGet(() -> document(reference, digest));
    }
    String tag = reference.tag().orElseThrow();
    return named(reference, entries, fullName(reference, tag))
        .or(() -> named(reference, entries, tag))
        .orElseThrow(() -> noSuchImage(reference, entries));
  }

  /** A manifest that is not in the index itself, but for instance in an index that is. */
  private Descriptor document(ImageReference reference, Digest digest) {
    try {
      byte[] raw = LayoutFiles.read(file(digest), Manifest.MAX_SIZE);
      Descriptor descriptor =
          Descriptor.of(Descriptor.ofDocument(raw).mediaType(), digest, raw.length);
      descriptor.verify(raw);
      return descriptor;
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the image layout " + root + " has no image " + reference, e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + reference + " in the image layout " + root, e);
    }
  }

  private Optional<Descriptor> named(
      ImageReference reference, List<Descriptor> entries, String name) {
    List<Descriptor> found = entries.stream().filter(LayoutIndex.isNamed(name)).toList();
    if (found.stream().map(Descriptor::digest).distinct().count() > 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          reference
              + " is ambiguous: the image layout "
              + root
              + " has "
              + found.size()
              + " different images of this name; ask for one by its digest");
    }
    return found.stream().findFirst();
  }

  private RuncibleException noSuchImage(ImageReference reference, List<Descriptor> entries) {
    String names =
        entries.stream()
            .flatMap(entry -> LayoutIndex.name(entry).stream())
            .map(name -> name.replaceAll("\\p{Cntrl}", "?"))
            .limit(MAX_NAMES_SHOWN)
            .collect(Collectors.joining(", "));
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "the image layout "
            + root
            + " has no image "
            + reference
            + (names.isEmpty() ? ", nor any other with a name" : "; it has " + names));
  }

  private static String fullName(ImageReference reference, String tag) {
    return reference.name() + ":" + tag;
  }

  /** Lists the tags of the repository, and those names that are a tag alone. */
  @Override
  public List<String> tags(ImageReference repository) {
    TreeSet<String> tags = new TreeSet<>();
    String prefix = repository.name() + ":";
    for (Descriptor entry : index().manifests()) {
      String name = LayoutIndex.name(entry).orElse("");
      String tag = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
      if (isTag(repository, tag)) {
        tags.add(tag);
      }
    }
    if (tags.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "the image layout " + root + " has no repository " + repository.name());
    }
    return List.copyOf(tags);
  }

  private static boolean isTag(ImageReference repository, String name) {
    try {
      return repository.withTag(name).tag().isPresent();
    } catch (RuncibleException e) {
      return false;
    }
  }

  /** Lists those by whose full names an image is found, not by its tag alone. */
  @Override
  public List<String> repositories(String registry) {
    TreeSet<String> repositories = new TreeSet<>();
    for (Descriptor entry : index().manifests()) {
      LayoutIndex.name(entry)
          .flatMap(LayoutIndex::fullReference)
          .filter(reference -> reference.registry().equals(registry))
          .ifPresent(reference -> repositories.add(reference.repository()));
    }
    return List.copyOf(repositories);
  }

  /** Looks at the entries of the index, whatever their repository. */
  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    return references.referrers(index().manifests(), subject);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    try {
      byte[] raw = LayoutFiles.read(file(descriptor.digest()), Manifest.MAX_SIZE);
      descriptor.verify(raw);
      return raw;
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    try {
      return LayoutFiles.open(file(descriptor.digest()));
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    try {
      BasicFileAttributes attributes = LayoutFiles.attributes(file(digest));
      if (!attributes.isRegularFile()) {
        throw LayoutFiles.irregular(file(digest));
      }
      return attributes.size();
    } catch (IOException e) {
      throw failure("find", reference, digest, e);
    }
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    try {
      BasicFileAttributes attributes = LayoutFiles.attributes(file(descriptor.digest()));
      return attributes.isRegularFile() && attributes.size() == descriptor.size();
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw failure("find", reference, descriptor.digest(), e);
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
      throw failure("store", reference, descriptor.digest(), e);
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
    descriptor.verify(raw);
    List<Descriptor> parts =
        MediaType.isIndex(descriptor.mediaType())
            ? ImageIndex.parse(raw, descriptor.mediaType()).manifests()
            : List.of();
    putBlob(reference, descriptor, new ByteArrayInputStream(raw));
    try {
      lock.locked(() -> index.change(changed -> list(changed, reference, descriptor, parts, raw)));
    } catch (IOException e) {
      throw failure("list", reference, descriptor.digest(), e);
    }
  }

  private void list(
      LayoutIndex changed,
      ImageReference reference,
      Descriptor descriptor,
      List<Descriptor> parts,
      byte[] raw)
      throws IOException {
    if (!Files.exists(file(descriptor.digest()), LinkOption.NOFOLLOW_LINKS)) {
      // Somebody deleted it just now.
      PartialFile.replace(root, file(descriptor.digest()), raw);
    }
    // One with a subject stays, or the subject would not find it any more.
    changed.removeUnnamed(
        changed.listed(parts).stream()
            .filter(part -> references.subject(part).isEmpty())
            .map(part -> part.digest().toString())
            .collect(Collectors.toSet()));
    if (reference.tag().isPresent()) {
      changed.putNamed(descriptor, fullName(reference, reference.tag().get()));
    } else {
      changed.putUnnamed(descriptor);
    }
  }

  /**
   * Deletes a tag, or a manifest with its tags in the repository and those that are a tag alone. As
   * content belongs to no repository in a layout, a manifest that another one has a tag for can
   * still be read.
   */
  @Override
  public void delete(ImageReference reference) {
    try {
      lock.locked(
          () ->
              reference.digest().isPresent()
                  ? removal.removeManifest(
                      reference, resolve(reference).digest(), file(reference.digest().get()))
                  : deleteTag(reference));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot delete " + reference + " from the image layout " + root, e);
    }
  }

  private Path deleteTag(ImageReference reference) throws IOException {
    String tag = reference.tag().orElseThrow();
    if (!removal.removeName(fullName(reference, tag)) && !removal.removeName(tag)) {
      throw noSuchImage(reference, index().manifests());
    }
    return root;
  }

  @Override
  public void deleteBlob(ImageReference repository, Digest digest) {
    try {
      lock.locked(() -> removal.removeBlob(digest, file(digest)));
    } catch (IOException e) {
      throw failure("delete", repository, digest, e);
    }
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

  private RuncibleException failure(
      String verb, ImageReference reference, Digest digest, IOException e) {
    return LayoutFiles.failure(
        "cannot " + verb + " " + digest + " of " + reference + " in the image layout " + root, e);
  }

  /** Does nothing: a layout holds nothing open. */
  @Override
  public void close() {}
}
