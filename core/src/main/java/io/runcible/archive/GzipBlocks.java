package io.runcible.archive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * One gzip member (RFC 1952) whose deflate data is made in blocks: each is primed with the end of
 * the one before, so that little is lost, and ends on a byte. Without a name and a time.
 */
final class GzipBlocks implements BlockFormat {
  private static final int BLOCK = 256 * 1024;
  private static final int WINDOW = 32 * 1024;
  private static final byte UNKNOWN_SYSTEM = (byte) 255;

  private final int level;
  private final CRC32 crc = new CRC32();
  private long length;

  GzipBlocks(int level) {
    this.level = level;
  }

  @Override
  public int blockLength() {
    return BLOCK;
  }

  @Override
  public int historyLength() {
    return WINDOW;
  }

  @Override
  public byte[] header() {
    return new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, UNKNOWN_SYSTEM};
  }

  @Override
  public void update(byte[] bytes, int offset, int count) {
    crc.update(bytes, offset, count);
    length += count;
  }

  @Override
  public byte[] trailer() {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) crc.getValue())
        .putInt((int) length)
        .array();
  }

  @Override
  public Encoder encoder() {
    return new Deflating(new Deflater(level, true));
  }

  private record Deflating(Deflater deflater) implements Encoder {
    @Override
    public int maxEncoded() {
      // What deflateBound of zlib says for any parameters, and a flush.
      return BLOCK + BLOCK / 8 + BLOCK / 64 + 64;
    }

    @Override
    public int encode(
        byte[] bytes, int history, int offset, int length, boolean last, byte[] output) {
      deflater.reset();
      if (history > 0) {
        deflater.setDictionary(bytes, offset - history, history);
      }
      deflater.setInput(bytes, offset, length);
      if (last) {
        deflater.finish();
      }
      int count =
          deflater.deflate(
              output, 0, output.length, last ? Deflater.NO_FLUSH : Deflater.SYNC_FLUSH);
      if (count == output.length) {
        throw new IllegalStateException("a deflated block is over its bound");
      }
      return count;
    }

    @Override
    public void close() {
      deflater.end();
    }
  }
}
