package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Reads files of a layout without trusting them. */
final class LayoutFiles {
  private LayoutFiles() {}

  /** Opens a regular file; a link or a pipe in its place is refused, not followed or waited on. */
  static InputStream open(Path file) throws IOException {
    if (!attributes(file).isRegularFile()) {
      throw irregular(file);
    }
    return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
  }

  static RuncibleException irregular(Path file) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, file + " is not a regular file, as a layout has them");
  }

  static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  /** The exception for a failure of the file system. */
  static RuncibleException failure(String what, IOException e) {
    if (e instanceof ClosedByInterruptException || e instanceof FileLockInterruptionException) {
      return new RuncibleException(ErrorKind.CANCELLED, what + ": interrupted", e);
    }
    ErrorKind kind =
        e instanceof NoSuchFileException
            ? ErrorKind.NOT_FOUND
            : e instanceof AccessDeniedException
                ? ErrorKind.PERMISSION_DENIED
                : ErrorKind.UNAVAILABLE;
    return new RuncibleException(kind, what + ": " + reason(e), e);
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return e.getMessage() + " does not exist";
    }
    return e instanceof AccessDeniedException
        ? "no permission for " + e.getMessage()
        : String.valueOf(e.getMessage());
  }
}
