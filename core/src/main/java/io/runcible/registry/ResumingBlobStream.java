package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * The content of a blob, or of a window of it, as the registry sends it. When the connection
 * breaks, it asks for the rest and goes on; the digest, checked by the reader, tells whether both
 * parts belong together. Gives up after several breaks with hardly any content between them. Only
 * {@link #abort} may be called from another thread.
 */
final class ResumingBlobStream extends InputStream {
  /** So much content between two breaks makes the count of breaks start anew. */
  private static final long PROGRESS = 1024 * 1024;

  private static final int SKIP_BUFFER = 16 * 1024;

  private final Operation operation;
  private final HttpTransport transport;
  private final Descriptor descriptor;
  private final Opener opener;
  private final Consumer<ResumingBlobStream> onClose;
  private final Cancellation cancellation = new Cancellation();
  private @Nullable InputStream body;
  private @Nullable Response response;
  private long position;
  private long end;
  private boolean wider;
  private long lastBreak;
  private int breaks;
  private boolean closed;

  /** Asks for the content from a position on, up to the end of the window. */
  @FunctionalInterface
  interface Opener {
    /** A response with status 200 or 206; fails as an operation of the client does. */
    Response open(long position, long end, Cancellation cancellation);
  }

  ResumingBlobStream(
      Operation operation,
      HttpTransport transport,
      Descriptor descriptor,
      long start,
      long end,
      Opener opener,
      Consumer<ResumingBlobStream> onClose) {
    this.operation = operation;
    this.transport = transport;
    this.descriptor = descriptor;
    this.position = start;
    this.lastBreak = start;
    this.end = end;
    this.opener = opener;
    this.onClose = onClose;
  }

  /** Sends the first request. */
  void start() {
    try {
      open();
    } catch (IOException e) {
      pauseAfter(e);
    }
  }

  /** Whether the registry answered with the window that it was asked for, and no more. */
  boolean isRange() {
    return response != null && response.code() == 206;
  }

  /** Makes the window reach to the end of the blob; the registry has sent no window so far. */
  void widen() {
    end = descriptor.size();
    wider = false;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    if (closed) {
      throw new IOException("the stream of " + descriptor.digest() + " is closed");
    }
    if (length == 0) {
      return 0;
    }
    while (true) {
      transport.checkUsable(operation);
      try {
        int count = readOnce(buffer, offset, length);
        if (count >= 0 || position == end) {
          return count;
        }
        throw new IOException("it ended after " + position + " of " + descriptor.size() + " bytes");
      } catch (IOException e) {
        if (position == end) {
          return -1;
        }
        pauseAfter(e);
      }
    }
  }

  private int readOnce(byte[] buffer, int offset, int length) throws IOException {
    if (position == end && (body == null || wider)) {
      return -1;
    }
    if (body == null) {
      open();
    }
    InputStream content = Objects.requireNonNull(body);
    // An answer that is no wider than the window is read on, to see that it ends there.
    int most = wider ? (int) Math.min(length, end - position) : length;
    int count = cancellation.run(() -> content.read(buffer, offset, most));
    if (count > end - position) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          operation.endpoint().name() + " sends more than its " + descriptor.size() + " bytes");
    }
    position += Math.max(0, count);
    return count;
  }

  private void open() throws IOException {
    Response opened = opener.open(position, end, cancellation);
    response = opened;
    wider = opened.code() == 200 && end < descriptor.size();
    try {
      checkExtent(opened);
    } catch (RuncibleException e) {
      drop();
      throw e;
    }
    InputStream content = opened.body().byteStream();
    if (opened.code() == 200) {
      cancellation.run(() -> skip(content, position));
    }
    body = content;
  }

  /** Lengths that contradict the descriptor tell of other content before a byte is read. */
  private void checkExtent(Response opened) {
    long size = descriptor.size();
    boolean partial = opened.code() == 206;
    if (partial) {
      String range = opened.header("Content-Range");
      Optional<ContentRange> actual = ContentRange.parse(range);
      if (actual.isEmpty() || !actual.get().is(position, end, size)) {
        String shown = range == null ? "no range" : "'" + ForeignText.shown(range, 100) + "'";
        throw corrupt("answered " + shown + " when asked for byte " + position + " on of " + size);
      }
    }
    long length = ContentRange.length(opened.header("Content-Length"));
    long expected = partial ? end - position : size;
    if (length >= 0 && length != expected) {
      throw corrupt("sends " + length + " bytes instead of " + expected);
    }
  }

  private RuncibleException corrupt(String reason) {
    return Failures.of(
        ErrorKind.CORRUPT_DATA, operation, operation.endpoint().name() + " " + reason);
  }

  private static long skip(InputStream content, long count) throws IOException {
    byte[] buffer = new byte[SKIP_BUFFER];
    long left = count;
    while (left > 0) {
      int read = content.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new IOException("it ended before the part that is missing");
      }
      left -= read;
    }
    return count;
  }

  private void pauseAfter(IOException e) {
    drop();
    transport.checkUsable(operation);
    if (position - lastBreak >= PROGRESS) {
      breaks = 0;
    }
    lastBreak = position;
    breaks++;
    Duration pause =
        transport.retry().pause(breaks).orElseThrow(() -> Failures.network(operation, e));
    transport.sleep(operation, pause);
  }

  private void drop() {
    Response old = response;
    response = null;
    body = null;
    if (old != null) {
      if (position < end || wider) {
        // Otherwise closing would read on for a while, to keep the connection.
        cancellation.cancelCurrent();
      }
      ContextLoader.library().run(old::close);
    }
  }

  /** Ends the connection under the reader. */
  void abort() {
    cancellation.cancel();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      drop();
      onClose.accept(this);
    }
  }
}
