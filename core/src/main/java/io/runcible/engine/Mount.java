package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.util.Optional;

/** Something of the host, or a fresh file system, at a path of a container. Immutable. */
public final class Mount {
  private final Optional<Path> source;
  private final String destination;
  private final boolean readOnly;

  private Mount(Optional<Path> source, String destination, boolean readOnly) {
    if (!destination.startsWith("/") || destination.indexOf('\0') >= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the destination of a mount is an absolute path, and '" + destination + "' is not");
    }
    this.source = source;
    this.destination = destination;
    this.readOnly = readOnly;
  }

  /**
   * A file or directory of the host, with what is mounted below it. Must exist when the container
   * is created.
   */
  public static Mount bind(Path source, String destination) {
    return new Mount(Optional.of(source.toAbsolutePath()), destination, false);
  }

  /** An empty file system in memory, mode 1777, without set-id programs and devices. */
  public static Mount tmpfs(String destination) {
    return new Mount(Optional.empty(), destination, false);
  }

  /**
   * The same, not writable, and neither is what is mounted below it. Before Linux 5.12 what is
   * mounted below is not there.
   */
  public Mount readOnly() {
    return new Mount(source, destination, true);
  }

  /** The path of the host; empty for a file system in memory. */
  public Optional<Path> source() {
    return source;
  }

  /** The path in the container. */
  public String destination() {
    return destination;
  }

  /** Whether writing is refused. */
  public boolean isReadOnly() {
    return readOnly;
  }
}
