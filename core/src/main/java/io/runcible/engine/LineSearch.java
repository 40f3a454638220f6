package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Looks for a line in a file that grows; what was looked at is not read again. */
final class LineSearch {
  private static final int CHUNK = 64 << 10;

  /** So much is read before the caller can look at its clock again: a container may never stop. */
  private static final long MAX_LOOK = 64L << 20;

  /** What follows so much of a line is not looked at. */
  private static final int MAX_LINE = 64 << 10;

  private final Path file;
  private final Pattern pattern;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long position;

  /** Looks from a place in the file on. */
  LineSearch(Path file, long start, Pattern pattern) {
    this.file = file;
    this.pattern = pattern;
    this.position = start;
  }

  /**
   * Whether a line that came since the last call, or the beginning of one, matches. Of a file that
   * has grown by a lot only a part is looked at, and the next call goes on from there.
   */
  boolean found() {
    // Not a channel, which an interrupt would close.
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
      bytes.seek(position);
      byte[] chunk = new byte[CHUNK];
      long end = position + MAX_LOOK;
      for (int count = bytes.read(chunk); count > 0; count = bytes.read(chunk)) {
        position += count;
        if (matches(ByteBuffer.wrap(chunk, 0, count))) {
          return true;
        }
        if (position >= end) {
          break;
        }
      }
      return line.size() > 0 && lineMatches();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the container's output is not logged", e);
    }
  }

  private boolean matches(ByteBuffer chunk) {
    while (chunk.hasRemaining()) {
      byte next = chunk.get();
      if (next != '\n') {
        if (line.size() < MAX_LINE) {
          line.write(next);
        }
      } else if (lineMatches()) {
        return true;
      } else {
        line.reset();
      }
    }
    return false;
  }

  private boolean lineMatches() {
    String text = line.toString(StandardCharsets.UTF_8);
    return pattern
        .matcher(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text)
        .find();
  }
}
