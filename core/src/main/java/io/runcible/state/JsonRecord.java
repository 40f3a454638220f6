package io.runcible.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.json.JsonTree;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A small JSON file that is replaced as a whole: a reader, and a process after a crash, sees the
 * old record or the new one. The records are Java records of this library; unknown fields, which a
 * later release may have written, are ignored.
 */
public final class JsonRecord {
  /** The names that a write killed half way leaves, as a glob. */
  public static final String UNFINISHED = ".*.json.*";

  private static final long MAX_SIZE = 4L << 20;

  /** Nobody else writes to a name with this. */
  private static final String PROCESS = UUID.randomUUID().toString();

  private static final AtomicLong WRITES = new AtomicLong();

  private JsonRecord() {}

  /**
   * Replaces the file.
   *
   * @param durable whether to wait until the disk has it, the name included
   */
  public static void write(Path file, Object value, boolean durable) {
    Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
    Path temporary =
        directory.resolve(
            "." + file.getFileName() + "." + PROCESS + "-" + WRITES.incrementAndGet());
    try {
      byte[] json = json(value);
      // Not a channel: an interrupt would close it, and clean-up must write while interrupted.
      try (FileOutputStream stream = new FileOutputStream(temporary.toFile())) {
        stream.write(json);
        if (durable) {
          stream.getFD().sync();
        }
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      if (durable) {
        syncDirectory(directory);
      }
    } catch (IOException e) {
      deleteQuietly(temporary, e);
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
  }

  private static byte[] json(Object value) throws IOException {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (JsonGenerator generator = JsonTree.generator(json)) {
      RecordBinding.write(generator, value);
    }
    return json.toByteArray();
  }

  private static void deleteQuietly(Path temporary, IOException cause) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static void syncDirectory(Path directory) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      FileContent.sync(opened);
    }
  }

  /**
   * Reads the file; empty if there is none.
   *
   * @throws RuncibleException CORRUPT_DATA if it is no record of this type
   */
  public static <T> Optional<T> read(Path file, Class<T> type) {
    try {
      if (Files.size(file) > MAX_SIZE) {
        throw new RuncibleException(
            ErrorKind.CORRUPT_DATA, "the record '" + file + "' is larger than " + MAX_SIZE);
      }
      T value = type.cast(RecordBinding.read(JsonTree.read(Files.readAllBytes(file)), type));
      if (value == null) {
        throw new RuncibleException(
            ErrorKind.CORRUPT_DATA, "'" + file + "' is not a valid " + type.getSimpleName());
      }
      return Optional.of(value);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonProcessingException | CharConversionException | IllegalArgumentException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "'" + file + "' is not a valid " + type.getSimpleName(), e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + file + "'", e);
    }
  }
}
