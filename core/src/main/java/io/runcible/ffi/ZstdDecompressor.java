package io.runcible.ffi;

import java.lang.ref.Reference;
import java.util.Objects;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses zstd frames with libzstd, one after the other. A frame that wants a window of more
 * than 128 MiB is refused. To be closed by its owner; thread-safe only in that it may be closed at
 * any time.
 */
public final class ZstdDecompressor implements AutoCloseable {
  private static final int BUFFER = 128 * 1024;
  private static final int WINDOW_LOG_MAX = 100;
  private static final int WINDOW_LOG = 27;

  // struct ZSTD_inBuffer and ZSTD_outBuffer: address, size, position.
  private static final int SIZE = 8;
  private static final int POSITION = 16;

  private final Zstd zstd;
  private final Pointer input = Native.allocate(BUFFER);
  private final Pointer output = Native.allocate(BUFFER);
  private final Pointer inBuffer = Native.allocate(24);
  private final Pointer outBuffer = Native.allocate(24);
  private @Nullable Pointer context;
  private byte[] pending = new byte[0];
  private int pendingStart;
  private int pendingEnd;
  private boolean frameEnded = true;
  private boolean mayHoldOutput;

  ZstdDecompressor(Zstd zstd) {
    this.zstd = zstd;
    context = zstd.ZSTD_createDCtx();
    if (context == null) {
      throw new OutOfMemoryError("libzstd has no memory for a context");
    }
    zstd.ZSTD_DCtx_setParameter(context, WINDOW_LOG_MAX, WINDOW_LOG);
    inBuffer.putLong(0, input.address());
    outBuffer.putLong(0, output.address());
  }

  /** Whether the library is there. Never throws. */
  public static boolean isAvailable() {
    return ZstdLibrary.get() != null;
  }

  /**
   * A new decompressor.
   *
   * @throws IllegalStateException unless {@link #isAvailable()}
   */
  public static ZstdDecompressor open() {
    Zstd zstd = ZstdLibrary.get();
    if (zstd == null) {
      throw new IllegalStateException("libzstd.so.1 is not available");
    }
    return new ZstdDecompressor(zstd);
  }

  /** Gives more input, after {@link #needsInput()}; the array must not change until it is used. */
  public synchronized void setInput(byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    pending = bytes;
    pendingStart = offset;
    pendingEnd = offset + length;
  }

  /**
   * Decompresses into an array.
   *
   * @return the number of bytes; 0 if input is needed
   * @throws DataFormatException if this is no zstd data, or wants too large a window
   * @throws IllegalStateException if it is closed
   */
  public synchronized int decompress(byte[] bytes, int offset, int length)
      throws DataFormatException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    int room = Math.min(length, BUFFER);
    int count = 0;
    while (count == 0 && room > 0 && !needsInput()) {
      feed();
      outBuffer.putLong(SIZE, room);
      outBuffer.putLong(POSITION, 0);
      if (context == null) {
        throw new IllegalStateException("the decompressor is closed");
      }
      long result = zstd.ZSTD_decompressStream(context, outBuffer, inBuffer);
      if (zstd.ZSTD_isError(result) != 0) {
        throw new DataFormatException(zstd.ZSTD_getErrorName(result));
      }
      count = (int) outBuffer.getLong(POSITION);
      frameEnded = result == 0;
      mayHoldOutput = count == room && !frameEnded;
    }
    output.get(0, bytes, offset, count);
    Reference.reachabilityFence(this);
    return count;
  }

  private void feed() {
    if (inBuffer.getLong(POSITION) == inBuffer.getLong(SIZE)) {
      int count = Math.min(BUFFER, pendingEnd - pendingStart);
      input.put(0, pending, pendingStart, count);
      pendingStart += count;
      inBuffer.putLong(SIZE, count);
      inBuffer.putLong(POSITION, 0);
    }
  }

  /** Whether nothing more comes out without more input. */
  public synchronized boolean needsInput() {
    return !mayHoldOutput
        && pendingStart == pendingEnd
        && inBuffer.getLong(POSITION) == inBuffer.getLong(SIZE);
  }

  /** Whether all input so far was whole frames. */
  public synchronized boolean frameEnded() {
    return frameEnded;
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    if (context != null) {
      zstd.ZSTD_freeDCtx(context);
      context = null;
    }
  }
}
