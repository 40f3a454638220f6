package io.runcible.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The content of a large blob, fetched in windows over several connections and delivered in order.
 * Holds no more windows than it has connections, and the one that is read. The first window is
 * passed on as it arrives, so that a reader does not wait for it to be whole.
 */
final class RangedBlobStream extends InputStream {
  private final Operation operation;
  private final ResumingBlobStream first;
  private final long firstEnd;
  private final long size;
  private final int window;
  private final int connections;
  private final LongFunction<ResumingBlobStream> windows;
  private final ExecutorService fetchers;
  private final Queue<Future<byte[]>> ahead = new ArrayDeque<>();
  private final Queue<byte[]> spare = new ConcurrentLinkedQueue<>();
  private byte @Nullable [] current;
  private int offset;
  private long position;
  private long requested;
  private boolean closed;

  /**
   * Makes a stream, and begins to fetch.
   *
   * @param first the first window, which the registry is sending
   * @param start where that begins
   * @param windows opens the window that begins at a position
   */
  RangedBlobStream(
      Operation operation,
      ResumingBlobStream first,
      long start,
      long size,
      int window,
      int connections,
      LongFunction<ResumingBlobStream> windows) {
    this.operation = operation;
    this.first = first;
    this.size = size;
    this.window = window;
    this.connections = connections;
    this.windows = windows;
    this.position = start;
    this.firstEnd = start + window;
    this.requested = firstEnd;
    this.fetchers = Daemons.pool(connections, "runcible-blob");
    fetchAhead(connections - 1);
  }

  private void fetchAhead(int count) {
    while (ahead.size() < count && requested < size) {
      long start = requested;
      requested = Math.min(size, start + window);
      int length = (int) (requested - start);
      ahead.add(fetchers.submit(() -> fetch(start, length)));
    }
  }

  private byte[] fetch(long start, int length) throws IOException {
    byte[] spared = spare.poll();
    byte[] content = spared != null ? spared : new byte[window];
    try (ResumingBlobStream in = windows.apply(start)) {
      in.readNBytes(content, 0, length);
      return content;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int at, int length) throws IOException {
    Objects.checkFromIndexSize(at, length, buffer.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (position == size || length == 0) {
      return length == 0 ? 0 : -1;
    }
    int count = position < firstEnd ? first.read(buffer, at, length) : next(buffer, at, length);
    position += Math.max(0, count);
    return count;
  }

  private int next(byte[] buffer, int at, int length) {
    byte[] content = current;
    if (content == null || offset == window) {
      content = advance(content);
    }
    int there = (int) Math.min(window - offset, size - position);
    int count = Math.min(length, there);
    System.arraycopy(content, offset, buffer, at, count);
    offset += count;
    return count;
  }

  private byte[] advance(byte @Nullable [] read) {
    if (read == null) {
      first.close();
    } else {
      spare.add(read);
    }
    fetchAhead(connections);
    byte[] content = await(ahead.remove());
    current = content;
    offset = 0;
    return content;
  }

  private byte[] await(Future<byte[]> window) {
    try {
      return window.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failures.cancelled(operation);
    } catch (ExecutionException e) {
      throw Daemons.failure(operation, e);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      fetchers.shutdownNow();
      first.close();
    }
  }
}
