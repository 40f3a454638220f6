package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import io.runcible.state.LockFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directory that holds blobs, images and snapshots. Thread-safe, and safe to be opened by any
 * number of processes at once.
 */
public final class LocalStore implements ImageSource {
  private static final String BLOBS = "blobs";
  private static final String SNAPSHOTS = "snapshots";

  private final Path root;
  private final List<Path> additional;
  private final StoreLock lock;
  private final Leases leases;
  private final ContentStore content;
  private final ImageStore images;
  private final Referrers referrers;

  private LocalStore(Path root, List<Path> additional) {
    this.root = root;
    this.additional = additional;
    this.lock = new StoreLock(root.resolve("locks"));
    this.leases = new Leases(lock, root.resolve("leases"));
    this.content = new ContentStore(root, additional);
    this.images = new ImageStore(lock, root, additional);
    this.referrers = new Referrers(content, root.resolve("referrers"));
  }

  /** As {@link #open(Path, List)} without additional stores. */
  public static LocalStore open(Path root) {
    return open(root, List.of());
  }

  /**
   * Opens the store, making its directories where they are missing, for the owner alone; removes
   * what killed processes left of leases and, as far as no later ingest can go on from it, of
   * blobs. What they left of names goes with a clean-up: names are many, and are not looked at.
   *
   * @param additional directories of other stores, in which names, blobs and layers are looked for
   *     when this one does not have them. Nothing is ever written there, not even a lock, so they
   *     may lie on a read-only file system; whoever looks after one must not prune it while it is
   *     in use here
   * @throws RuncibleException PERMISSION_DENIED if this user may not write to the store, NOT_FOUND
   *     if an additional one is not there
   */
  public static LocalStore open(Path root, List<Path> additional) {
    Path absolute = root.toAbsolutePath().normalize();
    List<Path> others = new ArrayList<>();
    for (Path other : additional) {
      Path normal = other.toAbsolutePath().normalize();
      requireStore(normal);
      others.add(normal);
    }
    makeDirectories(absolute);
    LocalStore store = new LocalStore(absolute, List.copyOf(others));
    store.content.removeAbandoned();
    Optional<LockFile> alone = store.lock.tryExclusive();
    if (alone.isPresent()) {
      LockFile held = alone.get();
      try (held) {
        store.leases.kept();
      }
    }
    return store;
  }

