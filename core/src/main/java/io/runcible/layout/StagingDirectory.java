package io.runcible.layout;

import io.runcible.ffi.OwnLocks;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A directory for the files that are going to be an archive. A file in it is locked as long as it
 * is used: by that, whoever makes the next one beside it can tell what a killed JVM left, and
 * removes that. Closing removes the directory with its files.
 */
final class StagingDirectory implements Closeable {
  private static final String PREFIX = ".runcible-archive-";
  private static final String LOCK = ".lock";
  private static final int ATTEMPTS = 10;

  private final Path path;
  private final FileChannel lock;

  private StagingDirectory(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /** Makes one in a directory, and removes what killed JVMs of the same user left there. */
  static StagingDirectory create(Path parent) throws IOException {
    Path root = parent.toRealPath();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Optional<StagingDirectory> made = tryToCreate(root.resolve(PREFIX + UUID.randomUUID()));
      if (made.isPresent()) {
        sweep(root, made.get());
        return made.get();
      }
    }
    throw new IOException("new directories vanish from " + root);
  }

  /** Empty when somebody took it for a leftover before it was locked. */
  private static Optional<StagingDirectory> tryToCreate(Path path) throws IOException {
    OwnLocks.take(path);
    FileChannel lock = null;
    boolean locked = false;
    try {
      Files.createDirectory(path, forOwner(path));
      Path file = path.resolve(LOCK);
      lock = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      locked = isLocked(file, lock);
      return locked ? Optional.of(new StagingDirectory(path, lock)) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } finally {
      if (!locked) {
        close(path, lock);
      }
    }
  }

  /**
   * Does not wait for who is about to remove it: to the kernel a JVM is one holder, and where
   * another thread of this one has what that JVM waits for, both would wait for ever (EDEADLK).
   */
  static boolean isLocked(Path file, FileChannel lock) throws IOException {
    return lock.tryLock() != null && Files.exists(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static FileAttribute<?>[] forOwner(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
        }
        : new FileAttribute<?>[0];
  }

  /** What cannot be removed keeps nobody from writing. */
  private static void sweep(Path root, StagingDirectory made) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(root, PREFIX + "*")) {
      UserPrincipal user = Files.getOwner(made.path);
      for (Path directory : found) {
        if (!OwnLocks.isTaken(directory) && isOf(user, directory)) {
          sweepOne(directory);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // The next one tries again.
    }
  }

  /** Nobody else can put a link in the place of what is this user's own, not even in /tmp. */
  private static boolean isOf(UserPrincipal user, Path directory) {
    try {
      return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
          && Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS).equals(user);
    } catch (IOException e) {
      return false;
    }
  }

  private static void sweepOne(Path directory) {
    try (FileChannel channel =
            FileChannel.open(
                directory.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        remove(directory);
      }
    } catch (NoSuchFileException e) {
      removeEmpty(directory);
    } catch (IOException e) {
      // As above.
    }
  }

  /** Killed before it had a lock, or being made: then its maker tries again. */
  private static void removeEmpty(Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // As above.
    }
  }

  /** The lock goes last, so that what remains after a kill is swept, too. */
  private static void remove(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (!file.endsWith(LOCK)) {
          Files.deleteIfExists(file);
        }
      }
    }
    Files.deleteIfExists(directory.resolve(LOCK));
    Files.deleteIfExists(directory);
  }

  /** The place of a file in it. */
  Path resolve(String name) {
    return path.resolve(name);
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    close(path, lock);
  }

  private static void close(Path path, @Nullable FileChannel lock) throws IOException {
    try (lock) {
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        remove(path);
      }
    } catch (NoSuchFileException e) {
      // Somebody else has just removed it.
    } finally {
      OwnLocks.release(path);
    }
  }
}
