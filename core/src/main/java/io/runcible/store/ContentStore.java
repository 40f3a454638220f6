package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Blobs by digest, laid out as in an OCI image layout. A blob is there as a whole or not at all;
 * whoever reads one verifies it again, since a disk can lie.
 */
public final class ContentStore {
  /** As long as the slowest download of a layer by another process may take. */
  private static final Duration DOWNLOAD_LIMIT = Duration.ofHours(6);

  private static final int BUFFER = 128 * 1024;
  private static final String BLOBS = "blobs";

  /** What the names of the locks of digests begin with. */
  static final String LOCK = "blob-";

  private final Path blobs;
  private final Path ingests;
  private final Path locks;
  private final Partials partials;
  private final List<Path> additional;

  ContentStore(Path root, List<Path> additional) {
    this.blobs = root.resolve(BLOBS);
    this.ingests = root.resolve("ingest");
    this.locks = root.resolve("locks");
    this.partials = new Partials(ingests, locks);
    this.additional = additional.stream().map(other -> other.resolve(BLOBS)).toList();
  }

  /** Where a blob is, in this store or an additional one, or would be in this. */
  public Path path(Digest digest) {
    Path own = file(blobs, digest);
    if (additional.isEmpty() || Files.isRegularFile(own)) {
      return own;
    }
    return additional.stream()
        .map(other -> file(other, digest))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(own);
  }

  private static Path file(Path blobs, Digest digest) {
    return blobs.resolve(digest.algorithm()).resolve(digest.hex());
  }

  /** Whether the blob is there. */
  public boolean contains(Digest digest) {
    return Files.isRegularFile(path(digest));
  }

  /**
   * Whether the blob is there as far as a look tells: manifests, indexes and configurations are
   * read and verified, of others only the size counts.
   */
  public boolean contains(Descriptor descriptor) {
    if (isDocument(descriptor)) {
      return isWhole(descriptor);
    }
    try {
      // In this order: to ask for the size of what is not there is an exception.
      return contains(descriptor.digest())
          && Files.size(path(descriptor.digest())) == descriptor.size();
    } catch (IOException e) {
      return false;
    }
  }

  /** What says that it is one and is larger than one can be is none: it would be read whole. */
  private static boolean isDocument(Descriptor descriptor) {
    String type = descriptor.mediaType();
    return MediaType.isConfig(type)
        ? descriptor.size() <= ImageConfig.MAX_SIZE
        : descriptor.size() <= Manifest.MAX_SIZE
            && (MediaType.isManifest(type) || MediaType.isIndex(type));
  }

  /**
   * Whether the blob is there and has the bytes that its digest says. Reads all of it.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  public boolean isWhole(Descriptor descriptor) {
    return isWhole(path(descriptor.digest()), descriptor);
  }

  /**
   * Whether the blob is not there, has other bytes than its digest says, or does not come off the
   * disk. One that cannot be opened, for a lack of descriptors or of permission, is not known to
   * be. Reads all of it.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  public boolean isDamaged(Descriptor descriptor) {
    return isDamaged(path(descriptor.digest()), descriptor);
  }

  static boolean isDamaged(Path file, Descriptor descriptor) {
    return switch (look(file, descriptor)) {
      case WHOLE, CLOSED -> false;
      case OTHER, UNREADABLE, MISSING -> true;
    };
  }

  /** What cannot be read is not whole, whatever the reason. */
  private static boolean isWhole(Path file, Descriptor descriptor) {
    return look(file, descriptor) == Look.WHOLE;
  }

  /** What became of an attempt to read a blob. */
  private enum Look {
    WHOLE,
    OTHER,
    UNREADABLE,
    CLOSED,
    MISSING
  }

  private static Look look(Path file, Descriptor descriptor) {
    try (InputStream content = Files.newInputStream(file)) {
      return look(file, content, descriptor);
    } catch (NoSuchFileException e) {
      return Look.MISSING;
    } catch (IOException e) {
      return Look.CLOSED;
    }
  }

