package io.runcible.serve;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A blob of which a part has been sent. Used by one request at a time, which {@link Uploads} sees
 * to.
 */
final class Upload {
  private static final int BUFFER_SIZE = 1 << 16;

  private final String id;
  private final ImageReference repository;
  private final Path file;
  private final AtomicLong taken = new AtomicLong();
  private volatile long size;

  Upload(String id, ImageReference repository, Path file) {
    this.id = id;
    this.repository = repository;
    this.file = file;
  }

  String id() {
    return id;
  }

  ImageReference repository() {
    return repository;
  }

  /** How many bytes are there. */
  long size() {
    return size;
  }

  /** How much room it has taken, which may be more than its size. */
  long taken() {
    return taken.get();
  }

  /** Where to ask for room. */
  @FunctionalInterface
  interface Room {
    void take(long bytes) throws RegistryError;
  }

  /**
   * Adds what a client sends. When the client fails, what came until then is kept.
   *
   * @param room is asked before anything is kept
   */
  void append(InputStream content, Room room) throws RegistryError, IOException {
    byte[] buffer = new byte[BUFFER_SIZE];
    int count = content.read(buffer);
    if (count < 0) {
      return;
    }
    try (FileChannel channel = open()) {
      for (; count >= 0; count = content.read(buffer)) {
        room.take(count);
        taken.addAndGet(count);
        write(channel, ByteBuffer.wrap(buffer, 0, count));
      }
    }
  }

  /** Opens the file, without what a failure left at its end. */
  private FileChannel open() {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        return channel.truncate(size);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private void write(FileChannel channel, ByteBuffer bytes) {
    long position = size;
    try {
      while (bytes.hasRemaining()) {
        position += channel.write(bytes, position);
      }
    } catch (IOException e) {
      throw failure(e);
    }
    size = position;
  }

  /** Forgets all but the first bytes. */
  void truncate(long newSize) {
    size = newSize;
  }

  /** The content so far. */
  InputStream content() {
    try {
      open().close();
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static RuncibleException failure(IOException e) {
    return new RuncibleException(
        e instanceof ClosedByInterruptException ? ErrorKind.CANCELLED : ErrorKind.UNAVAILABLE,
        "cannot keep an upload: " + e.getMessage(),
        e);
  }
}
