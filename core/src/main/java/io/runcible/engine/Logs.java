package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a container with {@link Stdio#LOGGED} has written so far. Stays readable after the container
 * ended, until it is removed.
 */
public final class Logs {
  private static final int MAX_TEXT = 16 << 20;

  private final ContainerDirectory directory;

  Logs(ContainerDirectory directory) {
    this.directory = directory;
  }

  /** The standard output so far; the caller closes the stream. */
  public InputStream stdout() {
    return open(directory.stdout());
  }

  /** The standard error output so far; the caller closes the stream. */
  public InputStream stderr() {
    return open(directory.stderr());
  }

  /**
   * Both outputs as UTF-8, first the standard output, then the standard error output; of each at
   * most the last 16 MiB.
   */
  public String text() {
    return tail(directory.stdout(), MAX_TEXT) + tail(directory.stderr(), MAX_TEXT);
  }

  private static InputStream open(Path file) {
    try {
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw missing(file, e);
    }
  }

  static String tail(Path file, int limit) {
    // Not a channel, which an interrupt would close.
    try (FileInputStream stream = new FileInputStream(file.toFile())) {
      stream.skipNBytes(Math.max(0, Files.size(file) - limit));
      return new String(stream.readNBytes(limit), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw missing(file, e);
    }
  }

  private static RuncibleException missing(Path file, Exception cause) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "there is no log '" + file + "': the container was removed, or its output is piped",
        cause);
  }
}
