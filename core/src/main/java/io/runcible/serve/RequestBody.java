package io.runcible.serve;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request (RFC 9112, sections 6 and 7): of a length that was announced, or in chunks.
 * Not thread-safe.
 */
final class RequestBody extends InputStream {
  private static final long CHUNKED = -1;
  private static final int MAX_SIZE_DIGITS = 15;
  private static final int MAX_CHUNK_LINE = 256;
  private static final int MAX_TRAILER = 8 * 1024;

  private final InputStream in;
  private final long length;
  private final Start start;
  private long left;
  private boolean begun;
  private boolean ended;
  private @Nullable IOException failure;

  /** What comes before reading. */
  @FunctionalInterface
  interface Start {
    void begin() throws IOException;
  }

  private RequestBody(InputStream in, long length, Start start) {
    this.in = in;
    this.length = length;
    this.start = start;
    this.left = Math.max(length, 0);
    this.ended = length == 0;
  }

  /** No body. */
  static RequestBody none() {
    return new RequestBody(InputStream.nullInputStream(), 0, () -> {});
  }

  /**
   * A body of a length.
   *
   * @param start is run before the first byte is read, as the client may wait for that
   */
  static RequestBody ofLength(InputStream in, long length, Start start) {
    return new RequestBody(in, length, start);
  }

  /** A body in chunks. */
  static RequestBody chunked(InputStream in, Start start) {
    return new RequestBody(in, CHUNKED, start);
  }

  /** The length, when it was announced. */
  OptionalLong length() {
    return length == CHUNKED ? OptionalLong.empty() : OptionalLong.of(length);
  }

  /** Whether all of it has been read, so that the next request follows. */
  boolean isAtEnd() {
    return ended && failure == null;
  }

  /** Why it could not be read: a {@link BadRequest}, or a client that went away or fell silent. */
  Optional<IOException> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int count) throws IOException {
    Objects.checkFromIndexSize(offset, count, buffer.length);
    if (failure != null) {
      throw new IOException("the body cannot be read: " + failure.getMessage(), failure);
    }
    if (ended) {
      return -1;
    }
    try {
      return count == 0 ? 0 : readSome(buffer, offset, count);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private int readSome(byte[] buffer, int offset, int count) throws IOException {
    if (!begun) {
      start.begin();
      if (length == CHUNKED) {
        nextChunk();
      }
      begun = true;
    }
    if (ended) {
      return -1;
    }
    int read = in.read(buffer, offset, (int) Math.min(count, left));
    if (read < 0) {
      throw new EOFException("the body is cut off");
    }
    left -= read;
    if (left == 0) {
      if (length == CHUNKED) {
        expectLineEnd();
        nextChunk();
      } else {
        ended = true;
      }
    }
    return read;
  }

  private void nextChunk() throws IOException {
    String line = line(MAX_CHUNK_LINE);
    int end = line.indexOf(';');
    String size = end < 0 ? line : line.substring(0, end);
    if (size.isEmpty()
        || size.length() > MAX_SIZE_DIGITS
        || !size.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 0x7f)) {
      throw new BadRequest("the size of a chunk is malformed");
    }
    left = Long.parseLong(size, 16);
    if (left == 0) {
      skipTrailer();
      ended = true;
    }
  }

  private void skipTrailer() throws IOException {
    int trailer = MAX_TRAILER;
    for (String line = line(trailer); !line.isEmpty(); line = line(trailer)) {
      trailer -= line.length() + 2;
      if (line.indexOf(':') < 1 || line.charAt(0) == ' ' || line.charAt(0) == '\t') {
        throw new BadRequest("the trailer of the body is malformed");
      }
    }
  }

  private void expectLineEnd() throws IOException {
    if (in.read() != '\r' || in.read() != '\n') {
      throw new BadRequest("a chunk is longer than its size");
    }
  }

  /** A line that ends with both characters, as proxies may not agree on less. */
  private String line(int limit) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\r'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the body is cut off");
      }
      if (line.length() >= limit || (c < ' ' && c != '\t') || c >= 0x7f) {
        throw new BadRequest("a line between the chunks is malformed or too long");
      }
      line.append((char) c);
    }
    if (in.read() != '\n') {
      throw new BadRequest("a line between the chunks has no proper end");
    }
    return line.toString();
  }
}
