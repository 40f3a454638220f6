package io.runcible.ffi;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Memory for native functions, with a check of its bounds, until nobody can reach this: whoever
 * hands its address over sees to that, with a {@link java.lang.ref.Reference#reachabilityFence},
 * for as long as it is used. That of jnr-ffi, above jffi, takes a fresh JVM a twentieth of its
 * first start.
 */
final class Pointer {
  /** What is small is cut from pieces, which spares most of it a clean-up of its own. */
  private static final int PIECE = 8192;

  private static final int LARGE = 1024;
  private static final int ALIGNMENT = 16;
  private static final ThreadLocal<ByteBuffer> PIECES =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(PIECE));

  private final ByteBuffer bytes;
  private final long address;

  private Pointer(ByteBuffer bytes, long address) {
    this.bytes = bytes.order(ByteOrder.nativeOrder());
    this.address = address;
  }

  /** Bytes that are all 0. */
  static Pointer allocate(int size) {
    ByteBuffer bytes = size < LARGE ? cut(size) : ByteBuffer.allocateDirect(size);
    return new Pointer(bytes, MemoryIO.getInstance().getDirectBufferAddress(bytes));
  }

  /** What is cut off is never used again, so that it is still as it was made. */
  private static ByteBuffer cut(int size) {
    ByteBuffer piece = PIECES.get();
    if (piece.remaining() < size) {
      piece = ByteBuffer.allocateDirect(PIECE);
      PIECES.set(piece);
    }
    int start = piece.position();
    int end = (start + size + ALIGNMENT - 1) & -ALIGNMENT;
    piece.position(Math.min(end, PIECE));
    return piece.slice(start, size);
  }

  /** Something of a library's own, which is the library's to free and to look at. */
  static Pointer of(long address) {
    return new Pointer(ByteBuffer.allocate(0), address);
  }

  /** A text of a library's own that ends with a NUL character. */
  static String text(long address) {
    byte[] text = MemoryIO.getInstance().getZeroTerminatedByteArray(address);
    return new String(text, StandardCharsets.US_ASCII);
  }

  long address() {
    return address;
  }

  byte getByte(int at) {
    return bytes.get(at);
  }

  short getShort(int at) {
    return bytes.getShort(at);
  }

  int getInt(int at) {
    return bytes.getInt(at);
  }

  long getLong(int at) {
    return bytes.getLong(at);
  }

  void get(int at, byte[] into, int offset, int length) {
    bytes.get(at, into, offset, length);
  }

  void putByte(int at, byte value) {
    bytes.put(at, value);
  }

  void putShort(int at, short value) {
    bytes.putShort(at, value);
  }

  void putInt(int at, int value) {
    bytes.putInt(at, value);
  }

  void putLong(int at, long value) {
    bytes.putLong(at, value);
  }

  void put(int at, byte[] from, int offset, int length) {
    bytes.put(at, from, offset, length);
  }
}
