package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/**
 * How the output of a container with {@link Stdio#LOGGED} is kept.
 *
 * @param format what the files look like
 * @param maxBytes the size at which a file is followed by another one; 0 for no limit
 * @param maxFiles how many files there are at most, the current one included: older ones are
 *     removed
 */
public record LogPolicy(Format format, long maxBytes, int maxFiles) {
  /** What the files look like. */
  public enum Format {
    /**
     * The bytes as they are, each output in a file of its own, which the container itself writes.
     * It costs nothing, does not tell the time, and its size has no limit. Where the runtime hands
     * the file on, as crun does, a program that opens its output anew to write from the beginning
     * empties it: the shell's {@code >/dev/stdout} does, {@code >>/dev/stdout} does not.
     */
    RAW,

    /**
     * The log format of Kubernetes' Container Runtime Interface: both outputs in one file, a line
     * for each line, with the time, the output, and whether the line ends there: {@code
     * 2026-01-02T03:04:05.678901234Z stdout F text}. Of a detached container a small JVM beside the
     * container writes it.
     */
    CRI,

    /** No files: the output is thrown away, so that nobody can read it or attach to it. */
    NONE
  }

  /** Bytes as they are; the default. */
  public static final LogPolicy RAW = new LogPolicy(Format.RAW, 0, 1);

  /** None, for a program that writes without end what nobody needs. */
  public static final LogPolicy NONE = new LogPolicy(Format.NONE, 0, 1);

  /** The smallest limit: a line of a log has at most 16 KiB. */
  private static final long LEAST_BYTES = 64 << 10;

  private static final int MOST_FILES = 1000;

  /**
   * Checks the values.
   *
   * @throws RuncibleException INVALID_INPUT for a limit of a log of another format than {@link
   *     Format#CRI}, one below 64 KiB, or a number of files that is not 1 to 1000
   */
  public LogPolicy {
    if (maxBytes != 0 && (maxBytes < LEAST_BYTES || format != Format.CRI)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          format != Format.CRI
              ? "a log of the format " + format + " has no limit of its size; choose CRI"
              : maxBytes + " bytes are too few for a log: give at least " + LEAST_BYTES);
    }
    if (maxFiles < 1 || maxFiles > MOST_FILES) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, maxFiles + " files of a log: give 1 to " + MOST_FILES);
    }
  }

  /** The format of Kubernetes, without a limit. */
  public static LogPolicy cri() {
    return new LogPolicy(Format.CRI, 0, 1);
  }

  /**
   * The format of Kubernetes in at most so many files of at most so many bytes, whatever the
   * container writes. With one file, what is in it is lost when it is full.
   */
  public static LogPolicy cri(long maxBytes, int maxFiles) {
    return new LogPolicy(Format.CRI, maxBytes, maxFiles);
  }
}
