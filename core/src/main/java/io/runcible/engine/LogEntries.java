package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What a query finds in a log in the format of Kubernetes. */
final class LogEntries implements Iterator<LogEntry>, AutoCloseable {
  private final CriLog log;
  private final CriLogReader reader;
  private final LogQuery query;
  private final BooleanSupplier growing;
  private final Runnable letGo;
  private @Nullable LogEntry next;

  private LogEntries(CriLog log, CriLogReader reader, LogQuery query, BooleanSupplier growing) {
    this.log = log;
    this.reader = reader;
    this.query = query;
    this.growing = growing;
    this.letGo = query.follow() ? AutoRemoval.whileRead(log.directory()) : () -> {};
  }

  static LogEntries open(CriLog log, LogQuery query, BooleanSupplier growing) {
    try {
      // Of both: what comes meanwhile is not of the last lines that there were.
      CriLog.Position end = log.end();
      CriLog.Position start =
          query.tail() == Long.MAX_VALUE ? CriLog.Position.START : tail(log, query, end);
      CriLogReader reader = new CriLogReader(log, start, query.follow() ? null : end);
      return new LogEntries(log, reader, query, growing);
    } catch (IOException e) {
      throw unreadable(log, e);
    }
  }

  /** Where the last lines begin: a place for each of them is all that is kept meanwhile. */
  private static CriLog.Position tail(CriLog log, LogQuery query, CriLog.Position end)
      throws IOException {
    Deque<CriLog.Position> starts = new ArrayDeque<>();
    boolean[] inLine = new boolean[2];
    try (CriLogReader reader = new CriLogReader(log, CriLog.Position.START, end)) {
      for (CriLogReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
        int output = entry.error() ? 1 : 0;
        if (query.accepts(entry.time()) && !inLine[output]) {
          starts.add(entry.position());
          if (starts.size() > query.tail()) {
            starts.remove();
          }
        }
        inLine[output] = !entry.complete();
      }
      return starts.isEmpty() ? reader.position() : starts.getFirst();
    }
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null) {
        // Asked before the read: what was written before the end is in the log by then.
        boolean last = !query.follow() || !growing.getAsBoolean() || isOver();
        CriLogReader.Entry entry = reader.next();
        if (entry != null && query.accepts(entry.time())) {
          next = entry.asText();
        } else if (entry == null && last) {
          letGo.run();
          return false;
        } else if (entry == null) {
          CriOutput.pause();
        }
      }
      return true;
    } catch (InterruptedIOException e) {
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while waiting for a log", e);
    } catch (IOException e) {
      throw unreadable(log, e);
    }
  }

  private boolean isOver() {
    return !query.until().equals(Instant.MAX) && !Instant.now().isBefore(query.until());
  }

  @Override
  public LogEntry next() {
    LogEntry found = hasNext() ? next : null;
    next = null;
    if (found == null) {
      throw new NoSuchElementException("the log has no more entries");
    }
    return found;
  }

  private static RuncibleException unreadable(CriLog log, IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, "cannot read the log '" + log.directory() + "'", e);
  }

  @Override
  public void close() {
    letGo.run();
    try {
      reader.close();
    } catch (IOException e) {
      throw unreadable(log, e);
    }
  }
}
