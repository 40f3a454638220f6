package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Looks for a line in a file that grows; what was looked at is not read again. */
final class LineSearch {
  private static final int CHUNK = 64 << 10;

  /** So much is read before the caller can look at its clock again: a container may never stop. */
  private static final long MAX_LOOK = 64L << 20;

  /** What follows so much of a line is not looked at. */
  private static final int MAX_LINE = 64 << 10;

  private final Source source;
  private final Pattern pattern;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  LineSearch(Source source, Pattern pattern) {
    this.source = source;
    this.pattern = pattern;
  }

  /** What is searched. */
  interface Source {
    /** From where the last one was left. */
    InputStream open() throws IOException;

    /** Whether there is nothing after where the last one was left; not to be opened then. */
    default boolean hasNoMore() throws IOException {
      return false;
    }

    /** All that was taken from it is done with. */
    void leave(InputStream stream, long read) throws IOException;
  }

  /** Looks from a place in a file on. */
  static LineSearch of(Path file, long start, Pattern pattern) {
    return new LineSearch(
        new Source() {
          private long position = start;

          @Override
          public InputStream open() throws IOException {
            // Not a channel, which an interrupt would close.
            FileInputStream stream = new FileInputStream(file.toFile());
            try {
              stream.skipNBytes(Math.min(position, Files.size(file)));
              return stream;
            } catch (IOException e) {
              stream.close();
              throw e;
            }
          }

          @Override
          public boolean hasNoMore() throws IOException {
            return Files.size(file) == position;
          }

          @Override
          public void leave(InputStream stream, long read) {
            position += read;
          }
        },
        pattern);
  }

  /** Looks in one output of a log in the format of Kubernetes. */
  static LineSearch of(CriLog log, CriLog.Position start, boolean error, Pattern pattern) {
    return new LineSearch(
        new Source() {
          private CriLog.Position position = start;

          @Override
          public InputStream open() throws IOException {
            CriLog.Position end = log.end();
            long begin = position.file() == end.file() ? position.offset() : 0;
            long most = Math.min(end.offset(), begin + MAX_LOOK);
            return new CriOutput(log, position, new CriLog.Position(end.file(), most), error);
          }

          @Override
          public void leave(InputStream stream, long read) {
            position = ((CriOutput) stream).position();
          }
        },
        pattern);
  }

  /**
   * Whether a line that came since the last call, or the beginning of one, matches. Of a file that
   * has grown by a lot only a part is looked at, and the next call goes on from there.
   */
  boolean found() {
    try {
      return !source.hasNoMore() && foundInMore();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the container's output is not logged", e);
    }
  }

  private boolean foundInMore() throws IOException {
    try (InputStream bytes = source.open()) {
      byte[] chunk = new byte[CHUNK];
      long read = 0;
      // An entry of a log is shorter than a chunk, so that none is left half taken.
      for (int count = bytes.read(chunk); count > 0; count = bytes.read(chunk)) {
        read += count;
        if (matches(ByteBuffer.wrap(chunk, 0, count))) {
          return true;
        }
        if (read >= MAX_LOOK) {
          break;
        }
      }
      source.leave(bytes, read);
      return line.size() > 0 && lineMatches();
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
