package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/** Writes a pipe; a reader that went away is an exception, not a signal. */
final class PipeOutputStream extends OutputStream {
  /** A pipe that polls as writable takes this much at once (PIPE_BUF). */
  private static final int ATOMIC = 4096;

  private final FileDescriptor fd;
  private final ReentrantLock writing = new ReentrantLock();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(ATOMIC);
  private volatile boolean closed;

  PipeOutputStream(FileDescriptor fd) {
    this.fd = fd;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    writing.lock();
    try {
      for (int done = 0; done < length; ) {
        int count = Math.min(ATOMIC, length - done);
        writeChunk(source, offset + done, count);
        done += count;
      }
    } finally {
      writing.unlock();
    }
  }

  private void writeChunk(byte[] source, int offset, int count) throws IOException {
    buffer.clear();
    buffer.put(source, offset, count).flip();
    while (buffer.hasRemaining()) {
      awaitWritable();
      long written = libc().write(fd.value(), buffer, buffer.remaining());
      if (written < 0) {
        int errno = Native.errno();
        if (errno == Errno.EAGAIN) {
          continue; // Another one who writes was first.
        }
        throw new IOException("write to a child's input: " + Errno.describe(errno));
      }
      buffer.position(buffer.position() + (int) written);
    }
  }

  private void awaitWritable() throws IOException {
    while (true) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      if (Poll.writable(fd, Poll.TICK_MILLIS)) {
        return;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while a child did not read its input");
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    writing.lock();
    try {
      fd.close();
    } finally {
      writing.unlock();
    }
  }
}
