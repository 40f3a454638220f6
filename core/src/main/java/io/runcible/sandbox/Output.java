package io.runcible.sandbox;

import io.runcible.sandbox.OutputListener.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Takes one output of a program, up to a limit and to the mark that its end is told by. */
final class Output {
  private static final int CHUNK = 16 << 10;

  private final InputStream in;
  private final byte[] mark;
  private final byte[] failureMark;
  private final int trailer;
  private final int limit;
  private final Stream stream;
  private final OutputListener listener;
  private byte[] bytes = new byte[CHUNK];
  private int size;
  private int told;

  /** How reading ended. */
  enum End {
    /** With the mark. */
    MARK,
    /** There is more than the limit. */
    LIMIT,
    /** Without a mark: all the writers are gone. */
    NO_MARK
  }

  /**
   * An output that has not been read.
   *
   * @param mark begins the end
   * @param failureMark begins what is not the program's, instead of all that is
   * @param trailer how many bytes come at the end, with the mark
   */
  Output(
      InputStream in,
      byte[] mark,
      byte[] failureMark,
      int trailer,
      int limit,
      Stream stream,
      OutputListener listener) {
    this.in = in;
    this.mark = mark;
    this.failureMark = failureMark;
    this.trailer = trailer;
    this.limit = limit;
    this.stream = stream;
    this.listener = listener;
  }

  /** Reads to the end; blocks. */
  End read() throws IOException {
    while (true) {
      if (bytes.length - size < CHUNK) {
        bytes = Arrays.copyOf(bytes, bytes.length * 2);
      }
      int count = in.read(bytes, size, CHUNK);
      if (count < 0) {
        tell(Math.min(size, limit));
        return End.NO_MARK;
      }
      size += count;
      int begin = size - trailer;
      if (begin >= 0 && matches(mark, begin)) {
        tell(Math.min(begin, limit));
        return begin > limit ? End.LIMIT : End.MARK;
      }
      if (begin > limit) {
        tell(limit);
        return End.LIMIT;
      }
      tell(Math.min(possibleMark(), limit));
    }
  }

  /**
   * Reads what the ended program has left in its pipes, and forgets it. Where the runtime stays, it
   * ends only when it has handed all on.
   */
  void drain() throws IOException {
    byte[] rest = new byte[CHUNK];
    while (in.read(rest, 0, CHUNK) >= 0) {
      // Of no use.
    }
  }

  /** Where the mark may begin of which the rest is not there yet. */
  private int possibleMark() {
    int begin = Math.max(told, size - trailer);
    while (begin < size && !matches(mark, begin)) {
      begin++;
    }
    return begin;
  }

  /** As far as there is something to compare. */
  private boolean matches(byte[] mark, int begin) {
    int length = Math.min(mark.length, size - begin);
    return Arrays.equals(bytes, begin, begin + length, mark, 0, length);
  }

  private void tell(int end) {
    if (end > told && !(told == 0 && matches(failureMark, 0))) {
      listener.written(stream, Arrays.copyOfRange(bytes, told, end));
      told = end;
    }
  }

  /** What the program wrote. */
  byte[] content(End end) {
    int length = end == End.MARK ? size - trailer : size;
    return Arrays.copyOf(bytes, Math.min(length, limit));
  }

  /** What follows the mark, with it. */
  byte[] trailer() {
    return Arrays.copyOfRange(bytes, size - trailer, size);
  }
}