  private static void requireStore(Path other) {
    if (!Files.isDirectory(other.resolve(BLOBS))) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the additional store '" + other + "' is not there");
    }
  }

  private static void makeDirectories(Path root) {
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      for (String name :
          List.of(
              "blobs/sha256", "blobs/sha512", "ingest", "locks", "images", "leases", "referrers")) {
        Files.createDirectories(root.resolve(name));
      }
    } catch (AccessDeniedException e) {
      throw notWritable(root, e);
    } catch (FileAlreadyExistsException e) {
      throw notPossible(root, "'" + e.getFile() + "' is no directory", e);
    } catch (IOException e) {
      throw notPossible(root, e.toString(), e);
    }
    if (!Files.isWritable(root.resolve("ingest"))) {
      throw notWritable(root, null);
    }
  }

  private static RuncibleException notPossible(Path root, String reason, IOException cause) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot make the store '" + root + "': " + reason + "; choose another directory",
        cause);
  }

  private static RuncibleException notWritable(Path root, @Nullable IOException cause) {
    return new RuncibleException(
        ErrorKind.PERMISSION_DENIED,
        "user '"
            + System.getProperty("user.name")
            + "' may not write to the store '"
            + root
            + "'; choose another directory for the store, or give this user the right to write",
        cause);
  }

  /** The directory. */
  public Path root() {
    return root;
  }

  /** The blobs. */
  public ContentStore content() {
    return content;
  }

  /** The names. */
  public ImageStore images() {
    return images;
  }

  /** The directories of the stores that are looked into, too; unmodifiable. */
  public List<Path> additional() {
    return additional;
  }

  /**
   * A lease that keeps nothing yet, see {@link Lease#keep}. Whoever fetches, unpacks or reads
   * content holds one, and says what before looking whether it is there. Others go on, and so does
   * a clean-up, which spares that content.
   */
  public Lease lease() {
    return leases.open();
  }

  /**
   * Begins a clean-up: what is used stands still until it is closed, which should be soon.
   *
   * @param limit how long to wait for those who are just saying what they use
   * @throws RuncibleException TIMEOUT, CANCELLED; CORRUPT_DATA if the record of a name is damaged,
   *     so that nobody knows what it keeps
   */
  public Sweep sweep(Duration limit) {
    LockFile held = lock.exclusive(limit);
    try {
      return new Sweep(this, held, leases);
    } catch (RuntimeException e) {
      held.close();
      throw e;
    }
  }

  /**
   * Points a name at a manifest or an index that is in the store with all that it names, durably.
   * Of an index, manifests may be missing. The caller keeps the content by a lease, and has made it
   * durable, see {@link #sync}; the names of blobs and layers are made so here.
   *
   * @param unpacked whether the layers are unpacked, too
   * @return whether the name is new or stands for something else now
   * @throws RuncibleException FAILED_PRECONDITION if a blob is missing, and as {@link
   *     ContentStore#read}
   */
  public boolean record(ImageReference reference, Descriptor manifest, boolean unpacked) {
    ReachableContent reachable = ReachableContent.of(content, manifest);
    syncNames();
    return images.put(
        new ImageRecord(
            reference,
            manifest,
            Instant.now(),
            false,
            reachable.blobs(),
            reachable.layers(),
            unpacked));
  }

  /**
   * Gives an image another name, durably. The old one stays.
   *
   * @return whether the new name is new or stood for something else
   * @throws RuncibleException NOT_FOUND if there is no image of the old name
   */
  public boolean tag(ImageReference source, ImageReference target) {
    try (Lease lease = lease()) {
      ImageRecord old = named(source);
      lease.keep(old.blobs());
      lease.keep(old.layers());
      // Still so, and therefore there, now that the lease keeps it.
      ImageRecord still = named(source);
      if (!still.isLike(old)) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, source + " has just changed; try again");
      }
      return images.put(still.named(target));
    }
  }

  /**
   * What a reference names, kept by a lease with all that belongs to it; as {@link #resolve}
   * otherwise.
   */
  Descriptor resolve(ImageReference reference, Lease lease) {
    Descriptor found = resolve(reference);
    while (true) {
      lease.keep(reachable(reference, found));
      // Still so, and therefore there, now that the lease keeps it.
      Descriptor still = resolve(reference);
      if (still.equals(found)) {
        return found;
      }
      found = still;
    }
  }

  private Set<Digest> reachable(ImageReference reference, Descriptor manifest) {
    Optional<ImageRecord> named =
        images.find(reference).filter(record -> record.manifest().equals(manifest));
    if (named.isPresent()) {
      return named.get().blobs();
    }
    try {
      return ReachableContent.of(content, manifest).blobs();
    } catch (RuncibleException e) {
      // What is not whole can be looked at, too.
      return Set.of(manifest.digest());
    }
  }

  private ImageRecord named(ImageReference reference) {
    return images.find(reference).orElseThrow(() -> missing(reference));
  }

  private RuncibleException missing(ImageReference reference) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, reference + " is not in the store '" + root + "'");
  }

  /**
   * A place to copy images to. What it has been asked for or given stays in the store until it is
   * closed, and longer if a name reaches it by then: a manifest that was put under a digest alone
   * and is part of no tagged index goes with the next clean-up.
   *
   * <p>A store knows nothing of the host's policy and asks no verifier: whoever lets others put
   * images here that an engine then runs takes the sink of that engine.
   */
  public ImageSink sink() {
    return new StoreSink(this, lease());
  }

  /**
   * The images of the store for one who copies or looks at them: what was asked for stays in the
   * store until it is closed, whatever happens to its names.
   *
   * @return the caller closes it
   */
  public ImageSource source() {
    return new StoreSource(this, lease());
  }

  /** Makes durable that blobs and layers have the names that they have. */
  private void syncNames() {
    content.sync();
    if (Files.isDirectory(root.resolve(SNAPSHOTS))) {
      StoreFiles.sync(root.resolve(SNAPSHOTS));
    }
  }

  /** Waits until all that was written to the store is durable. */
  public void sync() {
    try (FileDescriptor directory = FileCalls.openDirectory(root)) {
      FileContent.syncFileSystem(directory);
    }
  }

  /** An image in the store; its reference is pinned to the manifest that the name stands for. */
  public Optional<Image> image(ImageReference reference, Platform platform) {
    return images.find(reference).map(record -> image(reference, record.manifest(), platform));
  }

  /**
   * An image whose manifest is in the store, whatever its name stands for by now.
   *
   * @throws RuncibleException NOT_FOUND if it is not there
   */
  public Image image(ImageReference reference, Descriptor manifest, Platform platform) {
    return Image.resolve(
        new Pinned(this, manifest), reference.withDigest(manifest.digest()), platform);
  }

  /** The store, with the answer to the one name that is asked for. */
  private record Pinned(LocalStore store, Descriptor manifest) implements ImageSource {
    @Override
    public Descriptor resolve(ImageReference reference) {
      return manifest;
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      return store.manifest(reference, descriptor);
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      return store.blob(reference, descriptor);
    }

    @Override
    public void close() {}
  }

  /**
   * A remote source, of which the manifests and configurations that are in this store are not asked
   * for again, but for those that are damaged here.
   *
   * @param remote not closed
   */
  public ImageSource before(ImageSource remote) {
    return new StoredFirst(this, remote);
  }

  private record StoredFirst(LocalStore store, ImageSource remote) implements ImageSource {
    @Override
    public Descriptor resolve(ImageReference reference) {
      return remote.resolve(reference);
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      return stored(descriptor).orElseGet(() -> remote.manifest(reference, descriptor));
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      if (MediaType.isConfig(descriptor.mediaType())) {
        Optional<byte[]> stored = stored(descriptor);
        if (stored.isPresent()) {
          return new ByteArrayInputStream(stored.get());
        }
      }
      return remote.blob(reference, descriptor);
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor, long from) {
      return MediaType.isConfig(descriptor.mediaType())
          ? ImageSource.super.blob(reference, descriptor, from)
          : remote.blob(reference, descriptor, from);
    }

    private Optional<byte[]> stored(Descriptor descriptor) {
      if (!store.content.contains(descriptor.digest())) {
        return Optional.empty();
      }
      try {
        byte[] raw = store.content.read(descriptor, Manifest.MAX_SIZE);
        descriptor.verify(raw);
        return Optional.of(raw);
      } catch (RuncibleException e) {
        return Optional.empty();
      }
    }

    @Override
    public void close() {}
  }

  /** A name as it was recorded; one with a digest also where only the manifest is there. */
  @Override
  public Descriptor resolve(ImageReference reference) {
    Optional<ImageRecord> named = images.find(reference);
    if (named.isPresent()) {
      return named.get().manifest();
    }
    return reference
        .digest()
        .flatMap(digest -> content.document(digest).map(raw -> described(digest, raw)))
        .orElseThrow(() -> missing(reference));
  }

  private static Descriptor described(Digest digest, byte[] raw) {
    return Descriptor.of(Descriptor.ofDocument(raw).mediaType(), digest, raw.length);
  }

  /** The same for every repository of the store, whichever the referrers were copied to. */
  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    return referrers.of(subject);
  }

  /** Remembers the subject of a manifest or an index that is in the store, if it has one. */
  void recordSubject(Descriptor manifest, byte[] raw) {
    lock.whileShared(
        () -> {
          referrers.add(manifest, raw);
          return true;
        });
  }

  void keepReferrers(Set<Digest> used) {
    referrers.keep(used);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    return content.read(descriptor, Manifest.MAX_SIZE);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    return content.open(descriptor.digest());
  }

  @Override
  public List<String> tags(ImageReference repository) {
    List<String> tags = images.tags(repository);
    if (tags.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, repository.name() + " has no tag in the store '" + root + "'");
    }
    return tags;
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return content.size(digest);
  }

  /** Holds nothing; what others opened stays open. */
  @Override
  public void close() {}
}
