package io.runcible.layout;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file of a layout while it is written: it has a temporary name in the layout's root and is
 * locked, so that a later writer can tell what is still being written from what a killed JVM left.
 * {@link #moveTo} puts it in place, whole and for good; closing removes it otherwise.
 */
final class PartialFile implements Closeable {
  private static final String PREFIX = ".runcible-";
  private static final String SUFFIX = ".part";
  private static final int BUFFER_SIZE = 1 << 16;

  /** Those of this JVM, which must not be opened again: closing that channel would unlock them. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel channel;

  private PartialFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Makes an empty file; to be called under the layout's lock. */
  static PartialFile create(Path root) throws IOException {
    Path path = root.resolve(PREFIX + UUID.randomUUID() + SUFFIX);
    OWN.add(path);
    try {
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      PartialFile file = new PartialFile(path, channel);
      try {
        channel.lock();
        return file;
      } catch (IOException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      OWN.remove(path);
      throw e;
    }
  }

  /** Writes a small file at once; to be called under the layout's lock. */
  static void replace(Path root, Path target, byte[] content) throws IOException {
    try (PartialFile file = create(root)) {
      file.write(new ByteArrayInputStream(content));
      file.moveTo(target);
    }
  }

  /** Removes what killed JVMs left; to be called under the layout's lock. */
  static void sweep(Path root) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, PREFIX + "*" + SUFFIX)) {
      for (Path file : files) {
        if (!OWN.contains(file) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          sweepFile(file);
        }
      }
    }
  }

  private static void sweepFile(Path file) throws IOException {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // Its writer has moved it into place meanwhile.
    }
  }

  /** Writes all of the content. */
  void write(InputStream content) throws IOException {
    byte[] buffer = new byte[BUFFER_SIZE];
    int count;
    // Content from the network comes in small pieces.
    while ((count = content.readNBytes(buffer, 0, BUFFER_SIZE)) > 0) {
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  /** Writes to it; to be closed after {@link #moveTo}, which it ends. */
  OutputStream stream() {
    return Channels.newOutputStream(channel);
  }

  /** Syncs the content, moves it to its name, and syncs the move. */
  void moveTo(Path target) throws IOException {
    channel.force(true);
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    Path directory = target.toAbsolutePath().getParent();
    if (File.separatorChar == '/' && directory != null) { // Windows needs no sync of a directory.
      try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
        parent.force(true);
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
      Files.deleteIfExists(path);
    } finally {
      OWN.remove(path);
    }
  }
}
