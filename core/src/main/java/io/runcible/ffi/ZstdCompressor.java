package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Compresses blocks with libzstd, each to a frame of its own that says its length and carries a
 * checksum. Not thread-safe; to be closed by its owner.
 */
public final class ZstdCompressor implements AutoCloseable {
  private static final int COMPRESSION_LEVEL = 100;
  private static final int CHECKSUM_FLAG = 201;

  private final Zstd zstd;
  private final Pointer input;
  private final Pointer output;
  private final long capacity;
  private @Nullable Pointer context;

  private ZstdCompressor(Zstd zstd, int level, int maxBlock) {
    this.zstd = zstd;
    capacity = zstd.ZSTD_compressBound(maxBlock);
    input = Native.allocate(maxBlock);
    output = Native.allocate(Math.toIntExact(capacity));
    context = zstd.ZSTD_createCCtx();
    if (context == null) {
      throw new OutOfMemoryError("libzstd has no memory for a context");
    }
    zstd.ZSTD_CCtx_setParameter(context, COMPRESSION_LEVEL, level);
    zstd.ZSTD_CCtx_setParameter(context, CHECKSUM_FLAG, 1);
  }

  /** Whether the library is there. Never throws. */
  public static boolean isAvailable() {
    return ZstdLibrary.get() != null;
  }

  /**
   * A new compressor.
   *
   * @param level 1 to 22
   * @param maxBlock the longest block in bytes
   * @throws IllegalStateException unless {@link #isAvailable()}
   */
  public static ZstdCompressor open(int level, int maxBlock) {
    Zstd zstd = ZstdLibrary.get();
    if (zstd == null) {
      throw new IllegalStateException("libzstd.so.1 is not available");
    }
    return new ZstdCompressor(zstd, level, maxBlock);
  }

  /** How long a frame can be. */
  public int maxFrame() {
    return (int) capacity;
  }

  /**
   * Compresses a block.
   *
   * @param frame has room for {@link #maxFrame()}
   * @return the length of the frame
   * @throws RuncibleException INTERNAL if the library fails
   */
  public int compress(byte[] bytes, int offset, int length, byte[] frame) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (context == null) {
      throw new IllegalStateException("the compressor is closed");
    }
    input.put(0, bytes, offset, length);
    long result = zstd.ZSTD_compress2(context, output, capacity, input, length);
    if (zstd.ZSTD_isError(result) != 0) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "zstd cannot compress: " + zstd.ZSTD_getErrorName(result));
    }
    output.get(0, frame, 0, (int) result);
    Reference.reachabilityFence(this);
    return (int) result;
  }

  /** Idempotent. */
  @Override
  public void close() {
    if (context != null) {
      zstd.ZSTD_freeCCtx(context);
      context = null;
    }
  }
}
