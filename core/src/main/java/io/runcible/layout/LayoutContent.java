package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Files by name, in a directory or in an archive. What is missing is a {@link
 * java.nio.file.NoSuchFileException}; what is no regular file is refused with INVALID_INPUT.
 */
interface LayoutContent {
  /** Opens a file. */
  InputStream open(String name) throws IOException;

  /** How many bytes a file has. */
  long size(String name) throws IOException;

  /** Reads a file of bounded size. */
  default byte[] read(String name, int maxSize) throws IOException {
    try (InputStream in = open(name)) {
      byte[] content = in.readNBytes(maxSize);
      if (in.read() >= 0) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, where(name) + " has more than " + maxSize + " bytes");
      }
      return content;
    }
  }

  /** The name of a file for a message. */
  String where(String name);
}
