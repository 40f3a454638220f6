package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
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
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The directory that holds blobs, images and snapshots. Thread-safe, and safe to be opened by any
 * number of processes at once.
 */
public final class LocalStore implements ImageSource {
  private static final Duration LEASE_LIMIT = Duration.ofMinutes(10);

  private final Path root;
  private final ContentStore content;
  private final ImageStore images;

  private LocalStore(Path root) {
    this.root = root;
    this.content = new ContentStore(root);
    this.images = new ImageStore(root.resolve("images"));
  }

  /**
   * Opens the store, making its directories where they are missing, for the owner alone.
   *
   * @throws RuncibleException PERMISSION_DENIED if this user may not write there
   */
  public static LocalStore open(Path root) {
    Path absolute = root.toAbsolutePath().normalize();
    try {
      Files.createDirectories(
          absolute,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      for (String name :
          new String[] {"blobs/sha256", "blobs/sha512", "ingest", "locks", "images"}) {
        Files.createDirectories(absolute.resolve(name));
      }
    } catch (AccessDeniedException e) {
      throw notWritable(absolute, e);
    } catch (FileAlreadyExistsException e) {
      throw notPossible(absolute, "'" + e.getFile() + "' is no directory", e);
    } catch (IOException e) {
      throw notPossible(absolute, e.toString(), e);
    }
    if (!Files.isWritable(absolute.resolve("ingest"))) {
      throw notWritable(absolute, null);
    }
    LocalStore store = new LocalStore(absolute);
    store.content.removeAbandoned();
    // Who writes a name holds a lease.
    store
        .tryExclusive()
        .ifPresent(
            alone -> {
              try (alone) {
                store.images.removeUnfinished();
              }
            });
    return store;
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

  /**
   * Keeps all content in place until it is closed or this process ends, also what no image refers
   * to yet. Whoever fetches, unpacks or reads content holds one. Blocks while a clean-up runs.
   */
  public Lease lease() {
    return new Lease(LockFile.acquire(root.resolve("locks/store"), false, LEASE_LIMIT));
  }

  /** For a clean-up: the right to remove content; empty while anybody holds a lease. */
  public Optional<Lease> tryExclusive() {
    return LockFile.tryAcquire(root.resolve("locks/store"), true).map(Lease::new);
  }

  /** Waits until all that was written to the store is durable. */
  public void sync() {
    try (FileDescriptor directory = FileCalls.openDirectory(root)) {
      FileCalls.syncFileSystem(directory);
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
   * for again. What the store has damaged is.
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

  @Override
  public Descriptor resolve(ImageReference reference) {
    return images
        .find(reference)
        .map(ImageRecord::manifest)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND, reference + " is not in the store '" + root + "'"));
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
    return images.list().stream()
        .map(ImageRecord::reference)
        .filter(reference -> reference.name().equals(repository.name()))
        .flatMap(reference -> reference.tag().stream())
        .sorted()
        .toList();
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return content.size(digest);
  }

  /** Holds nothing; what others opened stays open. */
  @Override
  public void close() {}

  /** A hold on the content of the store. */
  public static final class Lease implements AutoCloseable {
    private final LockFile lock;

    private Lease(LockFile lock) {
      this.lock = lock;
    }

    @Override
    public void close() {
      lock.close();
    }
  }
}