  private static Look look(Path file, InputStream open, Descriptor descriptor) {
    try (InputStream content =
        new VerifiedInputStream(open, descriptor.digest(), descriptor.size())) {
      byte[] buffer = new byte[(int) Math.min(BUFFER, descriptor.size() + 1)];
      while (content.read(buffer) >= 0) {
        if (Thread.currentThread().isInterrupted()) {
          throw new RuncibleException(
              ErrorKind.CANCELLED, "interrupted while reading '" + file + "'");
        }
      }
      return Look.WHOLE;
    } catch (IOException e) {
      return Look.UNREADABLE;
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        return Look.OTHER;
      }
      throw e;
    }
  }

  /**
   * How long a blob is.
   *
   * @throws RuncibleException NOT_FOUND if it is not there
   */
  public long size(Digest digest) {
    try {
      return Files.size(path(digest));
    } catch (NoSuchFileException e) {
      throw missing(digest, e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot look at the blob " + digest, e);
    }
  }

  private static RuncibleException missing(Digest digest, IOException cause) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, "the blob " + digest + " is not in the store", cause);
  }

  /**
   * Opens a blob; not verified.
   *
   * @throws RuncibleException NOT_FOUND if it is not there
   */
  public InputStream open(Digest digest) {
    try {
      return Files.newInputStream(path(digest));
    } catch (NoSuchFileException e) {
      throw missing(digest, e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot open the blob " + digest, e);
    }
  }

  /**
   * Reads a small blob and verifies it.
   *
   * @throws RuncibleException NOT_FOUND, CORRUPT_DATA, or INVALID_INPUT if it is larger than {@code
   *     limit}
   */
  public byte[] read(Descriptor descriptor, long limit) {
    if (descriptor.size() > limit) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          descriptor.digest() + " has " + descriptor.size() + " bytes; at most " + limit + " fit");
    }
    try (InputStream stream = open(descriptor.digest())) {
      byte[] bytes = stream.readNBytes((int) limit + 1);
      descriptor.verify(bytes);
      return bytes;
    } catch (RuncibleException e) {
      throw e.kind() == ErrorKind.CORRUPT_DATA ? damaged(descriptor.digest(), e) : e;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read the blob " + descriptor.digest(), e);
    }
  }

  private RuncibleException damaged(Digest digest, RuncibleException cause) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        "the blob '"
            + path(digest)
            + "' is damaged: "
            + cause.getMessage()
            + "; pull its image again, or have Images.repair remove it",
        cause);
  }

  /** A manifest or an index, verified; empty if it is not there, or another kind of blob. */
  Optional<byte[]> document(Digest digest) {
    if (!contains(digest) || size(digest) > Manifest.MAX_SIZE) {
      return Optional.empty();
    }
    try {
      byte[] raw =
          read(Descriptor.of(MediaType.OCI_MANIFEST, digest, size(digest)), Manifest.MAX_SIZE);
      Descriptor.ofDocument(raw);
      return Optional.of(raw);
    } catch (RuncibleException e) {
      return switch (e.kind()) {
        case INVALID_INPUT, UNSUPPORTED, NOT_FOUND, CORRUPT_DATA -> Optional.empty();
        default -> throw e;
      };
    }
  }

  /**
   * Begins to bring a blob in, alone among all processes: blocks while another one does, and then
   * usually finds it present. A manifest, an index or a configuration that is damaged counts as
   * missing; of another blob that proved so, {@link Ingest#verifyPresent} is asked for.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  public Ingest ingest(Descriptor descriptor) {
    Digest digest = descriptor.digest();
    String name = digest.algorithm() + "-" + digest.hex();
    LockFile lock = LockFile.acquire(lock(digest), true, DOWNLOAD_LIMIT);
    Ingest ingest =
        new Ingest(descriptor, file(blobs, digest), ingests.resolve(name), lock, partials);
    try {
      if (isDocument(descriptor)) {
        ingest.verifyPresent();
      }
      return ingest;
    } catch (RuntimeException e) {
      ingest.close();
      throw e;
    }
  }

  private Path lock(Digest digest) {
    return locks.resolve(LOCK + digest.algorithm() + "-" + digest.hex());
  }

  /** All blobs of this store itself. What has no digest's name is no blob. */
  public List<Digest> list() {
    List<Digest> found = new ArrayList<>();
    for (String algorithm : List.of("sha256", "sha512")) {
      for (Path file : StoreFiles.list(blobs.resolve(algorithm))) {
        digest(algorithm, file).ifPresent(found::add);
      }
    }
    return found;
  }

  private static Optional<Digest> digest(String algorithm, Path file) {
    try {
      return Optional.of(new Digest(algorithm, file.getFileName().toString()));
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  /**
   * Removes a blob of this store itself, which nothing uses. The store is held for a {@link Sweep}.
   *
   * @return whether it was there
   */
  public boolean remove(Digest digest) {
    return StoreFiles.delete(file(blobs, digest));
  }

  /**
   * Removes a blob of this store itself if it is still damaged. Reads all of it. One that somebody
   * is bringing in stays: that replaces it.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  public void removeDamaged(Digest digest) {
    Optional<LockFile> lock = LockFile.tryAcquire(lock(digest), true);
    try {
      Path file = file(blobs, digest);
      if (lock.isPresent() && Files.isRegularFile(file) && hasOtherBytes(file, digest)) {
        StoreFiles.delete(file);
      }
    } finally {
      lock.ifPresent(LockFile::closeAndRemove);
    }
  }

  private static boolean hasOtherBytes(Path file, Digest digest) {
    try {
      long size = Files.size(file);
      return look(file, Descriptor.of(MediaType.OCI_LAYER, digest, size)) == Look.OTHER;
    } catch (IOException e) {
      return false;
    }
  }

  /** How many bytes are on their way into the store, or left of ingests that broke off. */
  public long ingestBytes() {
    return partials.bytes();
  }

  /**
   * Removes what is left of ingests that broke off.
   *
   * @return how many bytes it had
   */
  long removePartials() {
    return partials.removeAll();
  }

  /** Makes the names of the blobs durable. */
  void sync() {
    StoreFiles.list(blobs).forEach(StoreFiles::sync);
  }

  /** Removes what is left of ingests, as far as it is of no use, and the locks of dead ones. */
  void removeAbandoned() {
    partials.trim();
    removeIdleLocks();
  }

  /** A lock that could not be taken leaves its file: only who holds it may remove that. */
  void removeIdleLocks() {
    for (Path file : StoreFiles.list(locks, "{blob,name,snapshot}-*")) {
      LockFile.tryAcquire(file, true).ifPresent(LockFile::closeAndRemove);
    }
  }
}
