package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads the files of this host that say how registries are reached. */
final class ConfigurationFiles {
  private static final int MAX_SIZE = 1024 * 1024;
  private static final int MAX_FILES = 1000;

  private ConfigurationFiles() {}

  static byte[] read(Path path) {
    byte[] raw;
    try (InputStream in = Files.newInputStream(path)) {
      raw = in.readNBytes(MAX_SIZE + 1);
    } catch (NoSuchFileException | NotDirectoryException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file " + path, e);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    if (raw.length > MAX_SIZE) {
      throw invalid(path, "it has more than " + MAX_SIZE + " bytes");
    }
    return raw;
  }

  /** The files of a directory whose names end so, sorted by name; none when there is none. */
  static List<Path> list(Path directory, String... endings) {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (List.of(endings).stream().anyMatch(name::endsWith) && Files.isRegularFile(entry)) {
          files.add(entry);
        }
        if (files.size() > MAX_FILES) {
          throw invalid(directory, "it has more than " + MAX_FILES + " files");
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException | DirectoryIteratorException e) {
      throw unreadable(directory, e);
    }
    files.sort(null);
    return files;
  }

  static RuncibleException invalid(Path path, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "cannot follow the configuration of registries in " + path + ": " + reason);
  }

  private static RuncibleException unreadable(Path path, Exception cause) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "cannot read the configuration of registries in " + path + ": " + cause,
        cause);
  }
}
