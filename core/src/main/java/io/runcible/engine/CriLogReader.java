package io.runcible.engine;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads a log in the format of Kubernetes from one file to the next, while it is written. */
final class CriLogReader implements AutoCloseable {
  /** What an entry has before its text: a time, an output, and whether it is a whole line. */
  private static final int MAX_HEAD = 64;

  private final CriLog log;
  private final CriLog.@Nullable Position end;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long file;
  private long offset;
  private @Nullable InputStream stream;

  /** What one entry says, and where it begins. */
  static final class Entry {
    private final CriLog.Position position;
    private final Instant time;
    private final boolean error;
    private final boolean complete;
    private final byte[] text;

    private Entry(
        CriLog.Position position, Instant time, boolean error, boolean complete, byte[] text) {
      this.position = position;
      this.time = time;
      this.error = error;
      this.complete = complete;
      this.text = text;
    }

    CriLog.Position position() {
      return position;
    }

    Instant time() {
      return time;
    }

    boolean error() {
      return error;
    }

    boolean complete() {
      return complete;
    }

    /** Not a copy. */
    byte[] text() {
      return text;
    }

    LogEntry asText() {
      return new LogEntry(time, error, new String(text, StandardCharsets.UTF_8), complete);
    }
  }

  /**
   * Reads from a place on.
   *
   * @param end where to stop, since a container may write faster than this reads; null for nowhere
   */
  CriLogReader(CriLog log, CriLog.Position start, CriLog.@Nullable Position end) {
    this.log = log;
    this.end = end;
    this.file = start.file();
    this.offset = start.offset();
  }

  /**
   * The next entry; null if there is none yet. What is no entry, as after a power cut, is left out.
   */
  @Nullable Entry next() throws IOException {
    while (true) {
      InputStream in = stream != null ? stream : open();
      if (in == null) {
        return null;
      }
      // Asked before the read: what is in a file that has a next one is all there will be.
      boolean finished = in.available() == 0 && log.from(file + 1).isPresent();
      CriLog.Position begin = position();
      if (isBeyondEnd(begin)) {
        return null;
      }
      if (readLine(in)) {
        byte[] bytes = line.toByteArray();
        line.reset();
        Optional<Entry> entry = parse(begin, bytes);
        if (entry.isPresent()) {
          return entry.get();
        }
      } else if (finished) {
        close();
        line.reset();
        file++;
        offset = 0;
      } else if (in.available() == 0 && log.from(file + 1).isEmpty()) {
        return null;
      }
    }
  }

  private boolean isBeyondEnd(CriLog.Position place) {
    return end != null
        && (place.file() > end.file()
            || (place.file() == end.file() && place.offset() >= end.offset()));
  }

  private @Nullable InputStream open() throws IOException {
    Optional<Long> first = log.from(file);
    if (first.isEmpty()) {
      return null;
    }
    if (first.get() != file) {
      file = first.get();
      offset = 0;
    }
    try {
      InputStream opened = new BufferedInputStream(Files.newInputStream(log.file(file)), 1 << 16);
      stream = opened;
      opened.skipNBytes(offset);
      return opened;
    } catch (NoSuchFileException e) {
      return open(); // Removed just now, as too old: there are newer ones.
    }
  }

  /** Whether the line is whole now; without the line end. */
  private boolean readLine(InputStream in) throws IOException {
    for (int next = in.read(); next >= 0; next = in.read()) {
      offset++;
      if (next == '\n') {
        return true;
      }
      if (line.size() < CriLog.MAX_PART + MAX_HEAD) {
        line.write(next);
      }
    }
    return false;
  }

  private static Optional<Entry> parse(CriLog.Position position, byte[] bytes) {
    int time = indexOf(bytes, 0);
    int output = indexOf(bytes, time + 1);
    int tag = indexOf(bytes, output + 1);
    if (time < 0 || output < 0 || tag < 0) {
      return Optional.empty();
    }
    String name = text(bytes, time + 1, output);
    String tags = text(bytes, output + 1, tag);
    try {
      return Optional.of(
          new Entry(
              position,
              Instant.parse(text(bytes, 0, time)),
              name.equals("stderr"),
              !tags.startsWith("P"),
              Arrays.copyOfRange(bytes, tag + 1, bytes.length)));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
  }

  private static int indexOf(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == ' ') {
        return i;
      }
    }
    return -1;
  }

  /** Where the next entry begins. */
  CriLog.Position position() {
    return new CriLog.Position(file, offset - line.size());
  }

  @Override
  public void close() throws IOException {
    InputStream in = stream;
    stream = null;
    if (in != null) {
      in.close();
    }
  }
}
