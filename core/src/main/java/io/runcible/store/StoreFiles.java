package io.runcible.store;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the parts of the store do with their directories. */
final class StoreFiles {
  private StoreFiles() {}

  /** What is in a directory; nothing if there is none, or something else. */
  static List<Path> list(Path directory) {
    return list(directory, "*");
  }

  static List<Path> list(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      for (Path entry : entries) {
        found.add(entry);
      }
      return found;
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (DirectoryIteratorException | IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  static boolean delete(Path file) {
    try {
      return Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + file + "'", e);
    }
  }

  /** Makes the names in a directory durable. */
  static void sync(Path directory) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      FileContent.sync(opened);
    }
  }
}
