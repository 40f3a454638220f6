package io.runcible.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Changes a file of credentials: what it does not know of stays, the new file is for its owner
 * alone (mode 0600), and takes the place of the old one at once, so that a reader sees one or the
 * other. When another program changes the file meanwhile, it starts anew; podman and Docker have no
 * lock that would exclude them altogether, so of two changes at the very same moment one may win.
 */
final class AuthFileEditor {
  private static final int TRIES = 10;

  private final Path path;

  AuthFileEditor(Path path) {
    this.path = path;
  }

  /** Makes the file, and its directory, if it is missing. */
  void edit(Consumer<ObjectNode> change) {
    try {
      for (int i = 0; i < TRIES; i++) {
        if (tryEdit(change)) {
          return;
        }
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot write the registry credentials in " + path + ": " + e,
          e);
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot write the registry credentials in "
            + path
            + ": another program keeps changing them; try again");
  }

  private boolean tryEdit(Consumer<ObjectNode> change) throws IOException {
    // A link stays one: what it leads to is replaced.
    Path file = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
    Path directory = parent(file);
    byte @Nullable [] before = content(file);
    ObjectNode root = before == null ? Json.newObject() : AuthFile.parse(path, before);
    change.accept(root);
    Files.createDirectories(directory);
    Path fresh = Files.createTempFile(directory, "." + file.getFileName(), ".new");
    try {
      if (fresh.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      }
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(Json.pretty(root));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      if (!Arrays.equals(before, content(file))) {
        return false;
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return true;
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static Path parent(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent == null) {
      throw new FileNotFoundException("it is no file in a directory");
    }
    return parent;
  }

  private static byte @Nullable [] content(Path file) throws IOException {
    try {
      return AuthFile.bytes(file);
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
