package io.runcible.serve;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.OwnLocks;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a server keeps blobs while they are sent. Any number of servers share a directory: each has
 * one of its own in it, beside a file that it holds locked while it lives. By that a server that
 * starts can tell what a killed one left, and removes it.
 */
final class UploadDirectory implements Closeable {
  private static final String GUARD = ".runcible-uploads";
  private static final String LOCK = ".lock";

  private final Path files;
  private final Path lockFile;
  private final FileChannel lock;

  private UploadDirectory(Path files, Path lockFile, FileChannel lock) {
    this.files = files;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Makes a place for a server in the directory, which is made when it is missing.
   *
   * @throws RuncibleException UNAVAILABLE when that is not possible
   */
  static UploadDirectory open(Path directory) {
    try {
      Files.createDirectories(directory);
      return openReal(directory.toRealPath());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot keep uploads in " + directory + ": " + e.getMessage(), e);
    }
  }

  private static UploadDirectory openReal(Path root) throws IOException {
    Path file = root.resolve(GUARD + LOCK);
    FileChannel guard = openLocked(file);
    try {
      sweep(root);
      return create(root);
    } finally {
      letGo(file, guard);
    }
  }

  /**
   * A lock is not waited for in the kernel: to that a JVM is one holder, and where another thread
   * of this one has what another JVM waits for, both count as waiting for ever (EDEADLK).
   */
  private static FileChannel openLocked(Path file) throws IOException {
    OwnLocks.take(file);
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      while (channel.tryLock() == null) {
        OwnLocks.pause();
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      letGo(file, channel);
      throw e;
    }
  }

  private static void letGo(Path file, @Nullable FileChannel locked) throws IOException {
    try {
      if (locked != null) {
        locked.close();
      }
    } finally {
      OwnLocks.release(file);
    }
  }

  private static UploadDirectory create(Path root) throws IOException {
    String name = GUARD + "-" + UUID.randomUUID();
    Path lockFile = root.resolve(name + LOCK);
    FileChannel lock = openLocked(lockFile);
    try {
      return new UploadDirectory(Files.createDirectory(root.resolve(name)), lockFile, lock);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(lockFile);
      letGo(lockFile, lock);
      throw e;
    }
  }

  private static void sweep(Path root) throws IOException {
    try (DirectoryStream<Path> locks = Files.newDirectoryStream(root, GUARD + "-*" + LOCK)) {
      for (Path lockFile : locks) {
        if (!OwnLocks.isTaken(lockFile)
            && Files.isRegularFile(lockFile, LinkOption.NOFOLLOW_LINKS)) {
          sweep(root, lockFile);
        }
      }
    }
  }

  /** Removes what belongs to a lock file if nobody holds it. */
  static void sweep(Path root, Path lockFile) throws IOException {
    String name = lockFile.getFileName().toString();
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        remove(root.resolve(name.substring(0, name.length() - LOCK.length())));
        Files.deleteIfExists(lockFile);
      }
    } catch (NoSuchFileException e) {
      // Its server has closed meanwhile.
    }
  }

  /** Removes a directory of files; a link in its place is not followed. */
  private static void remove(Path directory) throws IOException {
    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
    }
    Files.deleteIfExists(directory);
  }

  /** Where the bytes of an upload go. */
  Path file(String upload) {
    return files.resolve(upload);
  }

  /** Removes all that is left in it. Idempotent. */
  @Override
  public void close() {
    try (lock) {
      remove(files);
      Files.deleteIfExists(lockFile);
    } catch (IOException e) {
      log().warn("Cannot remove uploads in {}; the next server there does", files, e);
    } finally {
      OwnLocks.release(lockFile);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RegistryServer.class);
  }
}
