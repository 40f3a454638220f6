package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ZstdCompressor;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;

/**
 * Compresses what is written, in blocks of a fixed length, several at a time. The bytes that come
 * out depend on the content, the codec and the level alone, not on threads or on how the content is
 * cut into writes; and on the library: gzip is the zlib of the Java runtime, zstd is libzstd where
 * the host has it and aircompressor elsewhere.
 *
 * <pre>{@code
 * try (InputStream tar = Decompression.open(layer.compressed());
 *     OutputStream zstd = CompressingOutputStream.open(file, Compression.ZSTD, 3, executor)) {
 *   tar.transferTo(zstd);
 * }
 * }</pre>
 *
 * <p>gzip is one member, zstd is a frame for every 4 MiB. In memory are at most as many blocks as
 * the host has processors, or eight, and one: with gzip some 0.6 MiB for each, with zstd 16 MiB and
 * what the level needs. An executor without a thread to spare makes it slower and never stops it:
 * the writing thread compresses, too.
 *
 * <p>Flushing does not cut a block short. Closing writes the end of the stream, and closes the
 * target; after a failure of a write it only closes the target. For one thread at a time.
 */
public final class CompressingOutputStream extends OutputStream {
  private static final int MAX_PARALLEL = 8;

  private final OutputStream target;
  private final BlockFormat format;
  private final Executor executor;
  private final int parallel =
      Math.min(Runtime.getRuntime().availableProcessors(), MAX_PARALLEL) + 1;
  private final ArrayDeque<Block> pending = new ArrayDeque<>();
  private final ArrayDeque<Block> free = new ArrayDeque<>();
  private final ConcurrentLinkedQueue<BlockFormat.Encoder> idle = new ConcurrentLinkedQueue<>();
  private Block current;
  private boolean started;
  private boolean failed;
  private boolean closed;
  private volatile boolean abandoned;

  CompressingOutputStream(OutputStream target, BlockFormat format, Executor executor) {
    this.target = Objects.requireNonNull(target, "target");
    this.format = format;
    this.executor = Objects.requireNonNull(executor, "executor");
    this.current = new Block();
  }

  /**
   * Compresses on the thread that writes.
   *
   * @see #open(OutputStream, Compression, int, Executor)
   */
  public static OutputStream open(OutputStream target, Compression compression, int level) {
    return open(target, compression, level, Runnable::run);
  }

  /**
   * Opens a stream that compresses. For {@link Compression#NONE} this is the target itself.
   *
   * @param target owned from now on
   * @param level of gzip 1 to 9, of zstd 1 to 22, see {@link Compression#defaultLevel()}; of no
   *     meaning for NONE
   * @param executor what runs the compression
   * @throws RuncibleException INVALID_INPUT for another level; UNSUPPORTED for a level of zstd but
   *     the default where libzstd is missing
   */
  public static OutputStream open(
      OutputStream target, Compression compression, int level, Executor executor) {
    return open(target, compression, level, executor, ZstdCompressor.isAvailable());
  }

  static OutputStream open(
      OutputStream target,
      Compression compression,
      int level,
      Executor executor,
      boolean useNative) {
    if (compression == Compression.NONE) {
      return target;
    }
    compression.checkLevel(level);
    if (compression == Compression.GZIP) {
      return new CompressingOutputStream(target, new GzipBlocks(level), executor);
    }
    if (!useNative && level != compression.defaultLevel()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "zstd has no level but "
              + compression.defaultLevel()
              + " here, because libzstd.so.1 cannot be loaded; install libzstd1");
    }
    return new CompressingOutputStream(target, new ZstdBlocks(level, useNative), executor);
  }

  /** Content on its way: first what stands before it, then the content itself. */
  private final class Block {
    final byte[] input = new byte[format.historyLength() + format.blockLength()];
    final int start = format.historyLength();
    int history;
    int length;
    boolean last;
    byte[] output = new byte[0];
    int outputLength;
    FutureTask<?> task = new FutureTask<>(() -> {}, null);

    void encode() {
      if (abandoned) {
        return;
      }
      BlockFormat.Encoder encoder = idle.poll();
      if (encoder == null) {
        encoder = format.encoder();
      }
      try {
        if (output.length < encoder.maxEncoded()) {
          output = new byte[encoder.maxEncoded()];
        }
        outputLength = encoder.encode(input, history, start, length, last, output);
      } finally {
        idle.add(encoder);
      }
    }

    /** Takes over the end of the block before. */
    void follow(Block before) {
      history = Math.min(format.historyLength(), before.length);
      int from = before.start + before.length - history;
      System.arraycopy(before.input, from, input, start - history, history);
      length = 0;
      last = false;
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (closed || failed) {
      throw new IOException(closed ? "the stream is closed" : "an earlier write failed");
    }
    for (int done = 0; done < length; ) {
      if (current.length == format.blockLength()) {
        submit();
      }
      int count = Math.min(length - done, format.blockLength() - current.length);
      System.arraycopy(bytes, offset + done, current.input, current.start + current.length, count);
      current.length += count;
      done += count;
    }
  }

  /** Gives the present block away, and begins another. */
  private void submit() throws IOException {
    Block block = current;
    format.update(block.input, block.start, block.length);
    block.task = new FutureTask<>(block::encode, null);
    pending.add(block);
    try {
      executor.execute(block.task);
    } catch (RejectedExecutionException e) {
      // No thread to be had: it is done here, when its turn comes.
    }
    if (pending.size() == parallel) {
      writeOldest();
    }
    Block reused = free.poll();
    current = reused != null ? reused : new Block();
    current.follow(block);
  }

  private void writeOldest() throws IOException {
    Block block = pending.element();
    try {
      await(block);
      if (!started) {
        started = true;
        target.write(format.header());
      }
      target.write(block.output, 0, block.outputLength);
    } catch (IOException | RuntimeException | Error e) {
      failed = true;
      throw e;
    }
    free.add(pending.remove());
  }

  private static void await(Block block) throws IOException {
    // Does nothing if another thread has begun.
    block.task.run();
    try {
      block.task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("compressing was interrupted");
      interrupted.initCause(e);
      throw interrupted;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new IOException("compressing failed", cause);
    }
  }

  /** Flushes the target. */
  @Override
  public void flush() throws IOException {
    target.flush();
  }

  /** Idempotent. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (OutputStream closing = target) {
      if (!failed) {
        finish(closing);
      }
    } finally {
      release();
    }
  }

  private void finish(OutputStream out) throws IOException {
    current.last = true;
    submit();
    while (!pending.isEmpty()) {
      writeOldest();
    }
    out.write(format.trailer());
  }

  /** Waits until nobody uses an encoder. */
  private void release() {
    abandoned = true;
    boolean interrupted = Thread.interrupted();
    for (Block block = pending.poll(); block != null; ) {
      block.task.run();
      try {
        block.task.get();
        block = pending.poll();
      } catch (ExecutionException e) {
        block = pending.poll();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    idle.forEach(BlockFormat.Encoder::close);
    idle.clear();
  }
}
