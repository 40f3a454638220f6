package io.runcible.archive;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;

/**
 * Decompresses gzip (RFC 1952), strictly: members follow each other to the end of the source, and
 * the checksum and length of each are verified.
 */
final class GzipStream extends InputStream {
  private static final int BUFFER = 64 * 1024;
  private static final int KEPT = RawInflater.MAX_HELD;
  private static final int MAX_HEADER_TEXT = 64 * 1024;

  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xe0;

  private final InputStream source;
  private final RawInflater inflater;
  private final CRC32 crc = new CRC32();

  /** Starts with the last bytes of the previous load, which the inflater may give back. */
  private final byte[] input = new byte[KEPT + BUFFER];

  private int at = KEPT;
  private int limit = KEPT;
  private long length;
  private boolean inMember;
  private boolean any;
  private boolean ended;
  private boolean closed;

  GzipStream(InputStream source, RawInflater inflater) {
    this.source = source;
    this.inflater = inflater;
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
      if (ended || !inMember && !startMember()) {
        end();
        return -1;
      }
      int done = inflate(bytes, offset, count);
      if (done > 0) {
        crc.update(bytes, offset, done);
        length += done;
        return done;
      }
      if (inflater.finished()) {
        endMember();
      } else if (!inflater.needsInput()) {
        throw corrupt("it needs a dictionary");
      } else if (fill()) {
        inflater.setInput(input, at, limit - at);
      } else {
        throw truncated();
      }
    }
    return 0;
  }

  private void end() {
    if (!ended) {
      ended = true;
      inflater.release();
    }
  }

  private int inflate(byte[] bytes, int offset, int count) {
    try {
      return inflater.inflate(bytes, offset, count);
    } catch (DataFormatException e) {
      String reason = e.getMessage();
      throw Decompression.corrupt(
          Compression.GZIP, reason == null ? "invalid deflate data" : reason, e);
    }
  }

  private boolean startMember() throws IOException {
    if (at == limit && !fill()) {
      if (!any) {
        throw truncated();
      }
      return false;
    }
    crc.reset();
    if (next() != 0x1f || next() != 0x8b) {
      throw corrupt(any ? "something else follows its end" : "it has no gzip header");
    }
    if (next() != 8) {
      throw corrupt("its method is not deflate");
    }
    int flags = next();
    if ((flags & RESERVED) != 0) {
      throw corrupt("its header has unknown flags");
    }
    for (int i = 0; i < 6; i++) {
      next();
    }
    headerFields(flags);
    any = true;
    inMember = true;
    length = 0;
    crc.reset();
    inflater.reset();
    inflater.setInput(input, at, limit - at);
    return true;
  }

  private void headerFields(int flags) throws IOException {
    if ((flags & EXTRA) != 0) {
      int extra = next() | next() << 8;
      for (int i = 0; i < extra; i++) {
        next();
      }
    }
    for (int text : new int[] {NAME, COMMENT}) {
      int left = MAX_HEADER_TEXT;
      while ((flags & text) != 0 && next() != 0) {
        if (left-- == 0) {
          throw corrupt("its header is too long");
        }
      }
    }
    if ((flags & HEADER_CRC) != 0) {
      int expected = (int) crc.getValue() & 0xffff;
      if ((next() | next() << 8) != expected) {
        throw corrupt("the checksum of its header is wrong");
      }
    }
  }

  private void endMember() throws IOException {
    at = limit - inflater.remaining();
    long actual = crc.getValue();
    if (littleEndian() != actual) {
      throw corrupt("its checksum is wrong");
    }
    if (littleEndian() != (length & 0xffffffffL)) {
      throw corrupt("its length is wrong");
    }
    inMember = false;
  }

  private long littleEndian() throws IOException {
    return next() | next() << 8 | next() << 16 | (long) next() << 24;
  }

  private int next() throws IOException {
    if (at == limit && !fill()) {
      throw truncated();
    }
    crc.update(input[at]);
    return input[at++] & 0xff;
  }

  private boolean fill() throws IOException {
    System.arraycopy(input, limit - KEPT, input, 0, KEPT);
    at = KEPT;
    limit = KEPT;
    int count = source.read(input, KEPT, BUFFER);
    limit = KEPT + Math.max(count, 0);
    return count > 0;
  }

  private static RuncibleException truncated() {
    return corrupt("it is truncated");
  }

  private static RuncibleException corrupt(String reason) {
    return Decompression.corrupt(Compression.GZIP, reason, null);
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      inflater.close();
      source.close();
    }
  }
}
