package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/** Reads a pipe so that a close or an interrupt ends a blocked read. */
final class PipeInputStream extends InputStream {
  private static final int CHUNK = 64 * 1024;

  /** Most children say little, and what is not written to costs time, too. */
  private static final int FIRST_CHUNK = 4 * 1024;

  private final FileDescriptor fd;
  private final ReentrantLock reading = new ReentrantLock();
  private ByteBuffer buffer = ByteBuffer.allocateDirect(FIRST_CHUNK).limit(0);
  private boolean filled;
  private volatile boolean closed;

  PipeInputStream(FileDescriptor fd) {
    this.fd = fd;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    reading.lock();
    try {
      if (!buffer.hasRemaining() && !fill()) {
        return -1;
      }
      int count = Math.min(length, buffer.remaining());
      buffer.get(target, offset, count);
      return count;
    } finally {
      reading.unlock();
    }
  }

  private boolean fill() throws IOException {
    awaitReadable();
    if (filled && buffer.capacity() < CHUNK) {
      buffer = ByteBuffer.allocateDirect(CHUNK);
    }
    buffer.clear();
    long count = libc().read(fd.value(), buffer, buffer.capacity());
    filled = count == buffer.capacity();
    if (count < 0) {
      int errno = Native.errno();
      buffer.limit(0);
      if (errno == Errno.EIO) {
        return false; // The end of a terminal.
      }
      throw new IOException("read of a child's output: " + Errno.describe(errno));
    }
    buffer.limit((int) count);
    return count > 0;
  }

  private void awaitReadable() throws IOException {
    while (true) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      if (Poll.readable(fd, Poll.TICK_MILLIS)) {
        return;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while waiting for a child's output");
      }
    }
  }

  /** Also what is still in the pipe. Never waits, neither for that nor for another reader. */
  @Override
  public int available() throws IOException {
    if (!reading.tryLock()) {
      return 0;
    }
    try {
      if (!closed && !buffer.hasRemaining() && Poll.readable(fd, 0)) {
        fill();
      }
      return buffer.remaining();
    } finally {
      reading.unlock();
    }
  }

  /** Waits for a reader to notice, at most one tick, so that no number is closed under it. */
  @Override
  public void close() {
    closed = true;
    reading.lock();
    try {
      fd.close();
    } finally {
      reading.unlock();
    }
  }
}
