package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
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

  private final Path blobs;
  private final Path ingests;
  private final Path locks;

  ContentStore(Path root) {
    this.blobs = root.resolve("blobs");
    this.ingests = root.resolve("ingest");
    this.locks = root.resolve("locks");
  }

  /** Where a blob is, or would be. */
  public Path path(Digest digest) {
    return blobs.resolve(digest.algorithm()).resolve(digest.hex());
  }

  /** Whether the blob is there. */
  public boolean contains(Digest digest) {
    return Files.isRegularFile(path(digest));
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
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read the blob " + descriptor.digest(), e);
    }
  }

  /**
   * Begins to bring a blob in, alone among all processes: blocks while another one does, and then
   * usually finds it present.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  public Ingest ingest(Descriptor descriptor) {
    Digest digest = descriptor.digest();
    LockFile lock =
        LockFile.acquire(
            locks.resolve("blob-" + digest.algorithm() + "-" + digest.hex()), true, DOWNLOAD_LIMIT);
    return new Ingest(
        descriptor, path(digest), ingests.resolve(digest.algorithm() + "-" + digest.hex()), lock);
  }

  /** All blobs. */
  public List<Digest> list() {
    List<Digest> found = new ArrayList<>();
    for (String algorithm : List.of("sha256", "sha512")) {
      for (Path file : children(blobs.resolve(algorithm))) {
        found.add(new Digest(algorithm, file.getFileName().toString()));
      }
    }
    return found;
  }

  /** Removes a blob. The caller holds the store exclusively. */
  public void remove(Digest digest) {
    delete(path(digest));
  }

  /** Removes what killed processes left of downloads, with the locks that nobody holds. */
  void removeAbandoned() {
    for (Path partial : children(ingests)) {
      Optional<LockFile> lock =
          LockFile.tryAcquire(locks.resolve("blob-" + partial.getFileName()), true);
      lock.ifPresent(
          held -> {
            delete(partial);
            held.closeAndRemove();
          });
    }
    for (Path file : children(locks)) {
      if (file.getFileName().toString().startsWith("blob-")) {
        LockFile.tryAcquire(file, true).ifPresent(LockFile::closeAndRemove);
      }
    }
  }

  private static List<Path> children(Path directory) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(found::add);
      return found;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + file + "'", e);
    }
  }
}
