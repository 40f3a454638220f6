package io.runcible.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * Writes a log in the format of Kubernetes. Nothing is held back: a line that is not complete when
 * it comes is written as a part. What cannot be written, since the disk is full, is lost, and the
 * container goes on. Thread-safe.
 */
final class CriLogWriter implements AutoCloseable {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'");

  /** Lines may be empty, and then each is forty times as long as it came. */
  private static final int FLUSH = 128 << 10;

  private final CriLog log;
  private final long maxBytes;
  private final int maxFiles;
  private final Clock clock;
  private @Nullable OutputStream current;
  private long number;
  private long size;

  CriLogWriter(CriLog log, long maxBytes, int maxFiles, Clock clock) {
    this.log = log;
    this.maxBytes = maxBytes;
    this.maxFiles = maxFiles;
    this.clock = clock;
  }

  /** Bytes of one output, as they came. */
  synchronized void write(boolean error, byte[] bytes, int count) {
    String now = TIME.format(LocalDateTime.ofInstant(clock.instant(), ZoneOffset.UTC));
    String head = now + (error ? " stderr " : " stdout ");
    ByteArrayOutputStream entries = new ByteArrayOutputStream(Math.min(count + 256, FLUSH));
    int start = 0;
    for (int at = 0; at < count; at++) {
      boolean line = bytes[at] == '\n';
      boolean part = at + 1 == count || at + 1 - start == CriLog.MAX_PART;
      if (line || part) {
        int length = (line ? at : at + 1) - start;
        boolean full =
            maxBytes != 0 && size + entries.size() + head.length() + length + 3 > maxBytes;
        if (full || entries.size() >= FLUSH) {
          append(entries);
        }
        entries.writeBytes((head + (line ? "F " : "P ")).getBytes(StandardCharsets.US_ASCII));
        entries.write(bytes, start, length);
        entries.write('\n');
        start = at + 1;
      }
    }
    append(entries);
  }

  private void append(ByteArrayOutputStream entries) {
    if (entries.size() == 0) {
      return;
    }
    try {
      OutputStream out = file(entries.size());
      // One write: a reader sees no half of an entry for long.
      entries.writeTo(out);
      size += entries.size();
    } catch (IOException e) {
      // Tried again with the next output.
      closeCurrent();
    } finally {
      entries.reset();
    }
  }

  private OutputStream file(int more) throws IOException {
    OutputStream out = current;
    if (out != null && (maxBytes == 0 || size == 0 || size + more <= maxBytes)) {
      return out;
    }
    boolean full = out != null;
    closeCurrent();
    if (number == 0) {
      number = Math.max(1, log.end().file());
    } else if (full) {
      number++;
    }
    OutputStream opened =
        Files.newOutputStream(
            log.file(number), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    current = opened;
    size = Files.size(log.file(number));
    for (long old : log.numbers().headSet(number - maxFiles + 1)) {
      Files.deleteIfExists(log.file(old));
    }
    return maxBytes != 0 && size != 0 && size + more > maxBytes ? file(more) : opened;
  }

  private void closeCurrent() {
    OutputStream out = current;
    current = null;
    if (out != null) {
      try {
        out.close();
      } catch (IOException e) {
        // Nothing is buffered.
      }
    }
  }

  @Override
  public synchronized void close() {
    closeCurrent();
  }
}
