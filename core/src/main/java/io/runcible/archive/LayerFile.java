package io.runcible.archive;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Executor;

/** Writes the file of a layer: compressed, hashed before and after, and gone after a failure. */
final class LayerFile {
  private static final int BUFFER = 64 * 1024;

  private LayerFile() {}

  /** Writes a tar, and says what was left out of it. */
  interface Content {
    List<SkippedEntry> writeTo(OutputStream tar) throws IOException;
  }

  static WrittenLayer write(
      Path file, Compression compression, int level, Executor executor, Content content) {
    boolean created = false;
    try (OutputStream out =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      created = true;
      HashingOutputStream stored = new HashingOutputStream(out);
      HashingOutputStream plain =
          compression == Compression.NONE
              ? stored
              : new HashingOutputStream(
                  CompressingOutputStream.open(stored, compression, level, executor));
      List<SkippedEntry> skipped;
      try (plain) {
        // Small files come as headers, content and padding, each a few hundred bytes.
        BufferedOutputStream tar = new BufferedOutputStream(plain, BUFFER);
        skipped = content.writeTo(tar);
        tar.flush();
      }
      Digest digest = stored.digest();
      return new WrittenLayer(
          file,
          compression,
          digest,
          stored.count(),
          plain == stored ? digest : plain.digest(),
          skipped);
    } catch (FileAlreadyExistsException e) {
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS, "cannot write a layer to " + file + ": it exists", e);
    } catch (IOException e) {
      RuncibleException failure =
          new RuncibleException(
              ErrorKind.UNAVAILABLE, "cannot write a layer to " + file + ": " + e.getMessage(), e);
      throw delete(file, failure);
    } catch (RuntimeException e) {
      throw created ? delete(file, e) : e;
    }
  }

  private static RuntimeException delete(Path file, RuntimeException failure) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }
}
