package io.runcible.archive;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Passes on the frames of a zstd stream that have content (RFC 8878, section 3.1.1) and drops the
 * skippable ones, for a codec that does not know these. Damage is passed on as it is: finding it is
 * for the codec.
 */
final class ZstdFrames extends InputStream {
  private static final int BUFFER = 64 * 1024;
  private static final int MAX_HEADER = 18;
  private static final int MAGIC = 0xfd2fb528;
  private static final int SKIPPABLE = 0x184d2a50;
  private static final int CHECKSUM_LENGTH = 4;
  private static final int BLOCK_OF_ONE_BYTE = 1;

  private final InputStream source;

  /** What was looked at and not passed on yet. */
  private final byte[] head = new byte[MAX_HEADER];

  private int headStart;
  private int headEnd;

  /** How much comes next that need not be looked at. */
  private long passing;

  private boolean inFrame;
  private boolean hasChecksum;
  private boolean ended;

  ZstdFrames(InputStream source) {
    this.source = new BufferedInputStream(source, BUFFER);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (headStart == headEnd && passing == 0 && !ended) {
      headStart = 0;
      headEnd = 0;
      if (inFrame) {
        startBlock();
      } else {
        startFrame();
      }
    }
    if (headStart < headEnd) {
      int count = Math.min(length, headEnd - headStart);
      System.arraycopy(head, headStart, bytes, offset, count);
      headStart += count;
      return count;
    }
    int count = passing == 0 ? -1 : source.read(bytes, offset, (int) Math.min(length, passing));
    passing -= Math.max(count, 0);
    return count;
  }

  private void startFrame() throws IOException {
    if (!take(4)) {
      return;
    }
    int magic = littleEndian(0, 4);
    if ((magic & 0xfffffff0) == SKIPPABLE) {
      skipFrame();
    } else if (magic != MAGIC) {
      passing = Long.MAX_VALUE;
    } else if (take(1)) {
      int descriptor = head[4];
      boolean singleSegment = (descriptor & 0x20) != 0;
      hasChecksum = (descriptor & 0x04) != 0;
      int dictionaryId = (1 << (descriptor & 3)) / 2;
      int sizeFlag = descriptor >> 6 & 3;
      int contentSize = sizeFlag == 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
      inFrame = take((singleSegment ? 0 : 1) + dictionaryId + contentSize);
    }
  }

  private void skipFrame() throws IOException {
    if (take(4)) {
      source.skipNBytes(littleEndian(4, 4) & 0xffffffffL);
      headEnd = 0;
    }
  }

  private void startBlock() throws IOException {
    if (take(3)) {
      int header = littleEndian(0, 3);
      boolean last = (header & 1) != 0;
      int size = header >> 3;
      passing = (header >> 1 & 3) == BLOCK_OF_ONE_BYTE ? 1 : size;
      if (last) {
        passing += hasChecksum ? CHECKSUM_LENGTH : 0;
        inFrame = false;
      }
    }
  }

  /** Takes more bytes to look at; false if the source ends before. */
  private boolean take(int count) throws IOException {
    int taken = source.readNBytes(head, headEnd, count);
    headEnd += taken;
    ended = taken < count;
    return !ended;
  }

  private int littleEndian(int offset, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      value |= (head[offset + i] & 0xff) << 8 * i;
    }
    return value;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
