package io.runcible.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream ahead on another thread, so that stages of a pipeline (download, decompress,
 * unpack) run at the same time. At most a few chunks of 256 KiB wait; then the other thread waits.
 *
 * <p>What the source throws, checked or not, is thrown to the reader after the bytes before it; it
 * is the same object, also when it is thrown again. If the executor has no thread to spare, the
 * reader reads the source itself, so a chain of these on a small pool goes slower and never stands
 * still.
 *
 * <p>Closing interrupts the other thread, waits until it has let go of the source, and closes the
 * source; a source that takes no notice of interrupts delays that. To be read by one thread at a
 * time; close from any.
 */
public final class Readahead extends InputStream {
  private static final int CHUNK = 256 * 1024;
  private static final int CHUNKS = 8;
  private static final long START_MILLIS = 200;

  /** Clearing memory for each stream anew is a good part of unpacking a small layer. */
  private static final Spares<Chunk> SPARES = new Spares<>(32);

  private final InputStream source;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Chunk> full = new ArrayDeque<>();
  private final ArrayDeque<Chunk> free = new ArrayDeque<>();

  // Guarded by the lock.
  private State state = State.WAITING;
  private int most;
  private int allocated;
  private boolean dropped;
  private @Nullable Thread producer;
  private @Nullable Throwable failure;

  /** Written under the lock. */
  private volatile boolean closed;

  // The reader's own.
  private @Nullable Chunk current;

  private enum State {
    /** The executor has not begun yet. */
    WAITING,
    /** The other thread reads the source. */
    RUNNING,
    /** The reader reads the source itself. */
    DIRECT,
    /** The other thread has let go of the source, at its end, at a failure or for the close. */
    DONE
  }

  private static final class Chunk {
    final byte[] bytes = new byte[CHUNK];
    int start;
    int end;
  }

  /**
   * Starts to read.
   *
   * @param source owned from now on
   * @param executor what runs the reading; it is busy until the source ends or this is closed
   */
  public Readahead(InputStream source, Executor executor) {
    this(source, executor, 0);
  }

  /**
   * The same for a reader who comes later.
   *
   * @param early how many bytes may wait before the first is read, if that is more than otherwise
   * @see #Readahead(InputStream, Executor)
   */
  public Readahead(InputStream source, Executor executor, int early) {
    this.source = Objects.requireNonNull(source, "source");
    this.most = Math.max(CHUNKS, early / CHUNK);
    try {
      executor.execute(this::produce);
    } catch (RejectedExecutionException e) {
      // No thread to be had: the reader does it.
      lock.lock();
      try {
        state = State.DIRECT;
      } finally {
        lock.unlock();
      }
    }
  }

  private void produce() {
    lock.lock();
    try {
      if (state != State.WAITING) {
        return;
      }
      state = State.RUNNING;
      producer = Thread.currentThread();
    } finally {
      lock.unlock();
    }
    Throwable thrown = null;
    try {
      for (Chunk chunk = take(); chunk != null && fill(chunk); ) {
        chunk = take();
      }
    } catch (Throwable e) {
      // Also an Error belongs to the reader, who would wait for ever otherwise.
      thrown = e;
    }
    letGo(thrown);
  }

  /** An empty chunk, or null when nobody wants more. */
  private @Nullable Chunk take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed && free.isEmpty() && allocated >= most) {
        changed.await();
      }
      if (closed) {
        return null;
      }
      if (free.isEmpty()) {
        allocated++;
        Chunk spare = SPARES.take();
        return spare != null ? spare : new Chunk();
      }
      // The one that the caches may still have.
      return free.removeLast();
    } finally {
      lock.unlock();
    }
  }

  /** Fills a chunk and hands it over, also when the source fails in the middle. */
  private boolean fill(Chunk chunk) throws IOException {
    chunk.start = 0;
    chunk.end = 0;
    try {
      while (chunk.end < CHUNK) {
        int count = source.read(chunk.bytes, chunk.end, CHUNK - chunk.end);
        if (count < 0) {
          return false;
        }
        chunk.end += count;
      }
      return true;
    } finally {
      lock.lock();
      try {
        full.add(chunk);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void letGo(@Nullable Throwable thrown) {
    lock.lock();
    try {
      state = State.DONE;
      failure = thrown;
      producer = null;
      if (closed) {
        // The interrupt of the close was for this work, and not for what the thread does next.
        Thread.interrupted();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (length == 0) {
      return 0;
    }
    Chunk chunk = current;
    if (chunk == null || chunk.start == chunk.end) {
      chunk = next();
      current = chunk;
      if (chunk == null) {
        return isDirect() ? source.read(bytes, offset, length) : -1;
      }
    }
    int count = Math.min(length, chunk.end - chunk.start);
    System.arraycopy(chunk.bytes, chunk.start, bytes, offset, count);
    chunk.start += count;
    return count;
  }

  private boolean isDirect() {
    lock.lock();
    try {
      return state == State.DIRECT;
    } finally {
      lock.unlock();
    }
  }

  /** The next chunk with content; null at the end, and when the reader has to read itself. */
  private @Nullable Chunk next() throws IOException {
    try {
      lock.lockInterruptibly();
      try {
        if (current != null) {
          recycle(current);
          current = null;
        }
        most = CHUNKS;
        return await();
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("reading was interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /**
   * Has a chunk filled again; but of more than there are to be, which no cache holds, every other
   * one goes: the other thread is not to wait until all of them are read.
   */
  private void recycle(Chunk chunk) {
    dropped = allocated > CHUNKS && !dropped;
    if (dropped) {
      allocated--;
      SPARES.give(chunk);
    } else {
      free.add(chunk);
      changed.signalAll();
    }
  }

  private @Nullable Chunk await() throws IOException, InterruptedException {
    while (true) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      Chunk chunk = full.poll();
      if (chunk != null && chunk.start < chunk.end) {
        return chunk;
      }
      if (chunk == null) {
        switch (state) {
          case WAITING -> {
            if (!changed.await(START_MILLIS, TimeUnit.MILLISECONDS) && state == State.WAITING) {
              state = State.DIRECT;
            }
          }
          case RUNNING -> changed.await();
          case DIRECT -> {
            return null;
          }
          case DONE -> {
            rethrow();
            return null;
          }
        }
      }
    }
  }

  private void rethrow() throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    if (failure != null) {
      throw new IOException("reading ahead failed", failure);
    }
  }

  /** Closes the source once nobody reads it. Idempotent. */
  @Override
  public void close() throws IOException {
    boolean interrupted = false;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (state == State.WAITING) {
        state = State.DONE;
      }
      if (producer != null) {
        producer.interrupt();
      }
      changed.signalAll();
      while (state == State.RUNNING) {
        try {
          changed.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      // Without the one that a reader on another thread may still copy from.
      full.forEach(SPARES::give);
      full.clear();
      free.forEach(SPARES::give);
      free.clear();
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    source.close();
  }
}
