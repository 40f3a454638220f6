package io.runcible.store;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.Stat;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The directory of what is on its way into the store, a file for each digest. What broke off stays
 * there for a while, for the next ingest of its digest. Nothing here has been verified.
 */
final class Partials {
  /** Less than this is fetched again as fast as it is asked for. */
  static final long LEAST = 1 << 20;

  private static final long MOST = 16L << 30;
  private static final Duration LIFETIME = Duration.ofDays(1);

  private final Path directory;
  private final Path locks;
  private final long most;

  Partials(Path directory, Path locks) {
    this(directory, locks, MOST);
  }

  Partials(Path directory, Path locks, long most) {
    this.directory = directory;
    this.locks = locks;
    this.most = most;
  }

  private record Partial(Path file, BasicFileAttributes attributes) {
    Instant written() {
      return attributes.lastModifiedTime().toInstant();
    }

    /** A time that is yet to come is that of another clock. */
    boolean isOfUse() {
      return attributes.isRegularFile()
          && attributes.size() >= LEAST
          && Duration.between(written(), Instant.now()).abs().compareTo(LIFETIME) < 0;
    }
  }

  /**
   * How much of a blob a file has; none if there is no file. What cannot be a part of that blob, a
   * longer file or a link, is removed.
   */
  static long usable(Path file, long size) throws IOException {
    // Not by attributes: that there is none is the usual case, and would be an exception.
    Stat found = FileCalls.stat(file).orElse(null);
    if (found == null) {
      return 0;
    }
    if (found.isRegular() && found.size() <= size) {
      return found.size();
    }
    Files.deleteIfExists(file);
    return 0;
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private List<Partial> list() {
    List<Partial> found = new ArrayList<>();
    for (Path file : StoreFiles.list(directory)) {
      try {
        found.add(new Partial(file, attributes(file)));
      } catch (NoSuchFileException e) {
        // It has just become a blob.
      } catch (IOException e) {
        throw failure(e);
      }
    }
    return found;
  }

  private RuncibleException failure(IOException cause) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, "cannot look at '" + directory + "': " + cause.getMessage(), cause);
  }

  /** How many bytes there are, also of what is being written. */
  long bytes() {
    return list().stream().mapToLong(partial -> partial.attributes().size()).sum();
  }

  /**
   * Removes what is too old or too small to be of use and, the oldest first, what takes more room
   * than is allowed or more than is left on the disk.
   */
  void trim() {
    List<Partial> newestFirst = new ArrayList<>(list());
    if (newestFirst.isEmpty()) {
      return;
    }
    newestFirst.sort(Comparator.comparing(Partial::written).reversed());
    long room = Math.min(most, free());
    for (Partial partial : newestFirst) {
      if (partial.isOfUse() && partial.attributes().size() <= room) {
        room -= partial.attributes().size();
      } else {
        removeUnlessWritten(partial);
      }
    }
  }

  private long free() {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Removes all that nobody is writing.
   *
   * @return how many bytes it had
   */
  long removeAll() {
    return list().stream().mapToLong(this::removeUnlessWritten).sum();
  }

  private long removeUnlessWritten(Partial partial) {
    Path file = partial.file();
    Optional<LockFile> lock =
        LockFile.tryAcquire(locks.resolve(ContentStore.LOCK + file.getFileName()), true);
    if (lock.isEmpty()) {
      return 0;
    }
    try {
      return StoreFiles.delete(file) ? partial.attributes().size() : 0;
    } finally {
      lock.get().closeAndRemove();
    }
  }
}
