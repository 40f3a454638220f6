package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A directory with a {@code config.json}, as a runtime takes it (bundle.md). The directory belongs
 * to its owner alone, because the specification holds the environment of the container.
 *
 * @param directory where it is, an absolute path
 */
public record Bundle(Path directory) {
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** Makes the path absolute. */
  public Bundle {
    directory = directory.toAbsolutePath();
  }

  /**
   * Writes a bundle. The directory is created if it is not there; a {@code config.json} that is
   * there is replaced at once, never half.
   *
   * @param directory where; its parent must exist
   * @throws RuncibleException UNAVAILABLE if it cannot be written
   */
  public static Bundle write(Path directory, RuntimeSpec spec) {
    Bundle bundle = new Bundle(directory);
    try {
      // It may be there and hold the root file system; then only the mode is made sure of below.
      if (!Files.exists(bundle.directory())) {
        Files.createDirectory(bundle.directory(), PRIVATE_DIRECTORY);
      }
    } catch (FileAlreadyExistsException e) {
      // Somebody else was faster.
    } catch (IOException e) {
      throw unwritable(bundle.directory(), e);
    }
    try {
      Files.setPosixFilePermissions(
          bundle.directory(), PosixFilePermissions.fromString("rwx------"));
    } catch (IOException e) {
      throw unwritable(bundle.directory(), e);
    }
    writeFile(bundle.config(), spec.toJson());
    return bundle;
  }

  /** The specification in it. */
  public Path config() {
    return directory.resolve("config.json");
  }

  /**
   * Takes the specification from a runtime that has not read it yet, so that it makes no container.
   * No effect if there is none.
   *
   * @throws RuncibleException UNAVAILABLE if it cannot be moved
   */
  public void withdraw() {
    try {
      Files.move(config(), withdrawn(), StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // Withdrawn before, or never written.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot move '" + config() + "' away", e);
    }
  }

  private Path withdrawn() {
    return directory.resolve("config.withdrawn.json");
  }

  /** Whether the specification, withdrawn or not, has hooks of a stage. */
  boolean hasHooks(Hook.Stage stage) {
    try {
      Path file = Files.exists(config()) ? config() : withdrawn();
      return Files.readString(file).contains("\"" + stage.specName() + "\"");
    } catch (IOException e) {
      return false; // Nobody can say any more.
    }
  }

  /**
   * Changes the limits that a start from now on has; what is not set stays.
   *
   * @throws RuncibleException CORRUPT_DATA if the specification cannot be read, UNAVAILABLE if it
   *     cannot be written
   */
  public void update(Resources resources) {
    try {
      JsonNode spec = JsonTree.read(Files.readAllBytes(config()));
      if (!(spec instanceof ObjectNode object)) {
        throw new IOException("it is no JSON object");
      }
      ObjectNode limits = object.withObjectProperty("linux").withObjectProperty("resources");
      SpecJson.resources(resources)
          .properties()
          .forEach(
              part -> {
                if (part.getValue() instanceof ObjectNode values) {
                  limits.withObjectProperty(part.getKey()).setAll(values);
                } else {
                  limits.set(part.getKey(), part.getValue());
                }
              });
      writeFile(config(), JsonTree.text(object));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "cannot read '" + config() + "': " + e.getMessage(), e);
    }
  }

  /** Replaces a file that only its owner may read. */
  public static void writeFile(Path file, String content) {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      if (Files.exists(temporary)) {
        Files.deleteIfExists(temporary);
      }
      Files.createFile(temporary, PRIVATE_FILE);
      Files.write(
          temporary,
          content.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.TRUNCATE_EXISTING);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static RuncibleException unwritable(Path path, IOException cause) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot write '" + path + "'; see the space and permissions there",
        cause);
  }
}
