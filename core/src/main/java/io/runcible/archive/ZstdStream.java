package io.runcible.archive;

import io.runcible.ffi.ZstdDecompressor;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.DataFormatException;

/** Decompresses zstd frames (RFC 8878) with libzstd. */
final class ZstdStream extends InputStream {
  private static final int BUFFER = 128 * 1024;

  private final InputStream source;
  private final ZstdDecompressor decompressor;
  private final byte[] input = new byte[BUFFER];
  private boolean closed;

  ZstdStream(InputStream source, ZstdDecompressor decompressor) {
    this.source = source;
    this.decompressor = decompressor;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int count) throws IOException {
    Objects.checkFromIndexSize(offset, count, bytes.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    while (count > 0) {
      int done = decompress(bytes, offset, count);
      if (done > 0) {
        return done;
      }
      int more = source.read(input, 0, input.length);
      if (more < 0) {
        if (decompressor.frameEnded()) {
          return -1;
        }
        throw Decompression.corrupt(Compression.ZSTD, "it is truncated", null);
      }
      decompressor.setInput(input, 0, more);
    }
    return 0;
  }

  private int decompress(byte[] bytes, int offset, int count) {
    try {
      return decompressor.decompress(bytes, offset, count);
    } catch (DataFormatException e) {
      throw Decompression.corrupt(Compression.ZSTD, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      decompressor.close();
      source.close();
    }
  }
}
