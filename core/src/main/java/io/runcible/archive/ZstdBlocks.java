package io.runcible.archive;

import io.runcible.ffi.ZstdCompressor;

/** Zstd frames (RFC 8878), one for each block, which every reader takes for one stream. */
final class ZstdBlocks implements BlockFormat {
  /** As long as the window of most levels, so that little is lost. */
  private static final int BLOCK = 4 << 20;

  private static final byte[] NOTHING = {};

  private final int level;
  private final boolean useNative;

  ZstdBlocks(int level, boolean useNative) {
    this.level = level;
    this.useNative = useNative;
  }

  @Override
  public int blockLength() {
    return BLOCK;
  }

  @Override
  public int historyLength() {
    return 0;
  }

  @Override
  public byte[] header() {
    return NOTHING;
  }

  @Override
  public void update(byte[] bytes, int offset, int length) {
    // Each frame has a checksum of its own.
  }

  @Override
  public byte[] trailer() {
    return NOTHING;
  }

  @Override
  public Encoder encoder() {
    return useNative ? new Native(ZstdCompressor.open(level, BLOCK)) : new Pure();
  }

  private record Native(ZstdCompressor compressor) implements Encoder {
    @Override
    public int maxEncoded() {
      return compressor.maxFrame();
    }

    @Override
    public int encode(
        byte[] bytes, int history, int offset, int length, boolean last, byte[] output) {
      return compressor.compress(bytes, offset, length, output);
    }

    @Override
    public void close() {
      compressor.close();
    }
  }

  /** aircompressor, which has one level. */
  private static final class Pure implements Encoder {
    private final io.airlift.compress.zstd.ZstdCompressor compressor =
        new io.airlift.compress.zstd.ZstdCompressor();

    @Override
    public int maxEncoded() {
      return compressor.maxCompressedLength(BLOCK);
    }

    @Override
    public int encode(
        byte[] bytes, int history, int offset, int length, boolean last, byte[] output) {
      return compressor.compress(bytes, offset, length, output, 0, output.length);
    }

    @Override
    public void close() {
      // It holds nothing.
    }
  }
}
